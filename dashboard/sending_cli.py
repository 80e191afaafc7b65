"""What phuqr report has about sending: the distribution lists (recipients), send, and the log of it (sendings)."""

import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dashboard.printing import Format, print_rows
from dashboard.report_cli import As, Unit, reading, report
from dashboard.text import Text
from geo import db, reports, sendings
from geo.audit import operator
from geo.errors import ReportError

recipients = typer.Typer(no_args_is_help=True, help="Distribution lists: which offices get the reports of which unit.")
report.add_typer(recipients, name="recipients")

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="E-mail address of an office.")]
Kind = Annotated[str, typer.Option("--report", metavar="KIND", help="Which of its reports.")]
Numbers = Annotated[list[int], typer.Argument(metavar="ID...", help="As phuqr report list shows them.")]
Folder = Annotated[Path | None, typer.Option("--folder", help="Lay the files there, with a log beside them, instead of sending them by mail.")]
Again = Annotated[bool, typer.Option("--again", help="Also what was sent there before.")]


@recipients.command("add")
def add_recipient(
    address: Address, unit: Unit, kind: Kind = "weekly",
    cases: Annotated[bool, typer.Option("--cases", help="It may have reports that tell of traced cases.")] = False,
):  # fmt: skip
    """Put an address on the list of a district's or province's reports."""
    added = sendings.add_recipient(operator(), kind, unit, address, cases)
    typer.echo(f"{added.address} gets the {kind} reports of {added.unit_name}{', with traced cases' if cases else ''}")


@recipients.command("list")
def list_recipients(
    unit: Annotated[str | None, typer.Option(help="Of this district or province only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
):
    """List who gets which reports."""
    found = sendings.list_recipients(unit)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False))
        return
    table = Table("unit", "name", "report", "address", "cases")
    for each in found:
        table.add_row(*map(escape, (each.unit_code, each.unit_name or "", each.kind, each.address, "yes" if each.cases else "no")))
    Console().print(table)


@recipients.command("remove")
def remove_recipient(address: Address, unit: Unit, kind: Kind = "weekly"):
    """Take an address off the list."""
    sendings.remove_recipient(operator(), kind, unit, address)
    typer.echo(f"{address} gets the {kind} reports of {unit} no more")


@report.command()
def send(numbers: Numbers, folder: Folder = None, again: Again = False, account: As = None):
    """Send the files of issued reports to the offices on their lists by mail, or lay them into a folder; once, unless asked for again."""
    send_numbers(numbers, account, folder, again)


@report.command("sendings")
def list_sendings(unit: Unit, format: Format = Format.table, account: As = None):
    """List what was sent of the reports of a unit and of the districts in it, where to and with which outcome, the newest first."""
    with reading(account, f"sendings of {unit}") as (connection, _):
        rows = sendings.list_sendings(connection, unit)
    rows["began_at"] = [each.astimezone(ZoneInfo(db.TIME_ZONE)).replace(microsecond=0) for each in rows["began_at"]]
    rows = rows.rename(columns={"unit_name": "name", "detail": "note"})
    columns = [name for name in rows if format is not Format.table or name not in ("kind", "unit_code", "sent_by")]
    print_rows(format, {"unit": unit, "definitions": {}}, rows, columns, unit)


def send_numbers(numbers, account, folder=None, again=False):
    """Send issued reports by their numbers, as `send` does; ReportError at the end where some of it did not go out."""
    # the settings take a third of a second to import, which the other commands need not wait for
    from dashboard.sending import lay_out_all, read_settings, send_all

    settings, text = None if folder else read_settings(), Text("vi")
    numbers, failed = list(dict.fromkeys(numbers)), 0
    issued = [_read(number, account) for number in numbers]
    done = lay_out_all(operator(), issued, folder, text, again) if folder else send_all(operator(), issued, settings, text, again)
    with ExitStack() as stack:
        stack.callback(done.close)
        for each in done:
            typer.echo(f"report {each.report}: {_say(each)}")
            failed += each.outcome in ("failed", "nobody")
    if failed:
        again = " ".join(map(str, numbers))
        raise ReportError(f"{failed} of the sendings did not go out, see above; what is mended goes out with: phuqr report send {again}")


def _read(number, account):
    with reading(account, f"report {number}, to be sent") as (connection, _):
        issued = reports.read_issued(connection, number)
    if issued.state == "superseded":
        raise ReportError(f"report {number} was superseded by a later one; send that, see: phuqr report list --unit {issued.unit_code}")
    return issued


def _say(each):
    if each.outcome == "nobody":
        return "nobody is to get it; type: phuqr report recipients add ADDRESS --unit CODE (with --cases if it tells of cases)"
    if each.outcome == "before":
        return f"{each.destination}: {each.detail}; --again sends it once more"
    return f"{each.destination}: {each.outcome}{f', {each.detail}' if each.detail else ''}"
