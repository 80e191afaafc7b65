"""The commands for what a province obliges venues to have, a poster or a device: phuqr solution."""

import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from geo import db
from geo.accounts import operator_scope
from geo.audit import operator, record
from geo.errors import CampaignError
from geo.offices import list_solutions, remove_solution, set_solution
from geo.units import read_atlas

app = typer.Typer()
solution = typer.Typer(no_args_is_help=True, help="Whether posters or devices are in force in a province, and since when.")
app.add_typer(solution, name="solution")

Province = Annotated[str, typer.Argument(metavar="PROVINCE", help="Code of the province.")]
From = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day on which it is in force.")]


class Solution(StrEnum):
    """What a venue has: a poster that visitors scan, or a device that scans visitors."""

    poster = "poster"
    device = "device"


@solution.command("list")
def show_solutions(as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False):
    """List what is in force, by province and day; posters are where nothing else is."""
    with db.reading(operator_scope()) as connection:
        found = list_solutions(connection)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    table = Table("province", "from", "solution", "decree")
    for each in found:
        table.add_row(each["province_code"], f"{each['from_day']:%d/%m/%Y}", each["solution"], escape(each["decree"]))
    Console().print(table)


@solution.command("set")
def set_(
    province: Province,
    of: Annotated[Solution, typer.Argument(metavar="SOLUTION", help="poster or device.")],
    first: From,
    decree: Annotated[str, typer.Option(help="The letter or decision that set it.")],
):
    """Say what is in force in a province since a day, in the place of what was said of that day before."""
    with db.reading(operator_scope()) as connection:
        units = read_atlas(connection, first.date()).units
    if province not in units or units[province].level != 1:
        raise CampaignError(f"there is no province {province} on {first:%d/%m/%Y}")
    with db.loading() as connection:
        set_solution(connection, province, first.date(), of.value, decree, operator().name)
        record(connection, operator(), "load", f"solution of {province} since {first:%Y-%m-%d}: {of.value}, {decree}")
    typer.echo(f"{units[province].name}: {of.value} since {first:%d/%m/%Y}")


@solution.command("remove")
def remove(province: Province, first: From):
    """Take back what was said of a day."""
    with db.loading() as connection:
        remove_solution(connection, province, first.date(), operator().name)
        record(connection, operator(), "load", f"solution of {province} since {first:%Y-%m-%d} removed")
    typer.echo(f"solution of {province} since {first:%d/%m/%Y} is removed")
