"""The command phuqr indicators: I1 to I7 of a unit, divided by units, kinds of venue or responsible departments."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import pandas as pd
import typer

from dashboard.printing import Format, describe, print_rows, record, title
from geo import db
from geo.accounts import find_scope, operator_scope
from geo.coverage import COUNTS, DEFINITIONS, MORE_COUNTS, RATES, SILENT_DAYS, Window, read_coverage
from geo.offices import STAFF_DEFINITIONS, read_staff

app = typer.Typer()


class By(StrEnum):
    """What a table can have as its rows."""

    commune = "commune"
    district = "district"
    province = "province"
    kind = "kind"
    department = "department"


@app.command()
def indicators(
    unit: Annotated[str, typer.Option(help="Code of a province, district or commune.")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the window.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of the window, inclusive.")],
    by: Annotated[By, typer.Option(help="What the rows are.")] = By.commune,
    group: Annotated[str | None, typer.Option(help="Obligation group, A or C; all kinds of venue without it.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only venues of this kind, such as school.")] = None,
    department: Annotated[str | None, typer.Option(help="Only kinds that this department answers for.")] = None,
    silent_days: Annotated[int, typer.Option(min=1, max=366, help="Silent: without a scan for so many days.")] = SILENT_DAYS,
    format: Format = Format.table,
    account: Annotated[str | None, typer.Option("--as", help="See only what this account sees.")] = None,
):
    """Counts and rates I1 to I7, with their definitions, of a unit and of what it is divided by."""
    window = Window(first.date(), last.date())
    with db.reading(find_scope(account) if account else operator_scope()) as connection:
        coverage = read_coverage(connection, unit, window, by.value, group, kind, department, silent_days)
        staff = read_staff(connection, unit, window.last)
    figures = _figures(coverage)
    names = [name for name in ("code", "name", "name_en", "level", "parent_code") if name in coverage.rows]
    told = describe(
        coverage, {name: DEFINITIONS[name] for name in figures}, coverage.holdings, scans_until=coverage.scans_until,
        solution=coverage.solution,
    )  # fmt: skip
    if staff:
        told |= {"staff": record(staff.total) | {"definitions": STAFF_DEFINITIONS}}
    print_rows(
        format, told, coverage.rows[[*names, *figures]], ["code", "name", *figures],
        title(coverage), coverage.total[["code", "name", "level", "parent_code", *figures]], width=260,
    )  # fmt: skip
    if staff and format is Format.table:
        of = staff.total
        typer.echo(f"{STAFF_DEFINITIONS['installed_rate']}: {of['installed']} / {of['staff']}")


def _figures(coverage):
    """The names of what is told; without inhabitants loaded, nothing about them."""
    figures = [*COUNTS, *MORE_COUNTS, *RATES, "density"]
    known = pd.notna(coverage.total["population"]) or coverage.rows["population"].notna().any()
    return figures if known else [name for name in figures if name not in ("population", "density")]
