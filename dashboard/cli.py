"""The commands that show: phuqr serve, phuqr indicators."""

import csv
import json
import os
import signal
import socket
import sys
from datetime import datetime
from enum import StrEnum
from numbers import Integral
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from geo import db
from geo.coverage import COUNTS, DEFINITIONS, RATES, Window, read_coverage, read_holdings
from geo.errors import PhuqrError

app = typer.Typer()


class By(StrEnum):
    """Units that a table can have as its rows."""

    commune = "commune"
    district = "district"
    province = "province"


class Format(StrEnum):
    """Ways to print a table."""

    table = "table"
    csv = "csv"
    json = "json"


@app.command()
def serve(port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 8501):
    """Serve the dashboard to this machine's browsers, until Ctrl-C."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise PhuqrError(f"port {port} is taken; choose another, such as --port {port + 1}") from None
    with db.reading() as connection:
        read_holdings(connection)
    # uvicorn hands SIGTERM on once it has shut down: leave as after Ctrl-C, so that the cluster is let go
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.chdir(Path(__file__).resolve().parents[1])  # where Streamlit looks for .streamlit/config.toml, the theme
    # Streamlit takes a second to import, which the other commands need not wait for
    from dashboard.app import SETTINGS, create_app

    typer.echo(f"phuqr: http://localhost:{port}")
    try:
        create_app().run(config=SETTINGS | {"server.port": port})
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C, while the cluster is let go


@app.command()
def indicators(
    unit: Annotated[str, typer.Option(help="Code of a province, district or commune.")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the window.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of the window, inclusive.")],
    by: By = By.commune,
    group: Annotated[str | None, typer.Option(help="Obligation group, A or C; all kinds of venue without it.")] = None,
    format: Format = Format.table,
):
    """Counts and rates I1 to I4c, with their definitions, of a unit and the units inside it."""
    with db.reading() as connection:
        coverage = read_coverage(connection, unit, Window(first.date(), last.date()), by.value, group)
    if format is Format.json:
        typer.echo(json.dumps(_as_json(coverage), ensure_ascii=False, indent=1))
        return
    columns = ["code", "name", *COUNTS, *RATES]
    records = [[_cell(row[column]) for column in columns] for _, row in coverage.rows.iterrows()]
    total = [_cell(coverage.total[column]) for column in columns]
    if format is Format.csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([columns, *records])
        return
    table = Table(
        *columns, title=escape(f"{coverage.unit.name}, {first:%d/%m/%Y} to {last:%d/%m/%Y}"), show_footer=True
    )
    for column, text in zip(table.columns, total, strict=True):
        column.footer = escape(text)
        column.justify = "left" if column.header == "name" else "right"
    for record in records:
        table.add_row(*map(escape, record))
    Console(width=None if sys.stdout.isatty() else 220).print(table)
    for name in [*COUNTS, *RATES]:
        typer.echo(f"{name}: {DEFINITIONS[name]}")


def _as_json(coverage):
    held = coverage.holdings
    return {
        "unit": coverage.unit.code,
        "from": coverage.window.first.isoformat(),
        "to": coverage.window.last.isoformat(),
        "definitions": DEFINITIONS,
        "as_of": held.as_of and held.as_of.isoformat(timespec="seconds"),
        "scans_until": coverage.scans_until and coverage.scans_until.isoformat(),
        "vintage": coverage.vintage.valid_from.isoformat(),
        "invented": held.invented,
        "total": _record(coverage.total),
        "rows": [_record(row) for _, row in coverage.rows.iterrows()],
    }


def _record(row):
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
