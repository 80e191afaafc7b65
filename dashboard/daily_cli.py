"""The command phuqr daily: venues active each day (I4d), scans and people (I7) with their means of seven days."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from dashboard.printing import Format, describe, print_rows, title
from geo import db
from geo.accounts import find_scope, operator_scope
from geo.coverage import Window, read_coverage
from geo.trends import DEFINITIONS, read_day, read_trend

app = typer.Typer()


class Level(StrEnum):
    """Units that rows can be."""

    commune = "commune"
    district = "district"
    province = "province"


@app.command()
def daily(
    unit: Annotated[str, typer.Option(help="Code of a province, district or commune.")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, inclusive.")],
    by: Annotated[Level | None, typer.Option(help="Rows are units on the last day; days of the unit without it.")] = None,
    group: Annotated[str | None, typer.Option(help="Obligation group, A or C; all kinds of venue without it.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only venues of this kind, such as school.")] = None,
    department: Annotated[str | None, typer.Option(help="Only kinds that this department answers for.")] = None,
    format: Format = Format.table,
    account: Annotated[str | None, typer.Option("--as", help="See only what this account sees.")] = None,
):
    """Figures of single days, by day of a unit, or by unit on the last day: active and regularly active venues, scans, people."""
    window, narrowed = Window(first.date(), last.date()), (group, kind, department)
    with db.reading(find_scope(account) if account else operator_scope()) as connection:
        coverage = read_coverage(connection, unit, window, "commune", *narrowed)
        if by:
            day = read_day(connection, unit, window.last, by.value, *narrowed)
            rows, total = day.rows.drop(columns=["level", "parent_code"]), day.total.drop(["level", "parent_code"])
        else:
            rows, total = read_trend(connection, unit, window, *narrowed), None
            rows.insert(0, "code", coverage.unit.code)
            rows.insert(1, "name", coverage.unit.name)
            rows["day"] = [f"{day:%Y-%m-%d}" for day in rows["day"]]
    definitions = {name: DEFINITIONS[name] for name in rows if name in DEFINITIONS}
    told = describe(coverage, definitions, coverage.holdings, scans_until=coverage.scans_until)
    print_rows(format, told, rows, list(rows), f"{coverage.unit.name}, {window.last:%d/%m/%Y}" if by else title(coverage), total)
