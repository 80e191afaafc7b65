"""The commands that set up the database and fill it: phuqr db, phuqr load, phuqr demo."""

import json
import os
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from geo import cluster, db
from geo.errors import ClusterError, FileError
from loaders.boundaries import load_boundaries
from loaders.checking import RULES
from loaders.demo import issue_accounts, load_sample, wants_sample
from loaders.register import load_register
from loaders.scans import load_scans
from loaders.venues import load_venues

LISTED = 20  # refused rows of one rule on the screen: more would push the rest off it

app = typer.Typer()
database = typer.Typer(no_args_is_help=True, help="The private PostgreSQL cluster and the schema.")
load = typer.Typer(no_args_is_help=True, help="Load users' files; what is refused is listed, with what to do.")
app.add_typer(database, name="db")
app.add_typer(load, name="load")

Files = Annotated[list[Path], typer.Argument(metavar="FILE...")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per file, with every finding.")]
Day = Annotated[
    datetime | None, typer.Option("--vintage", formats=["%Y-%m-%d"], help="First day of the boundaries meant.")
]


@database.command()
def up():
    """Start the private cluster, made and set up first if need be; it runs until `phuqr db down`."""
    if os.environ.get("DATABASE_URL"):
        raise ClusterError("DATABASE_URL names the database to use; unset it to have a private cluster")
    started = cluster.up()
    db.migrate()
    typer.echo(f"{'started' if started else 'already running'} on port {cluster.status().port}, in {cluster.home()}")


@database.command()
def down():
    """Stop the private cluster."""
    typer.echo("stopped" if cluster.down() else "was not running")


@database.command()
def status():
    """Show where the private cluster is and whether it runs."""
    if os.environ.get("DATABASE_URL"):
        typer.echo("DATABASE_URL names the database in use; of the private cluster:")
    now = cluster.status()
    version = f"PostgreSQL {now.version}" if now.version else "not made yet"
    typer.echo(
        f"{now.home}: {version}, {f'running on port {now.port}, pid {now.pid}' if now.running else 'not running'}"
    )


@database.command()
def migrate():
    """Bring the database up to the newest schema."""
    db.migrate()
    typer.echo("the schema is up to date")


@app.command()
def demo(
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing, without an error, where rows are loaded.")
    ] = False,
):
    """Set the database up and load the sample province: invented venues and scans on sketched communes of Hà Tĩnh.

    The first time, one account per role is issued and its password printed, once.
    """
    db.migrate()
    if if_empty and not wants_sample():
        return
    with show_progress("số liệu mẫu", steps=9) as progress:
        outcomes = load_sample(progress)
    for outcome in outcomes:
        _print_outcome(outcome)
    accounts = issue_accounts()
    if accounts:
        typer.echo("Tài khoản (mật khẩu chỉ hiện một lần, hãy ghi lại):")
    for name, role, unit, password in accounts:
        typer.echo(f"  {name:10} {password}   vai trò {role}, đơn vị {unit}")


@load.command("boundaries")
def boundaries(
    files: Files,
    vintage: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day these units were in force.")],
    source: Annotated[str | None, typer.Option(help="Where the polygons come from; shown on the map.")] = None,
    licence: Annotated[str | None, typer.Option(help="The terms they are under.")] = None,
    as_json: Json = False,
):
    """Communes with polygons: gpkg, geojson or a zipped shapefile."""
    _load_all(load_boundaries, files, as_json, vintage=vintage.date(), source=source, licence=licence)


@load.command("register")
def register(files: Files, vintage: Day = None, as_json: Json = False):
    """Numbers of obliged venues by commune and group: xlsx or csv."""
    _load_all(load_register, files, as_json, vintage=vintage.date() if vintage else None)


@load.command("venues")
def venues(files: Files, as_json: Json = False):
    """Venues with a QR code: csv or xlsx."""
    _load_all(load_venues, files, as_json)


@load.command("scans")
def scans(files: Files, as_json: Json = False):
    """Scans per venue and day: csv or xlsx."""
    _load_all(load_scans, files, as_json)


def _load_all(loader, files, as_json, **options):
    if not os.environ.get("DATABASE_URL"):
        db.migrate()
    for file in files:
        with show_progress(file.name) as progress:
            outcome = loader(file, progress=progress, **options)
        if as_json:
            typer.echo(json.dumps(outcome.as_dict(), ensure_ascii=False))
        else:
            _print_outcome(outcome)
        if not outcome.rows_loaded:
            raise FileError(f"{outcome.file}: không có dòng nào được nạp; hãy sửa tệp rồi nạp lại")


def _print_outcome(outcome):
    typer.echo(
        f"{outcome.file}: {outcome.rows_in} dòng = {outcome.rows_loaded} nạp + {outcome.rows_refused} từ chối; "
        f"{outcome.rows_changed} mới hoặc thay đổi, {outcome.warnings} cảnh báo (lần nạp {outcome.run})"
    )
    if outcome.sample_removed:
        typer.echo("Đã xóa số liệu mẫu.")
    if outcome.ignored:
        typer.echo(f"Cột không đọc: {', '.join(outcome.ignored)}")
    findings = outcome.findings
    refused = findings[findings["refused"].astype(bool)]
    for found in refused.groupby("rule").head(LISTED).itertuples():
        typer.echo(
            f"{outcome.file}, dòng {found.row}, cột {found.column}, giá trị {found.value!r}: "
            f"từ chối ({found.rule}): {found.reason}; {found.remedy}"
        )
    for rule, count in refused["rule"].value_counts().items():
        if count > LISTED:
            typer.echo(f"… và {count - LISTED} dòng nữa cũng bị từ chối ({rule}); xem hết bằng --json")
    for rule, count in findings.loc[~findings["refused"].astype(bool), "rule"].value_counts().items():
        typer.echo(f"cảnh báo ({rule}): {count} dòng, {RULES[rule][0]}")


@contextmanager
def show_progress(title, steps=3):
    """A bar on stderr that names the step; gives a function to call as each step begins."""
    columns = TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn()
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(f"{title}: đọc", total=steps)

        def step(name):
            bar.update(task, advance=1, description=f"{title}: {name}")

        yield step
