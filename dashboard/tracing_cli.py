"""The commands of tracing: phuqr hotspots and phuqr gap for who may see cases, phuqr cases for everyone."""

import csv
import json
import sys
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from numbers import Integral
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dashboard.printing import Format
from geo import case_weeks, hotspots, tracing
from geo import db as database
from geo.accounts import find_scope, operator_scope
from geo.agencies import read_agencies
from geo.audit import Actor, operator, reading_cases
from geo.coverage import Window, read_coverage, read_holdings
from geo.scope import Scope

app = typer.Typer()

Unit = Annotated[str, typer.Option(help="Code of a province, district or commune.")]
First = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the window.")]
Last = Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of the window, inclusive.")]
As = Annotated[str | None, typer.Option("--as", help="See only what this account sees.")]


class GapBy(StrEnum):
    """What a table of the gap can have as its rows."""

    commune = "commune"
    district = "district"
    province = "province"
    kind = "kind"
    agency = "agency"


class SpotBy(StrEnum):
    """What a table of hotspots can have as its rows."""

    venue = "venue"
    kind = "kind"
    commune = "commune"
    district = "district"


HOTSPOT_COLUMNS = [
    "venue_code", "name", "kind", "organisation", "commune_code", "commune", "district", "cases", "visits", "first_at", "last_at", "exposed",
    "exposed_whole", "meetings", "grade", "state", "reopened", "activity_rate", "scans_little", "lon", "lat", "located",
]  # fmt: skip
SHORT = ["venue_code", "name", "kind", "commune", "district", "cases", "exposed", "meetings", "grade", "state", "scans_little"]
AGENCY_COLUMNS = ["agency", "codes", "communes", *tracing.KINDS, "missed", "last_day", "state", "note", "decided_at"]
SHARES = {"hotspots": "hotspots that are not closed", "share": "of all of them in the unit"}
AGENCIES = {
    "agency": "organisation, or the venue's name where none is told", "codes": "its venues with a gap", "missed": "a + b + c",
    "state": "open, answered or rectified, as last noted for all its venues; open again by visits told since",
}  # fmt: skip


@app.command("hotspots")
def print_hotspots(
    unit: Unit, first: First, last: Last, by: SpotBy = SpotBy.venue, format: Format = Format.table, account: As = None
):
    """Venues where several F0 cases were in the days up to --to (I12), first those where little is scanned; on record."""
    window = Window(first.date(), last.date())
    with _cases_of(account, f"hotspots of {unit}, {window.last}") as connection:
        found = hotspots.read_hotspots(connection, unit, window, coverage=read_coverage(connection, unit, window))
        holdings = read_holdings(connection)
    rows = found.rows.assign(state=found.rows["shown"])
    if by is SpotBy.venue:
        rows, told = rows[SHORT if format is Format.table else HOTSPOT_COLUMNS], hotspots.DEFINITIONS
    else:
        rows, told = hotspots.share_by(found.found, by.value), SHARES
    _print(rows, None, told, found.unit, window, holdings, format, days_from=found.first.isoformat())


@app.command("gap")
def print_gap(
    unit: Unit, first: First, last: Last, by: GapBy = GapBy.commune, format: Format = Format.table, account: As = None
):
    """Declared visits of traced cases without a scan, and why (I11), with the rate's interval; on record."""
    window = Window(first.date(), last.date())
    with _cases_of(account, f"gap of {unit}, {window.first} to {window.last}") as connection:
        gap = tracing.read_gap(connection, unit, window, "commune" if by is GapBy.agency else by.value)
        rows = read_agencies(connection, unit, window)[AGENCY_COLUMNS] if by is GapBy.agency else gap.rows
    told = tracing.DEFINITIONS | (AGENCIES if by is GapBy.agency else {})
    columns = rows if by is GapBy.agency else rows[["code", "name", *tracing.COUNTS, "rate", "low", "high"]]
    _print(
        columns, gap.total, told, gap.unit, window, gap.holdings, format, visits_known=gap.visits_known, purged_until=gap.purged_until
    )


@app.command("cases")
def print_cases(unit: Unit, first: First, last: Last, format: Format = Format.table, account: As = None):
    """Traced cases by commune and whole week, one or two of them as < 3: what every role may know."""
    window = Window(first.date(), last.date())
    with database.reading(find_scope(account) if account else operator_scope()) as connection:
        found = case_weeks.read_case_weeks(connection, unit, window)
    few = found.rows["cases"].isna()
    cases = found.rows["cases"].astype(object).mask(few, f"< {case_weeks.FEWEST}")
    told = {"cases": case_weeks.DEFINITIONS["cases"]}
    _print(found.rows.assign(cases=cases), None, told, found.unit, window, found.holdings, format)


@contextmanager
def _cases_of(account, what):
    """A transaction that sees the cases of an account, or all where who types names none; on record as typed by them."""
    typed = operator()
    scope = find_scope(account) if account else Scope("leader", operator_scope().units)
    tracing.refuse_cases(scope)
    with reading_cases(Actor(typed.name, scope), f"{what}, as {account}" if account else what) as connection:
        yield connection


def _print(rows, total, told, unit, window, holdings, form, **more):
    if form is Format.json:
        told = {
            "unit": unit.code, "from": window.first.isoformat(), "to": window.last.isoformat(), "definitions": told,
            "as_of": holdings.as_of and holdings.as_of.isoformat(timespec="seconds"), "invented": holdings.invented,
            **{name: _plain(value) for name, value in more.items()}, **({} if total is None else {"total": _record(total)}),
            "rows": [_record(row) for _, row in rows.iterrows()],
        }  # fmt: skip
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    records = [[_cell(value) for value in row] for row in rows.astype(object).to_numpy()]
    if form is Format.csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([list(rows), *records])
        return
    table = Table(*rows, title=escape(f"{unit.name}, {window.first:%d/%m/%Y} to {window.last:%d/%m/%Y}"), show_footer=total is not None)
    for column in table.columns:
        column.footer = escape(_cell(total.get(column.header))) if total is not None else ""
    for record in records:
        table.add_row(*map(escape, record))
    Console(width=None if sys.stdout.isatty() else 260).print(table)
    for name in rows:
        if name in told:
            typer.echo(f"{name}: {told[name]}")


def _record(row):
    return {name: _plain(value) for name, value in row.items()}


def _plain(value):
    """A value as JSON takes it: fractions to six places, days and moments as ISO 8601 has them, null where nothing is known."""
    if isinstance(value, list | set | tuple):
        return sorted(map(_plain, value))
    if pd.isna(value):
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bool | str):
        return value
    return int(value) if isinstance(value, Integral) else round(float(value), 6)


def _cell(value):
    value = _plain(value)
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return f"{value:.4f}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)
