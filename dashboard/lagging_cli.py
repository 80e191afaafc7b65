"""The command that names who is behind: phuqr lagging."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from dashboard.printing import Format, describe, print_rows, title
from dashboard.reasons import reasons
from dashboard.text import Text
from geo import db
from geo.accounts import find_scope, operator_scope
from geo.coverage import Window
from geo.lagging import DEFINITIONS, QUESTIONS, read_lagging

app = typer.Typer()

_SHOWN = ["code", "name", *QUESTIONS, "weeks", "weeks_without_scans", "reason"]


class Judged(StrEnum):
    """Units that have a parent to be judged by."""

    commune = "commune"
    district = "district"


@app.command()
def lagging(
    unit: Annotated[str, typer.Option(help="Code of a province, district or commune.")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the window.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of the window, inclusive.")],
    by: Judged = Judged.commune,
    group: Annotated[str | None, typer.Option(help="Obligation group, A or C; all kinds of venue without it.")] = None,
    format: Format = Format.table,
    account: Annotated[str | None, typer.Option("--as", help="See only what this account sees.")] = None,
):
    """Which communes or districts are behind their parent by more than chance, in creation and in activity, and why."""
    with db.reading(find_scope(account) if account else operator_scope()) as connection:
        found = read_lagging(connection, unit, Window(first.date(), last.date()), by.value, group)
    text = Text("vi")
    rows = found.table()
    rows["reason"] = [". ".join(reasons(found, code, text)) for code in rows["code"]]
    coverage = found.coverage
    columns = list(rows) if format is Format.csv else _SHOWN
    told = describe(coverage, DEFINITIONS, coverage.holdings, scans_until=coverage.scans_until)
    print_rows(format, told, rows, columns, title(coverage))
