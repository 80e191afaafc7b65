"""The commands phuqr serve and phuqr bench, and those that say who may see: phuqr user."""

import errno
import json
import os
import signal
import socket
import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from geo import db
from geo.accounts import (
    add_account,
    list_accounts,
    set_disabled,
    set_password,
    set_scope,
)
from geo.audit import operator
from geo.coverage import read_holdings
from geo.errors import PhuqrError
from geo.scope import NOTHING, ROLES

app = typer.Typer()
user = typer.Typer(
    no_args_is_help=True, help="Accounts: who may sign in to the dashboard, in which role, for which units."
)
app.add_typer(user, name="user")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account.")]
Units = Annotated[
    list[str], typer.Option("--unit", metavar="CODE", help="Province, district or commune; may be repeated.")
]


Role = StrEnum("Role", [(role, role) for role in ROLES])


class Topic(StrEnum):
    """What phuqr bench can measure by itself."""

    query = "query"
    route = "route"
    page = "page"
    load = "load"
    tracing = "tracing"
    coverage = "coverage"
    map = "map"
    report = "report"


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 8501,
    address: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0: every one this machine has.")
    ] = "127.0.0.1",
):
    """Serve the dashboard until Ctrl-C: to this machine's browsers, or with --address to others that can reach it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise PhuqrError(f"{address} is no address of this machine") from None
            raise PhuqrError(f"port {port} is taken; choose another, such as --port {port + 1}") from None
    if not list_accounts(operator()):
        typer.echo("phuqr: nobody may sign in yet; type: phuqr user add NAME --role leader --unit CODE", err=True)
    db.restrict()
    with db.reading(NOTHING) as connection:
        read_holdings(connection)
    # uvicorn hands SIGTERM on once it has shut down: leave as after Ctrl-C, so that the cluster is let go
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.chdir(Path(__file__).resolve().parents[1])  # where Streamlit looks for .streamlit/config.toml, the theme
    # Streamlit takes a second to import, which the other commands need not wait for
    from dashboard.app import create_app, run

    typer.echo(f"phuqr: http://localhost:{port}")
    try:
        run(create_app(), address, port)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C, while the cluster is let go


@app.command()
def bench(
    topic: Annotated[
        Topic | None,
        typer.Argument(help="Only the query, small routes or the page; or reports; or, of data of its own, files, hotspots, windows or the map."),
    ] = None,
    pairs: Annotated[
        int | None,
        typer.Option(
            min=2, max=1000,
            help="Runs of each side: 40, half as many of the page, 3 of the load, 5 of tracing, 9 of coverage, 12 of the map, 2 of reports.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
):
    """Measure as ratios of times, on the data at hand, what sign-in and row-level security cost a reader; or how much data loads, is read and drawn."""
    if topic is Topic.load:
        from dashboard.bench_load import run_load_bench

        run_load_bench(pairs or 3, as_json)
        return
    if topic is Topic.tracing:
        from dashboard.bench_tracing import run_tracing_bench

        run_tracing_bench(pairs or 5, as_json)
        return
    if topic is Topic.coverage:
        from dashboard.bench_coverage import run_coverage_bench

        run_coverage_bench(pairs or 9, as_json)
        return
    if topic is Topic.map:
        from dashboard.bench_map import run_map_bench

        run_map_bench(pairs, as_json)
        return
    if topic is Topic.report:
        from dashboard.bench_report import run_report_bench

        run_report_bench(pairs or 2, as_json)
        return
    from dashboard.bench import run_bench

    run_bench([topic.value] if topic else ["query", "route", "page"], pairs or 40, as_json)


@user.command("add")
def add_user(
    name: Name,
    role: Annotated[Role, typer.Option(help="What it may do.")],
    unit: Units,
    ask: Annotated[bool, typer.Option("--ask", help="Type the password instead of having one generated.")] = False,
):
    """Issue an account that sees the rows of these units, and print its password, once."""
    password = add_account(operator(), name, role.value, unit, _ask(ask))
    _print_password(name, password, ask)


@user.command("list")
def list_users(as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False):
    """List the accounts with role, units and state."""
    accounts = list_accounts(operator())
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in accounts], ensure_ascii=False, default=str))
        return
    table = Table("name", "role", "units", "state", "last sign-in")
    for each in accounts:
        state = "disabled" if each.disabled else "by provider" if each.by_provider else "active"
        units = ", ".join(f"{name} ({code})" for _, code, name in each.units) or "none"
        last = each.last_at.strftime("%d/%m/%Y %H:%M") if each.last_at else "never"
        table.add_row(each.name, each.role, escape(units), state, last)
    Console(width=None if sys.stdout.isatty() else 160).print(table)


@user.command("password")
def change_password(
    name: Name, ask: Annotated[bool, typer.Option("--ask", help="Type it instead of having one generated.")] = False
):
    """Give an account another password and end its sessions."""
    _print_password(name, set_password(operator(), name, _ask(ask)), ask)


@user.command("disable")
def disable_user(name: Name, undo: Annotated[bool, typer.Option("--undo", help="Let it sign in again.")] = False):
    """Keep an account from signing in and end its sessions."""
    set_disabled(operator(), name, not undo)
    typer.echo(f"{name} {'may sign in again' if undo else 'is disabled'}")


@user.command("scope")
def change_scope(name: Name, unit: Units, role: Annotated[Role | None, typer.Option(help="Another role, too.")] = None):
    """Give an account these units in place of those it had; at once, also for who is signed in."""
    set_scope(operator(), name, unit, role and role.value)
    typer.echo(f"{name} now sees {', '.join(unit)}")


def _ask(wanted):
    return typer.prompt("password", hide_input=True, confirmation_prompt=True) if wanted else None


def _print_password(name, password, typed):
    typer.echo(f"{name}: the password is set" if typed else f"{name}: {password}   (shown once)")
