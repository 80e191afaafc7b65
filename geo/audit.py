"""Who did what, when and from where: a record that is added to and never changed."""

import getpass
from contextlib import contextmanager
from dataclasses import dataclass, field

import pandas as pd
import sqlalchemy as sa

from geo import db
from geo.schema_access import audit
from geo.scope import NOTHING, Scope

EVENTS = (
    "sign_in", "sign_in_failed", "sign_out", "download", "case_view", "load",
    "account_added", "account_password", "account_scope", "account_disabled", "account_enabled",
    "hotspot_review", "rectification", "tracing_rule", "visits_purged", "report_issued", "report_sent", "report_recipient",
    "inspection_planned", "inspection_entered",
)  # fmt: skip


@dataclass(frozen=True)
class Actor:
    """Who acts: name and address as the audit keeps them, and what may be seen."""

    name: str
    scope: Scope = NOTHING
    address: str | None = field(default=None, compare=False)


def operator():
    """Who types a command on the server: above the roles, since the address of the database is at hand there."""
    return Actor(f"command:{getpass.getuser()}", Scope("operator"))


def record(connection, actor, event, detail=None):
    """Add an event to the audit, within the transaction of what it tells of."""
    if event not in EVENTS:
        raise ValueError(f"{event} is no event of the audit")
    row = {"account": actor.name, "event": event, "detail": detail, "address": actor.address}
    connection.execute(sa.insert(audit).inline().values(row))  # inline: who adds may not read the id back


@contextmanager
def reading_cases(actor, what):
    """A transaction that sees traced cases too, where the actor's role may: put on record before it begins."""
    with db.gating() as connection:
        record(connection, actor, "case_view", what)
    with db.reading(actor.scope, cases=True) as connection:
        yield connection


def last_case_view(name, what, before):
    """When an account last saw cases, of what begins so, before a moment; None where it never did, or it was forgotten."""
    seen = sa.select(sa.func.max(audit.c.at)).where(
        audit.c.account == name, audit.c.event == "case_view", audit.c.at < before, audit.c.detail.startswith(what, autoescape=True)
    )
    with db.gating() as connection:
        return connection.scalar(seen)


def list_events(connection, limit=500, account=None, event=None):
    """The newest events first: at, account, event, detail, address; none unless the reader's role is admin."""
    newest = sa.select(audit.c.at, audit.c.account, audit.c.event, audit.c.detail, audit.c.address)
    if account:
        newest = newest.where(audit.c.account == account)
    if event:
        newest = newest.where(audit.c.event == event)
    found = connection.execute(newest.order_by(audit.c.id.desc()).limit(limit))
    return pd.DataFrame(found.all(), columns=list(found.keys()))
