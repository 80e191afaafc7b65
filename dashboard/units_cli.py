"""The command that compares two vintages of units: phuqr units diff."""

import csv
import json
import sys
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dashboard.printing import Format
from geo import db
from geo.accounts import operator_scope
from geo.crosswalk import CHANGES, count_communes, diff_units
from geo.units import find_vintage

app = typer.Typer()
units = typer.Typer(no_args_is_help=True, help="Provinces, districts and communes of the vintages loaded.")
app.add_typer(units, name="units")

_COLUMNS = [
    "change",
    "from_code",
    "from_name",
    "from_district",
    "to_code",
    "to_name",
    "to_district",
    "share",
    "estimated",
]
_QUIET = {"unchanged", "not_loaded"}

Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="First day of a vintage that is loaded.")]


@units.callback()
def _group():
    """Keeps `diff` a word to type, though it is the only command here."""


@units.command()
def diff(
    first: Day,
    last: Day,
    everything: Annotated[bool, typer.Option("--all", help="Also what did not change, or cannot be compared.")] = False,
    format: Format = Format.table,
):
    """What became of the communes of one vintage in a later one, and how many there were and are, by province."""
    with db.reading(operator_scope()) as connection:
        old, new = (find_vintage(connection, day.date()) for day in (first, last))
        changes, counts = diff_units(connection, old, new), count_communes(connection, old, new)
    shown = changes if everything else changes[~changes["change"].isin(_QUIET)]
    if format is Format.json:
        typer.echo(json.dumps(_as_json(old, new, changes, counts, shown), ensure_ascii=False, indent=1))
        return
    if format is Format.csv:
        rows = [[_cell(value) for value in row] for row in shown.to_numpy()]
        csv.writer(sys.stdout, lineterminator="\n").writerows([list(shown), *rows])
        return
    table = Table(*_COLUMNS, title=f"{old.valid_from:%d/%m/%Y} → {new.valid_from:%d/%m/%Y}")
    for row in shown[_COLUMNS].to_numpy():
        table.add_row(*(escape(_cell(value)) for value in row))
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    for change, number in changes["change"].value_counts().items():
        typer.echo(f"{change}: {number}; {CHANGES[change]}")
    for province in counts.itertuples():
        typer.echo(f"{province.name}: {province.before} → {province.after}")


def _as_json(old, new, changes, counts, shown):
    return {
        "from": old.valid_from.isoformat(),
        "to": new.valid_from.isoformat(),
        "definitions": CHANGES,
        "changes": {change: int(number) for change, number in changes["change"].value_counts().items()},
        "provinces": counts.to_dict("records"),
        "rows": shown.to_dict("records"),
    }


def _cell(value):
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    return str(value).lower() if isinstance(value, bool) else str(value)
