"""The command for the self-assessment of agencies: phuqr assessments."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from dashboard.printing import Format, describe, print_rows, title
from geo import db
from geo.accounts import find_scope, operator_scope
from geo.assessments import DEFINITIONS, read_assessments
from geo.coverage import Window, read_holdings

app = typer.Typer()


class By(StrEnum):
    """What the rows are."""

    commune = "commune"
    district = "district"
    agency = "agency"


@app.command()
def assessments(
    unit: Annotated[str, typer.Option(help="Code of a province, district or commune.")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the window.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of the window, inclusive.")],
    by: Annotated[By, typer.Option(help="What the rows are.")] = By.commune,
    format: Format = Format.table,
    account: Annotated[str | None, typer.Option("--as", help="See only what this account sees.")] = None,
):
    """Print which agencies have assessed themselves and which have not, and the share of entrants scanned, as they tell it."""
    window = Window(first.date(), last.date())
    with db.reading(find_scope(account) if account else operator_scope()) as connection:
        found = read_assessments(connection, unit, window, "commune" if by is By.agency else by.value)
        told = describe(found, DEFINITIONS, read_holdings(connection), by=by.value)
    rows = found.agencies.rename(columns={"organisation": "agency"}) if by is By.agency else found.rows
    columns = list(rows) if format is not Format.table else [name for name in rows if name != "parent_code"]
    print_rows(format, told, rows, columns, title(found), None if by is By.agency else found.total)
