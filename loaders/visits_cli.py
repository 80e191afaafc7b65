"""The commands that keep visits and their rules in order: phuqr visits purge, phuqr rules."""

import csv
import json
import sys
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from geo import db
from geo.accounts import operator_scope
from geo.audit import operator
from geo.retention import purge_visits
from geo.tracing_rules import list_rules, set_rule, unit_of

app = typer.Typer()
visits = typer.Typer(no_args_is_help=True, help="Visits of traced cases: how long they are kept.")
rules = typer.Typer(no_args_is_help=True, help="Rules of tracing, each with the decision that set it.")
app.add_typer(visits, name="visits")
app.add_typer(rules, name="rules")

Day = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day on which it holds.")]


class Form(StrEnum):
    """Ways to print the rules."""

    table = "table"
    csv = "csv"
    json = "json"


@visits.callback()
def _group():
    """Keeps `purge` a word to type, though it is the only command here."""


@visits.command()
def purge(
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="As if it were this day; today without it.")
    ] = None,
):
    """Remove the visits past retention (28 days, or as a rule says), keeping counts by week; to be run every day."""
    for purged in purge_visits(operator(), on and on.date()):
        typer.echo(f"{purged.province}: {purged.visits} lượt đến trước hết ngày {purged.last_day:%d/%m/%Y} đã xóa")


@rules.command("list")
def print_rules(format: Form = Form.table):
    """Every rule, with what it was before: what makes a hotspot, usual stays, infectious days, retention, grades."""
    with db.reading(operator_scope()) as connection:
        found = list_rules(connection)
    columns = [*found.columns[:4], "unit", *found.columns[4:]]
    rows = found.assign(unit=found["rule"].map(unit_of))[columns].astype(object)
    records = rows.where(rows.notna(), None).to_dict("records")
    if format is Form.json:
        typer.echo(json.dumps(records, ensure_ascii=False, indent=1, default=str))
        return
    texts = [["" if value is None else str(value) for value in record.values()] for record in records]
    if format is Form.csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([columns, *texts])
        return
    table = Table(*columns)
    for text in texts:
        table.add_row(*map(escape, text))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


@rules.command("set")
def change_rule(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Its name, as phuqr rules list has it.")],
    value: Annotated[int, typer.Argument(metavar="VALUE", help="A count, or days, minutes or metres, as its name says.")],
    first: Day,
    decision: Annotated[str, typer.Option(help="Number and day of the decision or letter that sets it.")],
    kind: Annotated[str | None, typer.Option(help="Only for this kind of venue.")] = None,
    province: Annotated[str | None, typer.Option(help="Only in this province (its code).")] = None,
    last: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day; without it until another takes its place.")
    ] = None,
):
    """Set a rule from a day on; what it was before still holds for days before."""
    until = last and last.date()
    set_rule(operator(), rule, value, first.date(), decision, kind=kind, province=province, valid_until=until)
    typer.echo(f"{rule} = {value} {unit_of(rule)} từ {first:%d/%m/%Y}")
