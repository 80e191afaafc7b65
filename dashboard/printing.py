"""Results of commands on stdout: a table to read, csv, or one JSON object with what its figures are."""

import csv
import json
import sys
from enum import StrEnum
from numbers import Integral

import pandas as pd
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table


class Format(StrEnum):
    """Ways to print a table."""

    table = "table"
    csv = "csv"
    json = "json"


def describe(coverage, definitions):
    """What a JSON object says of its figures before their rows: unit, window, definitions, as-of and the boundaries."""
    held = coverage.holdings
    return {
        "unit": coverage.unit.code,
        "from": coverage.window.first.isoformat(),
        "to": coverage.window.last.isoformat(),
        "definitions": definitions,
        "as_of": held.as_of and held.as_of.isoformat(timespec="seconds"),
        "scans_until": coverage.scans_until and coverage.scans_until.isoformat(),
        "vintage": coverage.vintage.valid_from.isoformat(),
        "invented": held.invented,
    }


def print_rows(format, told, rows, columns, title, total=None, width=220):
    """Print a frame: all of it in JSON, its `columns` otherwise; `told` is what describe() gives.

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
        column.justify = "left" if column.header in ("name", "reason") else "right"
        column.footer = "" if total is None else escape(_cell(total[column.header]))
    for each in records:
        table.add_row(*map(escape, each))
    Console(width=None if sys.stdout.isatty() else width).print(table)
    for name in columns:
        if name in told["definitions"]:
            typer.echo(f"{name}: {told['definitions'][name]}")


def record(row):
    """A row as JSON takes it: plain ints, fractions to six places, null where nothing is known."""
    return {
        name: None if pd.isna(value) else int(value) if isinstance(value, Integral)
        else round(value, 6) if isinstance(value, float) else value
        for name, value in row.items()
    }  # fmt: skip


def _cell(value):
    if pd.isna(value):
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)
