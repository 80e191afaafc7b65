"""Loads that are killed, and a database that is stopped under one: all of a file or nothing of it, and the next load works."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from contextlib import closing, suppress
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from geo import cluster, db
from geo.postgres import find_binaries, run_as_owner
from loaders.boundaries import load_boundaries
from loaders.scans import load_scans
from loaders.venues import load_venues

ROOT = Path(__file__).resolve().parents[2]
SIZE = 60_000  # rows of a file: its load lasts about a second
SEED = 20211126
COMMUNES = "18229", "18235", "18280", "18754", "18757"
VENUE_HEADER, SCAN_HEADER = "venue_code,name,kind,commune_code,created_on", "venue_code,day,scans,people"

# Forks a process for each line (words and the file for its stdout and stderr, as JSON) once the parts of the command are
# imported, which takes 2 s: the child is then what `python -m phuqr` is. Prints the child's number, and how it ended.
FORKS = """
import json, os, sys
import phuqr
phuqr.build()
for line in sys.stdin:
    words, told = json.loads(line)
    child = os.fork()
    if child == 0:
        os.dup2(os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.dup2(1, 2)
        sys.argv = ["phuqr", *words]
        phuqr.main()
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
Ended = namedtuple("Ended", "code said seconds")


class Commands:
    """Processes of the command, one after the other."""

    def __init__(self, folder, **environment):
        self._told = folder / "told"
        given = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | environment
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._forks = subprocess.Popen([sys.executable, "-c", FORKS], env=given, cwd=ROOT, **pipes)

    def run(self, *words, meanwhile=lambda pid: None):
        """Run phuqr with these words; meanwhile(pid) is called once it has begun."""
        self._forks.stdin.write(json.dumps([[str(word) for word in words], str(self._told)]) + "\n")
        self._forks.stdin.flush()
        pid, began = int(self._forks.stdout.readline()), time.monotonic()
        meanwhile(pid)
        code = int(self._forks.stdout.readline())
        return Ended(code, self._told.read_text(encoding="utf-8"), time.monotonic() - began)

    def close(self):
        with self._forks as forks:
            forks.stdin.close()


@pytest.fixture(scope="module")
def commands(database, tmp_path_factory):
    commands = Commands(tmp_path_factory.mktemp("commands"), DATABASE_URL=database)
    yield commands
    commands.close()


@pytest.fixture(scope="module")
def write(tmp_path_factory):
    """A function that writes a csv file of a header and rows and gives its path."""
    folder = tmp_path_factory.mktemp("files")

    def write(name, header, rows):
        path = folder / f"{name}.csv"
        path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def files(write):
    """Venues, a newer list that gives each another name, and scans: SIZE rows each."""

    def list_venues(word):
        return (f"K{row},{word} {row},cafe,{COMMUNES[row % 5]},2021-11-{1 + row % 28:02d}" for row in range(SIZE))

    scans = (f"K{row},2021-12-{1 + row % 3:02d},5,3" for row in range(SIZE))
    return {
        "first": write("first", VENUE_HEADER, list_venues("Quán")),
        "newer": write("newer", VENUE_HEADER, list_venues("Tiệm")),
        "scans": write("scans", SCAN_HEADER, scans),
    }


@pytest.fixture(scope="module")
def catalogue(database, boundary_file):
    """The communes are loaded; what is known of the indexes, keys and triggers of venue."""
    load_boundaries(boundary_file, date(2021, 11, 1))
    return read(KEYS)


KEYS = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid FROM pg_index WHERE indrelid = 'venue'::regclass
    UNION ALL
    SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE 'venue'::regclass IN (conrelid, confrelid)
    UNION ALL
    SELECT tgname, pg_get_triggerdef(oid), tgenabled = 'O' FROM pg_trigger WHERE tgrelid = 'venue'::regclass AND NOT tgisinternal
    ORDER BY 1, 2
"""
HELD = {  # how much of a file is in the database
    "first": "SELECT count(*) FROM venue WHERE code LIKE 'K%'",
    "newer": "SELECT count(*) FROM venue WHERE name LIKE 'Tiệm%'",
    "scans": "SELECT count(*) FROM scan_day",
}
LOGGED = "SELECT (SELECT count(*) FROM load_run), (SELECT count(*) FROM audit WHERE event = 'load')"
UNFINISHED = "SELECT id FROM load_run WHERE finished_at IS NULL"
MONTHS = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'scan_day'::regclass"
FORGET = {  # back to before the load of a file
    "first": "TRUNCATE venue, scan_day CASCADE; DELETE FROM load_run WHERE kind <> 'boundaries'",
    "newer": "UPDATE venue SET name = replace(name, 'Tiệm', 'Quán') WHERE name LIKE 'Tiệm%'",
    "scans": "DROP TABLE IF EXISTS scan_day_2021_12; DELETE FROM load_run WHERE kind = 'scans'",
}


def read(query):
    with db.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def forget(name):
    with db.engine().begin() as connection:
        connection.execute(sa.text(FORGET[name]))


def check_all_or_nothing(name, catalogue, logged):
    """Whether the file is loaded: all of it or nothing, and of its load nothing else is left. logged: LOGGED of before."""
    with db.loading():  # the server may yet be undoing what a process has left
        pass
    ((held,),) = read(HELD[name])
    assert held in (0, SIZE)
    assert read(KEYS) == catalogue
    ((runs, records),) = logged
    assert read(LOGGED) == [(runs + (held > 0), records + (held > 0))]
    assert read(UNFINISHED) == []
    assert name != "scans" or read(MONTHS) == [(held > 0,)], "a month is made by its first rows, and goes with them"
    return held > 0


def check_that_a_load_works(name, write):
    """With a row that was not there yet."""
    new = f"N{time.monotonic_ns()}"
    if name == "scans":
        assert load_scans(write("next", SCAN_HEADER, [f"K0,2021-12-31,9,{new[-1]}"])).rows_changed == 1
    else:
        assert load_venues(write("next", VENUE_HEADER, [f"{new},Chợ,cafe,18235,2021-11-01"])).rows_changed == 1


def spread(name, count):
    """Moments (shares of the time that a whole load takes), at random, one in each part; the last may find it done."""
    rng = random.Random(f"{SEED} {name}")
    return [0.05 + 0.8 * (place + rng.random()) / count for place in range(count)]


@pytest.mark.parametrize(("name", "count"), [("first", 9), ("newer", 6), ("scans", 5)])
def test_of_a_load_that_is_killed_all_or_nothing_is_left(commands, catalogue, files, write, name, count):
    forget("first")
    if name != "first":
        load_venues(files["first"])
    words = "load", "scans" if name == "scans" else "venues", files[name]
    logged = read(LOGGED)
    whole = commands.run(*words)
    assert whole.code == 0, whole
    assert check_all_or_nothing(name, catalogue, logged)

    codes = []
    for moment in spread(name, count):
        forget(name)
        check_that_a_load_works(name, write)
        forget(name)

        def kill(pid, moment=moment):
            time.sleep(moment * whole.seconds)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

        logged = read(LOGGED)
        ended = commands.run(*words, meanwhile=kill)
        loaded = check_all_or_nothing(name, catalogue, logged)
        codes.append(ended.code)
        assert loaded or ended.code == -signal.SIGKILL, ended
        check_that_a_load_works(name, write)
    assert codes.count(-signal.SIGKILL) > count / 2, "otherwise the moments are too late"


def wait_until_suspended():
    """Whether the keys of venue are seen to be suspended by a load within half a minute."""
    locked = "SELECT mode FROM pg_locks WHERE relation = 'venue'::regclass AND granted AND mode = 'AccessExclusiveLock'"
    ends = time.monotonic() + 30
    while not (suspended := bool(read(locked))) and time.monotonic() < ends:
        pass
    return suspended


def test_keys_that_a_killed_load_had_suspended_are_there_again(commands, catalogue, files, write):
    forget("first")
    suspended = []

    def kill(pid):
        suspended.append(wait_until_suspended())
        os.kill(pid, signal.SIGKILL)

    logged = read(LOGGED)
    ended = commands.run("load", "venues", files["first"], meanwhile=kill)
    assert (ended.code, suspended) == (-signal.SIGKILL, [True]), ended
    assert not check_all_or_nothing("first", catalogue, logged)
    check_that_a_load_works("first", write)
    assert read(KEYS) == catalogue


@pytest.fixture
def own_server(database, boundary_file, use_database, monkeypatch):
    """A private cluster of the test's own with the communes loaded: PHUQR_HOME. It is removed afterwards."""
    home = Path(tempfile.mkdtemp(prefix="phuqr-test-", dir="/var/tmp")).resolve()
    home.chmod(0o755)
    monkeypatch.setenv("PHUQR_HOME", str(home))
    cluster.up()
    use_database(cluster.url())
    db.migrate()
    load_boundaries(boundary_file, date(2021, 11, 1))
    yield home
    use_database(database)
    cluster.down()
    shutil.rmtree(home)


@pytest.mark.parametrize("moments", [(0, 0.04, 0.08, 0.12)])
def test_a_database_that_is_stopped_under_a_load_is_one_line_and_leaves_all_or_nothing(
    own_server, files, write, tmp_path, moments
):
    keys, words, codes = read(KEYS), ("load", "venues", files["first"]), []
    binaries = find_binaries(own_server / "data", cluster.status().version)
    with closing(Commands(tmp_path, PHUQR_HOME=str(own_server))) as commands:
        whole = commands.run(*words)
        assert whole.code == 0, whole
        for moment in moments:
            forget("first")
            logged = read(LOGGED)

            def stop(pid, moment=moment):
                assert wait_until_suspended()
                db.close()
                time.sleep(moment * whole.seconds)
                run_as_owner(binaries / "pg_ctl", "stop", "-m", "immediate", "-D", own_server / "data")

            ended = commands.run(*words, meanwhile=stop)
            codes.append(ended.code)
            cluster.up()
            assert check_all_or_nothing("first", keys, logged) == (ended.code == 0), ended
            if ended.code:
                assert len(ended.said.splitlines()) == 1 and ended.said.startswith("phuqr: "), ended
                assert "phuqr db status" in ended.said
            check_that_a_load_works("first", write)
    assert codes.count(1) > len(moments) / 2, "otherwise the moments are too late"
