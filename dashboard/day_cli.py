"""phuqr report page: the leader's view of a day as one HTML file."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from dashboard.report_cli import As, Cases, reading, report
from dashboard.text import Text
from geo.errors import ReportError

Output = Annotated[Path, typer.Option("--output", help="The file; its folder is made where it is not there.")]


@report.command("page")
def write_page(
    unit: Annotated[str, typer.Option(help="Code of a province, district or commune.")],
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day; figures are of the seven days that end with it.")],
    output: Output, cases: Cases = None, account: As = None,
):  # fmt: skip
    """Write the leader's view of a day as one HTML file, which needs no script and asks for nothing."""
    # Streamlit and the map's libraries take a second to import, which the other commands need not wait for
    from dashboard.day_page import make_page

    with reading(account, f"day of {unit}, {day:%Y-%m-%d}", cases) as (connection, seen):
        body = make_page(connection, unit, day.date(), seen, Text("vi"))
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(body)
    except OSError as error:
        raise ReportError(f"{output} cannot be written ({error.strerror}); choose another --output") from None
    typer.echo(output)
