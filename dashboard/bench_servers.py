"""The two servers that `phuqr bench` compares: `phuqr serve`, and a stand-in for it without gate and policies.

Run as a module this is the stand-in; only the bench starts it.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

import sqlalchemy as sa
from starlette.middleware import Middleware
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse

from dashboard.gate import COOKIE, SIGN_IN
from dashboard.navigation import PAGES
from geo import db
from geo.accounts import add_account, set_disabled
from geo.audit import Actor, operator
from geo.errors import PhuqrError
from geo.schema import OWNER
from geo.schema_access import account
from geo.scope import Scope, apply

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Server:
    """A running server and the cookie that it lets through."""

    port: int
    cookie: str

    @property
    def address(self):
        return f"http://{LOOPBACK}:{self.port}"


@contextmanager
def reading_as_owner(scope, cases=False):
    """db.reading as the tables' owner, to whom PostgreSQL applies no policy; all else is the same."""
    with db.engine(OWNER).begin() as connection:
        connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        apply(connection, scope, cases)
        yield connection


@contextmanager
def serve_both(place):
    """`phuqr serve` with an account signed in, and the stand-in for the same reader; both end with this, and the account."""
    name, key = f"bench-{secrets.token_hex(4)}", secrets.token_urlsafe(32)
    password = add_account(operator(), name, "leader", [place.province], day=place.window.last)
    told = {"key": key, "vintage": place.vintage.id, "province": place.province}
    try:
        with (
            running("phuqr", "serve", "--port") as gated,
            running("dashboard.bench_servers", told=told) as ungated,
        ):
            yield Server(gated, sign_in(gated, name, password)), Server(ungated, key)
    finally:
        set_disabled(operator(), name)  # ends its session, on record
        with db.gating() as connection:
            connection.execute(account.delete().where(account.c.name == name))


@contextmanager
def running(module, *words, told=None):
    """A server in a process of its own, its port last of the words; ended whatever happens."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", module, *words, str(port)]
    with tempfile.TemporaryFile("w+") as log:
        pipes = {"stdin": subprocess.PIPE, "stdout": log, "stderr": log}
        with subprocess.Popen(command, text=True, start_new_session=True, **pipes) as process:
            try:
                print(json.dumps(told), file=process.stdin, flush=True)
                until = time.monotonic() + 60
                while not _answers(port):
                    if process.poll() is not None or time.monotonic() > until:
                        log.seek(0)
                        raise PhuqrError(
                            f"a server to measure does not start: {(log.read().splitlines() or ['?'])[-1]}"
                        )
                    time.sleep(0.1)
                yield port
            finally:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


def connect(port):
    """A new connection to a server on this machine."""
    return HTTPConnection(LOOPBACK, port, timeout=30)


def _answers(port):
    try:
        with closing(connect(port)) as connection:
            connection.request("GET", "/health")
            return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False


def sign_in(port, name, password):
    """The cookie that `phuqr serve` gives."""
    with closing(connect(port)) as connection:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", SIGN_IN, urlencode({"name": name, "password": password}), form)
        return cookie_parser(connection.getresponse().getheader("set-cookie"))[COOKIE]


class StandIn:
    """In the gate's place: whoever has this run's key is one fixed reader, and the database is not asked."""

    def __init__(self, app, key, reader):
        self.app, self.key, self.reader = app, key.encode(), reader

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            sent = cookie_parser(dict(scope["headers"]).get(b"cookie", b"").decode("latin-1")).get(COOKIE, "")
            if not secrets.compare_digest(sent.encode(), self.key):
                return await PlainTextResponse("not for you", 401)(scope, receive, send)
            scope = {**scope, "state": {**scope.get("state", {}), "reader": self.reader}}
        await self.app(scope, receive, send)


def serve_stand_in(port):
    """The dashboard without gate and policies, on the loopback only, for who has the key; ends with whoever started it.

    What it has to know comes as one line on stdin, where nobody else can read the key.
    """
    import streamlit as st

    from dashboard import app, data

    told = json.loads(sys.stdin.readline())
    threading.Thread(target=lambda: (sys.stdin.read(), os.kill(os.getpid(), signal.SIGTERM)), daemon=True).start()
    reader = Actor("bench", Scope("leader", ((told["vintage"], told["province"]),)))
    db.reading, data.reader = reading_as_owner, lambda: reader
    middleware = [Middleware(StandIn, key=told["key"], reader=reader)]
    entry = next(iter(PAGES.values())).file.with_name("entry.py")
    page = st.App(entry, routes=app.routes(), middleware=middleware, exception_handlers=app.HANDLERS)
    app.run(page, LOOPBACK, port)


if __name__ == "__main__":
    serve_stand_in(int(sys.argv[-1]))
