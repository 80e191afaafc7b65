"""The commands for deadlines and named windows: phuqr campaign."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from geo import db
from geo.accounts import operator_scope
from geo.audit import operator, record
from geo.campaign import add_campaign, list_campaigns, remove_campaign
from geo.coverage import list_kinds
from geo.errors import CampaignError
from geo.units import read_atlas

app = typer.Typer()
campaign = typer.Typer(no_args_is_help=True, help="Deadlines and named windows that the letters set.")
app.add_typer(campaign, name="campaign")

Day = Annotated[datetime, typer.Option("--due", formats=["%Y-%m-%d"], help="The day that the letter names.")]


@campaign.command("list")
def show_campaigns(as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False):
    """List the campaigns by due day."""
    with db.reading(operator_scope()) as connection:
        found = list_campaigns(connection)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False, default=str))
        return
    table = Table("id", "unit", "name", "group", "kinds", "from", "due", "target", "decree")
    for each in found:
        due = f"{'before' if each.strict else 'by'} {each.due_on:%d/%m/%Y}"
        first = f"{each.first_day:%d/%m/%Y}" if each.first_day else ""
        target = f"{each.target:.0%}" if each.target else ""
        cells = (
            str(each.id),
            each.unit_code,
            each.name,
            each.obligation_group or "",
            " ".join(each.kinds or ()),
            first,
            due,
            target,
            each.decree or "",
        )
        table.add_row(*map(escape, cells))
    Console().print(table)


@campaign.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As the letter names it.")],
    unit: Annotated[str, typer.Option(help="Province or district that orders it.")],
    due: Day,
    strict: Annotated[bool, typer.Option("--before", help="The day itself is too late.")] = False,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Its first day.")] = None,
    group: Annotated[str | None, typer.Option(help="Obligation group that is due.")] = None,
    target: Annotated[
        float | None, typer.Option(help="Part of the register due by then; none: a named window.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="A kind of venue that is inspected in it, such as cafe; may be repeated.")
    ] = None,
    decree: Annotated[str | None, typer.Option(help="The letter or plan.")] = None,
):
    """Add a deadline, or a window with a name."""
    with db.reading(operator_scope()) as connection:
        units = read_atlas(connection, due.date()).units
    if unit not in units or units[unit].level > 2:
        raise CampaignError(f"there is no province or district {unit} on {due:%d/%m/%Y}")
    with db.reading(operator_scope()) as connection:
        kinds = read_kinds(connection, kind)
    with db.loading() as connection:
        number = add_campaign(
            connection, name=name, unit_code=unit, obligation_group=group, first_day=first and first.date(),
            due_on=due.date(), strict=strict, target=target, decree=decree, kinds=kinds,
        )  # fmt: skip
        record(connection, operator(), "load", f"campaign {number} added: {name}")
    typer.echo(f"campaign {number}: {name}")


def read_kinds(connection, given):
    """Kinds of venue as they were typed, None for none; CampaignError where there is none of a code."""
    known = {row["code"] for row in list_kinds(connection)}
    if missing := sorted(set(given or ()) - known):
        raise CampaignError(f"there is no kind {', '.join(missing)}; there are {', '.join(sorted(known))}")
    return given or None


@campaign.command("remove")
def remove(number: Annotated[int, typer.Argument(metavar="ID", help="As phuqr campaign list shows it.")]):
    """Remove a campaign, with the plan of its inspections; their results stay."""
    with db.loading() as connection:
        remove_campaign(connection, number)
        record(connection, operator(), "load", f"campaign {number} removed")
    typer.echo(f"campaign {number} is removed")
