"""The commands of reports: phuqr report weekly and daily write drafts; issue, list, get, diff and filed are about those that are kept."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import pandas as pd
import typer
from rich.console import Console
from rich.progress import track

from dashboard.printing import Format, print_rows
from dashboard.text import Text
from geo import db, reports
from geo.accounts import find_scope, operator_scope
from geo.audit import Actor, operator, record
from geo.errors import ReportError
from geo.scope import Scope
from geo.weekly import choose_window, list_districts

app = typer.Typer()
report = typer.Typer(no_args_is_help=True, help="The reports of every Thursday: official letters with an appendix.")
app.add_typer(report, name="report")

_DAY = ["%Y-%m-%d"]
Unit = Annotated[str, typer.Option(help="Code of a district or province.")]
On = Annotated[datetime, typer.Option("--on", formats=_DAY, help="The day of the letter, a Thursday; it tells of the report week before.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the files; made where it is not there.")]
First = Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="First day of another window.")]
Last = Annotated[datetime | None, typer.Option("--to", formats=_DAY, help="Its last day, inclusive.")]
Campaign = Annotated[str | None, typer.Option("--campaign", help="The window of this name instead, as phuqr campaign list shows it.")]
Every = Annotated[bool, typer.Option("--all-districts", help="A report for each district of the province.")]
Difficulties = Annotated[str | None, typer.Option(metavar="TEXT|@FILE", help="What the office says of difficulties; lines to fill without.")]
Proposals = Annotated[str | None, typer.Option(metavar="TEXT|@FILE", help="What it proposes; lines to fill without.")]
Cases = Annotated[bool | None, typer.Option("--cases/--no-cases", help="With or without traced cases; with them where the role may see them.", show_default=False)]
Pdf = Annotated[bool, typer.Option("--pdf", help="The letter as PDF too, by LibreOffice.")]
Send = Annotated[bool, typer.Option("--send", help="Send it by mail, too, to those on its list, as phuqr report send does.")]
As = Annotated[str | None, typer.Option("--as", help="See only what this account sees.")]
Day = Annotated[datetime, typer.Option("--day", formats=_DAY, help="The day that it tells of.")]
LetterDay = Annotated[datetime | None, typer.Option("--on", formats=_DAY, help="The day on the letter; the next day without it.")]
Issuing = Annotated[bool, typer.Option("--issue", help="Keep it as issued, as phuqr report issue does.")]
Number = Annotated[int, typer.Argument(metavar="ID", help="As phuqr report list shows it.")]
Week = Annotated[datetime, typer.Option("--on", formats=_DAY, help="A Thursday, by which the week before is due; or a day of the week after it.")]


@report.command()
def weekly(
    unit: Unit, on: On, out: Out, first: First = None, last: Last = None, campaign: Campaign = None, all_districts: Every = False,
    difficulties: Difficulties = None, proposals: Proposals = None, cases: Cases = None, pdf: Pdf = False, account: As = None,
):  # fmt: skip
    """Write the weekly report of a district or province as a letter (docx) with its appendix (xlsx): a draft, which can be edited."""
    asked = _Asked(on, first, last, campaign, difficulties, proposals, pdf)
    for found, files in asked.make(account, unit, all_districts, cases):
        _hand_over(found, files, out, account, issuing=False)


@report.command()
def issue(
    unit: Unit, on: On, out: Out, first: First = None, last: Last = None, campaign: Campaign = None, all_districts: Every = False,
    difficulties: Difficulties = None, proposals: Proposals = None, cases: Cases = None, pdf: Pdf = False, send: Send = False, account: As = None,
):  # fmt: skip
    """Issue the weekly report: as weekly writes it, and kept with its figures and files as they are now; an earlier one is superseded."""
    asked = _Asked(on, first, last, campaign, difficulties, proposals, pdf)
    if send:
        # sending_cli adds to these commands, and the settings take a third of a second to import
        from dashboard.sending import read_settings
        from dashboard.sending_cli import send_numbers

        read_settings()  # before anything is issued
    made = asked.make(account, unit, all_districts, cases)
    numbers = [_hand_over(found, files, out, account, issuing=True) for found, files in made]
    if send:
        send_numbers(numbers, account)


@report.command()
def daily(unit: Unit, day: Day, out: Out, on: LetterDay = None, pdf: Pdf = False, issue: Issuing = False, account: As = None):
    """Write the bulletin of a day for a district or province (docx and xlsx): venues with scans, means of seven days, communes without a scan."""
    from dashboard.report_files import add_pdf, find_converter, make_bulletin  # as below

    if pdf:
        find_converter()
    found, files = make_bulletin(reader_of(account), unit, day.date(), Text("vi"), on and on.date())
    _hand_over(found, add_pdf(files) if pdf else files, out, account, issue)


def _hand_over(found, files, out, account, issuing):
    """Write the files of a report, issue it if that is asked for, and say what there is; the number of what was issued, or None."""
    paths, number = write_files(out, files), None  # first, so that nothing is issued that cannot be handed over
    if issuing:
        number = reports.issue(Actor(account, scope_of(account)) if account else operator(), found, files)
        typer.echo(f"report {number}: {found.unit.name}, {found.window.first:%d/%m/%Y} to {found.window.last:%d/%m/%Y}")
    for path in paths:
        typer.echo(path)
    return number


@report.command("list")
def list_issued(unit: Unit, format: Format = Format.table, account: As = None):
    """List the issued reports of a unit and of the districts in it, the newest first."""
    with reading(account, f"reports of {unit}") as (connection, _):
        rows = reports.list_reports(connection, unit)
    rows["supersedes"] = pd.array(rows["supersedes"], "Int64")
    rows["issued_at"] = [each.astimezone(ZoneInfo(db.TIME_ZONE)).replace(microsecond=0) for each in rows["issued_at"]]
    columns = list(rows) if format is not Format.table else [name for name in rows if name not in ("unit_code", "files")]
    print_rows(format, {"unit": unit, "definitions": {}}, rows.rename(columns={"unit_name": "name"}), [
        "name" if name == "unit_name" else name for name in columns
    ], unit)  # fmt: skip


@report.command()
def get(number: Number, out: Out, account: As = None):
    """Write the files of an issued report again, byte for byte, their hashes checked."""
    with reading(account, f"report {number}") as (connection, _):
        found = reports.read_issued(connection, number)
    with db.gating() as connection:
        record(connection, operator(), "download", f"report {number}, as {account}" if account else f"report {number}")
    for path in write_files(out, found.files):
        typer.echo(path)


@report.command()
def diff(number: Number, format: Format = Format.table, account: As = None):
    """Show which figures of an issued report were restated since: as printed, as they are now, and the difference."""
    with reading(account, f"report {number}") as (connection, _):
        issued = reports.read_issued(connection, number)
        rows, now = reports.compare_issued(connection, issued)
    rows.insert(1, "name", [_name(path, now.names) for path in rows["figure"]])
    told = {
        "report": number, "unit": issued.unit_code, "from": issued.window.first.isoformat(), "to": issued.window.last.isoformat(),
        "issued_at": issued.issued_at.isoformat(timespec="seconds"), "load_runs": issued.load_runs, "load_runs_now": now.runs, "cases_purged": reports.is_purged(now), "definitions": {},
    }  # fmt: skip
    shown = rows.astype({name: object for name in rows})
    print_rows(format, told, shown, list(rows), f"report {number}: {issued.unit_name}")
    if told["cases_purged"]:
        typer.echo("phuqr: visits of these days were purged since; traced cases are not compared", err=True)


@report.command()
def filed(unit: Unit, on: Week, format: Format = Format.table, account: As = None):
    """Which districts have issued the report of a week by its Thursday, and who is late (I14)."""
    with db.reading(scope_of(account)) as connection:
        found = reports.read_filed(connection, unit, on.date())
    told = {
        "unit": unit, "from": found.week.first.isoformat(), "to": found.week.last.isoformat(), "due": found.due.isoformat(),
        "total": found.total, "definitions": reports.FILED_DEFINITIONS,
    }  # fmt: skip
    print_rows(format, told, found.rows, list(found.rows), f"{found.unit.name}, due on {found.due:%d/%m/%Y}")
    if format is Format.table:
        typer.echo(f"I14: {found.total['on_time']} / {found.total['due']}")


def _name(path, names):
    """The name of the unit, kind or department that a figure is of; empty for the others."""
    return next((names[part] for part in path.split("/") if part in names), "")


class _Asked:
    """What the commands that make reports share: the day, the window and the office's own words."""

    def __init__(self, on, first, last, campaign, difficulties, proposals, pdf):
        self.on, self.first, self.last = (day and day.date() for day in (on, first, last))
        self.campaign, self.pdf = campaign, pdf
        self.said = read_words(difficulties), read_words(proposals)

    def make(self, account, unit, every, cases):
        """For the unit, or each of its districts: the Weekly and its files, name -> bytes."""
        # matplotlib takes a second to import, which the other commands need not wait for
        from dashboard.report_files import add_pdf, find_converter, make_report

        if self.pdf:
            find_converter()
        reader, codes = reader_of(account), [unit]
        with db.reading(reader.scope) as connection:
            window = choose_window(connection, unit, self.on, self.first, self.last, self.campaign)
            if every:
                codes = list_districts(connection, unit, window.last)
        for code in track(codes, console=Console(stderr=True), transient=True, description=unit):
            found, files = make_report(reader, code, window, self.on, self.said, Text("vi"), cases, account)
            yield found, add_pdf(files) if self.pdf else files


def scope_of(account):
    """The scope of an account; without one, that of who types commands, who sees what a leader sees, of all there is."""
    return find_scope(account) if account else Scope("leader", operator_scope().units)


def reader_of(account):
    """Who types commands, as it reads: with the scope of an account, or its own."""
    return Actor(operator().name, scope_of(account))


def reading(account, what, cases=None):
    """geo.reports.reading of who types commands, as an account."""
    return reports.reading(reader_of(account), f"{what}, as {account}" if account else what, cases)


def read_words(given):
    """The office's words: as typed, or those of a text file that is named after an @."""
    if not given or not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else "cannot be opened"
        raise ReportError(f"the file {given[1:]} {why}; give a text file after the @, or the words themselves") from None


def write_files(folder, files):
    """Write files (name -> bytes) into a folder; their paths."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, content in files.items():
            (folder / name).write_bytes(content)
            paths.append(folder / name)
        return paths
    except OSError as error:
        raise ReportError(f"the files cannot be written to {folder} ({error.strerror}); choose another --out") from None
