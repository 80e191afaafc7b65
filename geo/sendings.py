"""Which offices get which reports, and the log of what was sent to them."""

import re
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from geo import db
from geo.accounts import operator_scope
from geo.audit import record
from geo.errors import ReportError
from geo.schema import admin_unit
from geo.schema_sending import REPORTS, report_recipient, report_sending
from geo.units import LEVELS

_PLAIN = re.compile(r"[a-z0-9._%+&'-]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


@dataclass(frozen=True)
class Recipient:
    """An address of a distribution list, with the name of the unit whose reports it gets; cases: also those that tell of cases."""

    kind: str
    unit_code: str
    unit_name: str
    address: str
    cases: bool


@dataclass(frozen=True)
class Begun:
    """A sending that is begun, or the earlier one because of which it is not (before: its outcome and moment)."""

    id: int
    before: tuple[str, datetime] | None = None


def check_address(address):
    """An e-mail address in lower case; ReportError for what is none, or is more than an address."""
    found = address.strip().lower()
    if not _PLAIN.fullmatch(found):
        raise ReportError(f"{address!r} is no e-mail address of an office; write it as van-phong@example.vn, without a name")
    return found


def add_recipient(actor, kind, unit_code, address, cases=False):
    """Put an address on the list of a unit's reports, and on record; the Recipient. ReportError where it cannot be, or is there already."""
    if kind not in REPORTS:
        raise ReportError(f"there is no report {kind!r}; there are {', '.join(REPORTS)}")
    address, name = check_address(address), _name_unit(unit_code)
    row = {"kind": kind, "unit_code": unit_code, "address": address, "cases": cases}
    try:
        with db.loading() as connection:
            connection.execute(report_recipient.insert().values(**row, added_by=actor.name))
            record(connection, actor, "report_recipient", f"{kind} {unit_code}: {address} added{', with cases' if cases else ''}")
    except IntegrityError:
        raise ReportError(f"{address} gets the {kind} reports of {unit_code} already; to change it, remove it first") from None
    return Recipient(unit_name=name, **row)


def remove_recipient(actor, kind, unit_code, address):
    """Take an address off the list, on record; ReportError where it is not on it."""
    address, table = address.strip().lower(), report_recipient.c
    of = sa.and_(table.kind == kind, table.unit_code == unit_code, table.address == address)
    with db.loading() as connection:
        if not connection.execute(report_recipient.delete().where(of)).rowcount:
            raise ReportError(f"{address} is not on the list of the {kind} reports of {unit_code}; see: phuqr report recipients list")
        record(connection, actor, "report_recipient", f"{kind} {unit_code}: {address} removed")


def list_recipients(unit_code=None, kind=None):
    """The Recipients of a unit's reports of a kind (None: of all), by unit and address."""
    newest = sa.select(admin_unit.c.name).where(admin_unit.c.code == report_recipient.c.unit_code)
    name = newest.order_by(admin_unit.c.vintage.desc()).limit(1).scalar_subquery().label("unit_name")
    table = report_recipient.c
    asked = sa.select(table.kind, table.unit_code, name, table.address, table.cases).order_by(table.unit_code, table.kind, table.address)
    for column, value in ((table.unit_code, unit_code), (table.kind, kind)):
        if value is not None:
            asked = asked.where(column == value)
    with db.loading() as connection:
        return [Recipient(**row) for row in connection.execute(asked).mappings()]


def begin_sending(actor, number, channel, destination, again=False):
    """Note, before anything is sent, that report `number` goes to a destination; a Begun.

    What was sent there, or may have been, is not sent once more unless `again`.
    """
    table = report_sending.c
    earlier = sa.select(table.id, table.outcome, table.began_at).where(
        table.report == number, table.channel == channel, table.destination == destination, table.outcome != "failed"
    )
    with db.loading() as connection:  # two that send at once wait here for each other
        found = connection.execute(earlier.order_by(table.id.desc()).limit(1)).one_or_none()
        if found and not again:
            return Begun(found.id, (found.outcome, found.began_at))
        row = {"report": number, "channel": channel, "destination": destination, "outcome": "begun", "sent_by": actor.name}
        return Begun(connection.scalar(report_sending.insert().values(row).returning(table.id)))


def end_sending(actor, begun, failure=None):
    """Keep how a Begun sending ended: sent, or the failure (text); on record."""
    outcome = "failed" if failure else "sent"
    ended = {"outcome": outcome, "detail": failure, "ended_at": sa.func.clock_timestamp()}
    told = sa.update(report_sending).where(report_sending.c.id == begun.id).values(ended)
    with db.loading() as connection:
        row = connection.execute(told.returning(report_sending.c.report, report_sending.c.destination)).one()
        record(connection, actor, "report_sent", f"report {row.report} to {row.destination}: {outcome}")


def list_sendings(connection, unit_code):
    """The log of sendings of a unit's reports and of those of the districts in it, as sql/list_sendings.sql; of reports that are seen."""
    found = connection.execute(db.statement("list_sendings"), {"unit": unit_code})
    return pd.DataFrame(found.all(), columns=list(found.keys()), dtype=object)


def _name_unit(unit_code):
    """The name of a district or province of any vintage, the newest; ReportError where there is none."""
    of = sa.and_(admin_unit.c.code == unit_code, admin_unit.c.level < LEVELS["commune"])
    with db.reading(operator_scope()) as connection:
        name = connection.scalar(sa.select(admin_unit.c.name).where(of).order_by(admin_unit.c.vintage.desc()).limit(1))
    if name is None:
        raise ReportError(f"there is no district or province {unit_code}, of which reports are issued")
    return name
