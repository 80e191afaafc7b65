"""The commands of tracing: phuqr hotspots and phuqr gap for who may see cases, phuqr cases for everyone."""

from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from dashboard.printing import Format, describe, print_rows, title
from dashboard.text import Text
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
    department = "department"
    agency = "agency"


class SpotBy(StrEnum):
    """What a table of hotspots can have as its rows."""

    venue = "venue"
    kind = "kind"
    commune = "commune"
    district = "district"


HOTSPOT_COLUMNS = [
    "venue_code", "name", "kind", "organisation", "commune_code", "commune", "district", "cases", "visits", "first_at", "last_at", "exposed",
    "exposed_whole", "meetings", "grade", "state", "reopened", "activity_rate", "activity", "scans_little", "lon", "lat", "located",
]  # fmt: skip
SHORT = ["venue_code", "name", "kind", "commune", "district", "cases", "exposed", "meetings", "grade", "state", "activity"]
GAP_COLUMNS = ["code", "name", *tracing.COUNTS, "rate", "low", "high"]
AGENCY_COLUMNS = ["agency", "codes", "communes", *tracing.KINDS, "missed", "last_day", "state", "note", "decided_at"]
WIDTH = 260  # of a table that is not read on a terminal
SHARES = {"hotspots": "hotspots that are not closed", "share": "of all of them in the unit"}
AGENCIES = {
    "agency": "organisation, or the venue's name where none is told", "codes": "its venues with a gap", "missed": "a + b + c",
    "state": "open, answered or rectified, as last noted for all its venues; open again by visits told since",
}  # fmt: skip


@app.command("hotspots")
def print_hotspots(
    unit: Unit, first: First, last: Last, by: SpotBy = SpotBy.venue, format: Format = Format.table, account: As = None
):
    """Venues where several F0 cases were in the days up to --to (I12), first those in communes that lag in activity; on record."""
    window = Window(first.date(), last.date())
    with _cases_of(account, f"hotspots of {unit}, {window.last}") as connection:
        found = hotspots.read_hotspots(connection, unit, window, coverage=read_coverage(connection, unit, window))
        holdings = read_holdings(connection)
    if by is SpotBy.venue:
        rows, told = found.rows.assign(state=found.rows["shown"])[HOTSPOT_COLUMNS], hotspots.DEFINITIONS
    else:
        rows, told = hotspots.share_by(found.found, by.value), SHARES
    columns = SHORT if by is SpotBy.venue and format is Format.table else list(rows)
    print_rows(format, describe(found, told, holdings, days_from=found.first), rows, columns, title(found), width=WIDTH)


@app.command("gap")
def print_gap(
    unit: Unit, first: First, last: Last, by: GapBy = GapBy.commune, format: Format = Format.table, account: As = None
):
    """Declared visits of traced cases without a scan, and why (I11), with the rate's interval; on record."""
    window = Window(first.date(), last.date())
    with _cases_of(account, f"gap of {unit}, {window.first} to {window.last}") as connection:
        gap = tracing.read_gap(connection, unit, window, "commune" if by is GapBy.agency else by.value)
        rows = read_agencies(connection, unit, window) if by is GapBy.agency else gap.rows
    definitions, columns = tracing.DEFINITIONS, GAP_COLUMNS
    if by is GapBy.agency:
        definitions, columns = definitions | AGENCIES, AGENCY_COLUMNS
    elif by in (GapBy.kind, GapBy.department):
        rows = rows.assign(name=rows["name"].mask(rows["code"] == tracing.NO_VENUE, Text("vi")("gap.none")))
    told = describe(gap, definitions, gap.holdings, visits_known=gap.visits_known, purged_until=gap.purged_until)
    print_rows(format, told, rows[columns], columns, title(gap), gap.total, WIDTH)


@app.command("cases")
def print_cases(unit: Unit, first: First, last: Last, format: Format = Format.table, account: As = None):
    """Traced cases by commune and whole week, one or two of them as < 3: what every role may know."""
    window = Window(first.date(), last.date())
    with database.reading(find_scope(account) if account else operator_scope()) as connection:
        found = case_weeks.read_case_weeks(connection, unit, window)
    few = found.rows["cases"].isna()
    cases = found.rows["cases"].astype(object).mask(few, f"< {case_weeks.FEWEST}")
    told = {"cases": case_weeks.DEFINITIONS["cases"]}
    rows = found.rows.assign(cases=cases)
    print_rows(format, describe(found, told, found.holdings), rows, list(rows), title(found), width=WIDTH)


@contextmanager
def _cases_of(account, what):
    """A transaction that sees the cases of an account, or all where who types names none; on record as typed by them."""
    typed = operator()
    scope = find_scope(account) if account else Scope("leader", operator_scope().units)
    tracing.refuse_cases(scope)
    with reading_cases(Actor(typed.name, scope), f"{what}, as {account}" if account else what) as connection:
        yield connection
