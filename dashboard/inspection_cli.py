"""The commands of inspection campaigns: phuqr inspection plans, lists what is to be inspected, and tells how far it is."""

from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dashboard.campaign_cli import read_kinds
from dashboard.printing import Format, print_rows
from dashboard.text import Text
from geo import db, plans
from geo.accounts import find_scope, operator_scope
from geo.audit import Actor, operator, reading_cases, record
from geo.coverage import list_kinds
from geo.errors import InspectionError
from geo.scope import Scope
from geo.tracing import find_place, refuse_cases

app = typer.Typer()
inspection = typer.Typer(no_args_is_help=True, help="Inspection campaigns: plans, worklists, progress, and the reminder ladder.")
app.add_typer(inspection, name="inspection")

Unit = Annotated[str, typer.Option(help="Code of a province, district or commune.")]
Campaign = Annotated[str, typer.Option(help="Its name or number, as phuqr campaign list shows them; of the unit or one above it.")]
Day = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day looked at; today, or within the campaign's days, if left out.")
]
Team = Annotated[str | None, typer.Option(help="Of this team alone.")]
As = Annotated[str | None, typer.Option("--as", help="As this account, which sees and does only what it may.")]
LISTED = ["place", "code", "name", "kind", "commune", "district", "team", "reasons", "last_scan", "reminded", "outcome", "inspected_on"]
LADDER = ["venue_code", "name", "commune", "inspected_on", "step", "outcome", "campaign", "note"]
LADDER_TEXT = {"step": "first, second, third, again or proposal: what a team concluded; none follows by itself"}
WIDTH = 240  # of a table that is not read on a terminal


class By(StrEnum):
    """What a table of progress can have as its rows."""

    district = "district"
    commune = "commune"
    team = "team"


@inspection.command("plan")
def make_plan(
    campaign: Campaign, unit: Unit,
    team: Annotated[list[str], typer.Option(help="Name of a team, an office's; may be repeated.")],
    each: Annotated[int | None, typer.Option(min=1, max=10_000, help="Venues for each team, the riskiest first.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="A kind of venue; those of the campaign if left out; may be repeated.")
    ] = None,
    venue: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Instead: add this venue to the plan of the team; may be repeated.")
    ] = None,
    on: Day = None, account: As = None,
):  # fmt: skip
    """Plan which venues each team inspects, communes kept together; a team that has not begun is planned anew."""
    if (each is None) == (not venue):
        raise InspectionError("give either --each N or --venue CODE")
    actor = Actor(account, find_scope(account)) if account else operator()
    with db.reading(actor.scope if account else operator_scope()) as connection:
        found, day = _find(connection, campaign, unit, on)
        chosen = plans.plan(actor, connection, found, unit, day, team, each, read_kinds(connection, kind), venue or ())
    for name, rows in chosen.groupby("team", sort=False):
        typer.echo(f"{name}: {len(rows)} venues in {rows['commune_code'].nunique()} communes")


@inspection.command("worklist")
def print_worklist(
    campaign: Campaign, unit: Unit, team: Team = None, on: Day = None,
    cases: Annotated[bool, typer.Option("--cases", help="Hotspots and the gap too, for who may see cases; on record.")] = False,
    xlsx: Annotated[Path | None, typer.Option(help="Write the sheet to be filled in to this file instead.")] = None,
    format: Format = Format.table, account: As = None,
):  # fmt: skip
    """What is planned, by commune, the riskiest venues of each first, with the reasons why."""
    if cases and xlsx:
        raise InspectionError("a sheet for teams tells of no cases; leave --cases out")
    text = Text("vi")
    with _reading(account, cases, f"worklist of {unit}") as connection:
        found, day = _find(connection, campaign, unit, on)
        listed = plans.read_worklist(connection, found, unit, day)
        if cases:
            listed = plans.add_exposed(listed, plans.read_exposed(connection, unit, day))
        kinds = {row["code"]: row["name_vi"] for row in list_kinds(connection)}
    listed = plans.narrow(listed, team)
    if xlsx:
        _write_sheet(xlsx, listed, kinds, account, text)
        return
    from dashboard.inspection_parts import say_reasons  # which asks for streamlit's neighbours, a second to import

    rows = listed.rows
    said = [say_reasons(row, text) for row in rows.to_dict("records")]
    rows = rows.assign(place=range(1, len(rows) + 1), reasons=["; ".join(each) for each in said])
    told = _tell(listed, {"reasons": "why, in words; in each commune the venues with the most of them first"}, cases=cases)
    print_rows(format, told, rows[LISTED], LISTED, _title(listed), width=WIDTH)


