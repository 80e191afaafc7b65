"""The commands that set up the database and fill it: phuqr db, phuqr demo, and those of load_cli and template_cli."""

import os
from typing import Annotated

import typer

from geo import cluster, db, summaries
from geo.errors import ClusterError
from loaders import load_cli, template_cli, visits_cli
from loaders.load_cli import describe, show_progress

app = typer.Typer()
database = typer.Typer(no_args_is_help=True, help="The private PostgreSQL cluster and the schema.")
app.add_typer(database, name="db")
app.add_typer(load_cli.app)
app.add_typer(template_cli.app)
app.add_typer(visits_cli.app)


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


@database.command()
def rebuild():
    """Make the summaries that figures are read from anew, from the venues and scans."""
    with db.loading() as connection:
        summaries.rebuild(connection)
    typer.echo("the summaries are made anew")


@app.command()
def demo(
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing, without an error, where rows are loaded.")
    ] = False,
):
    """Set the database up and load the sample province: invented venues and scans on sketched communes of Hà Tĩnh.

    The first time, one account per role is issued and its password printed, once.
    """
    from loaders.demo import (
        issue_accounts,
        load_sample,
        wants_sample,
    )  # and their libraries, which no other command needs

    db.migrate()
    if if_empty and not wants_sample():
        return
    with show_progress("số liệu mẫu") as progress:
        outcomes = load_sample(progress)
    for outcome in outcomes:
        typer.echo("\n".join(describe(outcome)))
    accounts = issue_accounts()
    if accounts:
        typer.echo("Tài khoản (mật khẩu chỉ hiện một lần, hãy ghi lại):")
    for name, role, unit, password in accounts:
        typer.echo(f"  {name:10} {password}   vai trò {role}, đơn vị {unit}")
