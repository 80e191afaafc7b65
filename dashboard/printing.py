"""Results of commands on stdout: a table to read, csv, or one JSON object with what its figures are."""

import csv
import json
import sys
from datetime import date
from enum import StrEnum
from numbers import Integral

import pandas as pd
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

# Columns of words, which stand at the left
_TEXTS = ("name", "reason", "agency", "note", "kind", "commune", "district")


class Format(StrEnum):
    """Ways to print a table."""

    table = "table"
    csv = "csv"
    json = "json"


def describe(found, definitions, holdings, **more):
    """What a JSON object says of its figures before their rows: unit, window, definitions, as-of, the boundaries, and `more`.

    found: what has a unit, a window and a vintage, such as a coverage, a gap or hotspots.
    """
    return {
        "unit": found.unit.code,
        "from": found.window.first.isoformat(),
        "to": found.window.last.isoformat(),
        "definitions": definitions,
        "as_of": holdings.as_of and holdings.as_of.isoformat(timespec="seconds"),
        "vintage": found.vintage.valid_from.isoformat(),
        "invented": holdings.invented,
        **{name: _plain(value) for name, value in more.items()},
    }


def title(found):
    """What stands over a table: the unit and the window."""
    return f"{found.unit.name}, {found.window.first:%d/%m/%Y} to {found.window.last:%d/%m/%Y}"


def print_rows(format, told, rows, columns, title, total=None, width=220):
    """Print a frame: all of it in JSON, its `columns` otherwise; `told` is what describe() gives, `title` stands over a table.

    total: a Series that stands under the table, and in JSON beside the rows.
    """
    if format is Format.json:
        last = {} if total is None else {"total": record(total)}
        rows = [record(row) for _, row in rows.iterrows()]
        typer.echo(json.dumps({**told, **last, "rows": rows}, ensure_ascii=False, indent=1))
        return
    records = [[_cell(row[column]) for column in columns] for _, row in rows.iterrows()]
    if format is Format.csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([columns, *records])
        return
    table = Table(*columns, title=escape(title), show_footer=total is not None)
    for column in table.columns:
        column.justify = "left" if column.header in _TEXTS else "right"
        column.footer = "" if total is None else escape(_cell(total.get(column.header)))
    for each in records:
        table.add_row(*map(escape, each))
    Console(width=None if sys.stdout.isatty() else width).print(table)
    for name in columns:
        if name in told["definitions"]:
            typer.echo(f"{name}: {told['definitions'][name]}")


def record(row):
    """A row as JSON takes it."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value):
    """Plain ints, fractions to six places, days and moments as ISO 8601 has them, lists in order, null where nothing is known."""
    if isinstance(value, list | set | tuple):
        return sorted(map(_plain, value))
    if pd.isna(value):
        return None
    if isinstance(value, date):  # moments are days, too
        return value.isoformat()
    if isinstance(value, bool | str):
        return value
    return int(value) if isinstance(value, Integral) else round(float(value), 6)


def _cell(value):
    value = _plain(value)
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
