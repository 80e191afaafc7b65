"""The real server over the sample province, and a real Chromium that reaches nothing but it."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect, sync_playwright

from geo import db
from loaders.demo import issue_accounts, load_sample

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PATIENCE = 30_000  # ms that a wait may take on a machine that does other things beside
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def sample(make_database, use_database):
    """The address of a database with the sample province."""
    url = make_database()
    use_database(url)
    db.migrate()
    load_sample()
    return url


@pytest.fixture(scope="session")
def passwords(sample, use_database):
    """The sample's accounts, one per role and named by it: name -> password."""
    use_database(sample)
    return {name: password for name, _, _, password in issue_accounts()}


@pytest.fixture(scope="session")
def server_log(tmp_path_factory):
    """The file with what the server says."""
    return tmp_path_factory.mktemp("server") / "log"


@pytest.fixture(scope="session")
def serve():
    """A function that serves the dashboard on a database: a context manager with its address."""
    return _serve


@pytest.fixture(scope="session")
def server(sample, passwords, server_log):
    """The dashboard's address."""
    with _serve(sample, server_log) as address:
        yield address


@contextmanager
def _serve(url, server_log):
    """The address of a dashboard on a database; at the end it has left nothing in its log and ends by itself when told to."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "phuqr", "serve", "--port", str(port)]
    with server_log.open("w") as file:
        process = subprocess.Popen(command, env=os.environ | {"DATABASE_URL": url}, stdout=file, stderr=file)
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while not _answers(f"{address}/health"):
            assert process.poll() is None and time.monotonic() < until, server_log.read_text()
            time.sleep(0.1)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
    assert code == 0, server_log.read_text()
    assert "Traceback" not in server_log.read_text(), server_log.read_text()


def _answers(url):
    try:
        with urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def browser():
    """Chromium, for one test file: while it runs, nothing else in this process can run an event loop."""
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(browser, server, passwords):
    """A function that gives a page of a reader of its own, signed in as `role`.

    role: an account of the sample, or None for who is not signed in. `page.seen` lists what was asked for, `page.faults`
    what went wrong. What is not the app's own is refused and, as any error of the console or of a script, fails the test at its end.
    """
    contexts, faults = [], []

    def new(role="leader", **options):
        context = browser.new_context(
            **{"base_url": server, "locale": "vi-VN", "viewport": {"width": 1400, "height": 1300}} | options
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        if role:
            signing_in = {"name": role, "password": passwords[role]}
            assert context.request.post("/sign-in", form=signing_in, max_redirects=0).status == 303

        def only_the_app(route):
            url = route.request.url
            if url.startswith((f"{server}/", "data:", "blob:")):
                route.continue_()
            else:
                faults.append(f"asked for {url}")
                route.abort()

        context.route("**/*", only_the_app)
        page = context.new_page()
        page.seen, page.faults = [], faults
        page.on("request", lambda request: page.seen.append(request.url))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: (faults.append(f"dialog {dialog.message}"), dialog.dismiss()))
        return page

    yield new
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def page(new_page):
    """A page of a reader with a wide screen."""
    return new_page()