@inspection.command("progress")
def print_progress(campaign: Campaign, unit: Unit, by: By = By.district, on: Day = None, format: Format = Format.table, account: As = None):
    """How far a campaign is (I13), what was posted (I8) and who was scanned (I9), before it is due."""
    with _reading(account) as connection:
        chosen, day = _find(connection, campaign, unit, on)
        found = plans.read_progress(connection, chosen, unit, day, by.value)
    columns = list(found.rows)
    print_rows(format, _tell(found, plans.DEFINITIONS), found.rows, columns, _title(found), found.total, WIDTH)


@inspection.command("ladder")
def print_ladder(
    unit: Unit, venue: Annotated[str | None, typer.Option(metavar="CODE", help="Of this venue alone.")] = None, on: Day = None,
    format: Format = Format.table, account: As = None,
):  # fmt: skip
    """The reminder ladder of each venue: first, second and third reminder, and proposals, as teams concluded them."""
    with _reading(account) as connection:
        day = on.date() if on else db.today()
        rows, place = plans.read_ladder(connection, unit, day, venue), find_place(connection, unit, day)
    told = {"unit": unit, "on": day.isoformat(), "definitions": LADDER_TEXT}
    print_rows(format, told, rows[LADDER], LADDER, f"{place.unit.name}, {day:%d/%m/%Y}", width=WIDTH)


def _find(connection, campaign, unit, on):
    """The Campaign of that name and the day looked at."""
    found = plans.find_campaign(connection, find_place(connection, unit, on.date() if on else db.today()), campaign)
    return found, on.date() if on else plans.choose_day(found)


def _tell(found, definitions, **more):
    of = found.campaign
    return {
        "unit": found.unit.code, "campaign": of.name, "from": of.first_day.isoformat(), "due": of.due_on.isoformat(), "before": of.strict,
        "on": found.day.isoformat(), "definitions": definitions, **more,
    }  # fmt: skip


def _title(found):
    return f"{found.campaign.name}: {found.unit.name}, {found.day:%d/%m/%Y}"


@contextmanager
def _reading(account, cases=False, what=None):
    """A transaction in the scope of an account, or of who types commands; cases: that sees traced cases too, on record."""
    scope = find_scope(account) if account else operator_scope()
    if not cases:
        with db.reading(scope) as connection:
            yield connection
        return
    scope = scope if account else Scope("leader", scope.units)
    refuse_cases(scope)
    with reading_cases(Actor(operator().name, scope), f"{what}, as {account}" if account else what) as connection:
        yield connection


def _write_sheet(path, listed, kinds, account, text):
    from dashboard.inspection_sheet import worklist_workbook

    if path.suffix.lower() != ".xlsx":
        raise InspectionError(f"{path.name}: the sheet is a spreadsheet; give it a name that ends in .xlsx")
    with db.gating() as connection:
        record(connection, operator(), "download", f"{path.name}, as {account}" if account else path.name)
    try:
        path.write_bytes(worklist_workbook(listed, kinds, text))
    except OSError as error:
        raise InspectionError(f"{path} cannot be written ({error.strerror}); choose another file") from None
    typer.echo(path)
