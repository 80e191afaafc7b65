"""phuqr bench: what it prints, what it leaves behind, and that its stand-in for the gate stays where it is. No time is tested."""

import ast
import json
import os
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashboard import bench, bench_servers
from geo import db
from geo.accounts import list_accounts
from geo.audit import operator
from geo.errors import PhuqrError
from geo.schema import OWNER, VIEWER
from geo.schema_access import session

ROOT = Path(__file__).resolve().parents[2]


def phuqr_bench(*words, url, **environment):
    return subprocess.run(
        [sys.executable, "-m", "phuqr", "bench", *words],
        env=os.environ | {"DATABASE_URL": url} | environment,
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip


def test_the_query_is_measured_for_the_province_and_for_a_district(small_province):
    done = phuqr_bench("query", "--pairs", "2", url=small_province)
    assert "coverage of province 42" in done.stdout and "coverage of district 440" in done.stdout
    done = phuqr_bench("query", "--pairs", "2", "--json", url=small_province)
    found = json.loads(done.stdout)["measures"]
    assert [each["limit"] for each in found] == [1.15, 1.15]
    assert all(each["low"] <= each["ratio"] <= each["high"] for each in found)
    above = any(each["ratio"] > each["limit"] for each in found)
    assert (done.returncode, done.stderr.startswith("phuqr: above the limit of 1.15")) == (int(above), above), (
        done.stderr
    )


def test_the_two_sides_differ_in_the_policies_only(small_province):
    place = bench.find_place()
    for reading, role, rows in ((db.reading, VIEWER, 3), (bench_servers.reading_as_owner, OWNER, 6)):
        with reading(place.scope("440")) as connection:
            assert connection.scalar(sa.text("SELECT current_user")) == role
            assert connection.scalar(sa.text("SELECT count(*) FROM admin_unit WHERE level = 3")) == rows
            assert connection.scalar(sa.text("SHOW transaction_read_only")) == "on"


def test_the_cost_is_the_median_of_pairs_in_turn():
    asked = []

    def side(name, *times):
        def run(number):
            asked.append(name)
            return [times[number % len(times)], 1.0]

        return run

    with bench.Progress(disable=True) as progress:
        found = bench.compare(progress, 9, ["a", "b"], side("A", 2.0, 2.0, 90.0), side("B", 1.0), limit=None)
    assert "".join(asked).startswith("BAABBAAB") and len(asked) == 2 * (bench.WARM + 9)
    told = [(each.name, each.with_ms, each.without_ms, each.ratio, each.limit) for each in found]
    assert told == [("a", 2.0, 1.0, 2.0, None), ("b", 1.0, 1.0, 1.0, None)]


def test_servers_account_and_session_are_gone_at_the_end(small_province):
    with bench_servers.serve_both(bench.find_place()) as sides:
        assert [ask(each.port, bench_servers.COOKIE, each.cookie) for each in sides] == [200, 200]
        assert [ask(each.port, bench_servers.COOKIE, "forged") for each in sides] == [401, 401]
        assert any(each.name.startswith("bench-") for each in list_accounts(operator()))
    for each in sides:
        with pytest.raises(ConnectionRefusedError):
            ask(each.port)
    assert not list_accounts(operator())
    with db.gating() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(session)) == 0


def test_the_stand_in_listens_on_the_loopback_only(small_province, monkeypatch):
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "0.0.0.0")
    place = bench.find_place()
    told = {"key": "k", "vintage": place.vintage.id, "province": place.province}
    with bench_servers.running("dashboard.bench_servers", told=told) as port:
        assert ask(port, bench_servers.COOKIE, "k") == 200
        # What listens on every address answers here, too
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), 5)


def test_only_the_command_knows_of_the_stand_in():
    knowing = {
        path.relative_to(ROOT).as_posix()
        for package in ("dashboard", "geo", "loaders")
        for path in (ROOT / package).rglob("*.py")
        if not path.name.startswith("bench")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any(name.startswith("dashboard.bench") for name in names(node))
    }
    assert knowing == {"dashboard/cli.py"}
    imported = "import sys, dashboard.cli, dashboard.app; sys.exit('dashboard.bench' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", imported], check=False).returncode == 0


def test_without_a_browser_the_page_is_refused_in_one_line(small_province):
    done = phuqr_bench(url=small_province, CHROMIUM="/nowhere/chromium")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "apt-get install chromium" in done.stderr


def test_without_venues_there_is_nothing_to_measure_with(make_database, use_database):
    use_database(make_database())
    db.migrate()
    with pytest.raises(PhuqrError, match="no venues are loaded"):
        bench.find_place()


def names(node):
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    return {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}


def ask(port, *cookie):
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/_stcore/health", headers={"Cookie": "=".join(cookie)})
        return connection.getresponse().status
    finally:
        connection.close()
