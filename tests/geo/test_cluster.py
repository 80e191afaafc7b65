"""The private cluster on the real PostgreSQL of this machine, in homes of its own that are removed afterwards."""

import fcntl
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg2
import pytest

from geo import cluster, postgres
from geo.errors import ClusterError

PROJECT = Path(cluster.__file__).resolve().parents[1]
AS_ROOT = os.geteuid() == 0
OWNER = pwd.getpwnam("postgres") if AS_ROOT else pwd.getpwuid(os.geteuid())
HOLD = "import sys; from geo import cluster; cluster.hold(); print(cluster.hold(), flush=True); sys.stdin.read()"


@pytest.fixture(scope="module")
def base():
    """A folder that the user postgres can enter, which pytest's tmp_path is not for root."""
    folder = Path(tempfile.mkdtemp(prefix="phuqr-test-", dir="/var/tmp")).resolve()
    folder.chmod(0o755)
    yield folder
    for home in folder.iterdir():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PHUQR_HOME", str(home))
            cluster.down()
    shutil.rmtree(folder)


@pytest.fixture
def fresh(base, monkeypatch, request):
    """PHUQR_HOME is a folder that does not exist yet."""
    folder = base / request.node.name.replace("/", "-")
    monkeypatch.setenv("PHUQR_HOME", str(folder))
    yield folder
    cluster.down()


@pytest.fixture
def running(base, monkeypatch):
    """PHUQR_HOME is the home that most tests share; its cluster runs, to stay."""
    monkeypatch.setenv("PHUQR_HOME", str(base / "shared"))
    cluster.up()
    return base / "shared"


@pytest.fixture
def stopped(running):
    cluster.down()
    return running


def query(sql, database="phuqr"):
    with closing(psycopg2.connect(cluster.url(database).replace("+psycopg2", ""))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None


def python(code, **options):
    """Another process of the product; what it reads is closed, and it is waited for, where a with statement ends."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, **pipes, **options)


@contextmanager
def holder():
    """A process that holds the cluster until the with statement ends."""
    with python(HOLD) as process:
        yield process, process.stdout.readline().strip()
        process.stdin.close()
        assert process.wait() in (0, -signal.SIGKILL)


@contextmanager
def sleeper(**options):
    """A living process of the cluster's user that is no PostgreSQL."""
    as_owner = {"user": OWNER.pw_uid, "group": OWNER.pw_gid, "extra_groups": []} if AS_ROOT else {}
    with subprocess.Popen(["sleep", "600"], **as_owner, **options) as process:
        try:
            yield process
            assert process.poll() is None
        finally:
            process.kill()


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def write_pid_file(home, pid):
    pid_file = home / "data" / "postmaster.pid"
    pid_file.write_text(f"{pid}\n{home}/data\n1600000000\n5432\n\n127.0.0.1\n  1234567     98765\nready   \n")
    os.chown(pid_file, OWNER.pw_uid, OWNER.pw_gid)


def owner_and_mode(path):
    return path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)


# --- a new cluster ---------------------------------------------------------------------------------------------------


def test_first_start_from_a_folder_the_owner_may_not_enter(fresh, tmp_path, monkeypatch):
    assert cluster.status() == cluster.Status(fresh, False, None, None, None, False)
    tmp_path.chmod(0o700)
    with python("from geo import cluster; print(cluster.up())", cwd=tmp_path) as process:
        assert process.communicate()[0] == "True\n"
    status = cluster.status()
    assert (status.running, status.automatic) == (True, False)
    assert str(status.version) == (fresh / "data" / "PG_VERSION").read_text().strip()
    assert cluster.url().endswith(f"@127.0.0.1:{status.port}/phuqr")
    monkeypatch.chdir(tmp_path)
    assert postgres.run_as_owner("pwd").stdout == "/\n"  # some releases of PostgreSQL start all the same


def test_second_start_changes_nothing(running):
    before = cluster.status()
    assert cluster.up() is False
    assert cluster.status() == before


def test_text_is_utf8_and_settings_are_ours(running):
    assert query("SELECT 'Thừa Thiên Huế', length('Huế')") == [("Thừa Thiên Huế", 3)]
    encodings = query("SELECT datname, pg_encoding_to_char(encoding), datcollate FROM pg_database")
    assert {row[1:] for row in encodings} == {("UTF8", "C.UTF-8")}
    assert "phuqr" in {row[0] for row in encodings}
    names = ["TimeZone", "jit", "shared_buffers", "max_connections", "fsync", "is_superuser", "password_encryption"]
    assert [query(f"SHOW {name}")[0][0] for name in names] == [
        "Asia/Ho_Chi_Minh", "off", "256MB", "60", "on", "on", "scram-sha-256",
    ]  # fmt: skip


def test_files_belong_to_the_owner_alone(running):
    for name, mode in {"data": 0o700, "password": 0o600, "server.log": 0o600}.items():
        assert owner_and_mode(running / name) == (OWNER.pw_uid, mode), name
    assert Path(f"/proc/{cluster.status().pid}").stat().st_uid == OWNER.pw_uid
    assert len((running / "password").read_text()) > 30


def test_a_normal_user_owns_everything(fresh, monkeypatch):
    home = fresh / "home"
    monkeypatch.setenv("PHUQR_HOME", str(home))

    def check():
        assert cluster.up() is True
        assert query("SELECT 1") == [(1,)]
        assert owner_and_mode(home) == (os.geteuid(), 0o700)
        for name, mode in {"data": 0o700, "password": 0o600, "server.log": 0o600, "lock": 0o600}.items():
            assert owner_and_mode(home / name) == (os.geteuid(), mode), name
        assert cluster.down() is True

    if not AS_ROOT:
        return check()
    fresh.mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(fresh, nobody.pw_uid, nobody.pw_gid)
    child = os.fork()  # not a new interpreter: this one may lie where nobody cannot enter
    if child == 0:
        verdict = 1
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            check()
            verdict = 0
        finally:
            os._exit(verdict)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_only_the_password_opens_it(running):
    port = cluster.status().port
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(host="127.0.0.1", port=port, user="phuqr", password="guess", dbname="phuqr")
    with pytest.raises(psycopg2.OperationalError, match="no password supplied"):
        psycopg2.connect(host="127.0.0.1", port=port, user="phuqr", dbname="phuqr", passfile=os.devnull)
    assert {row[0] for row in query("SELECT auth_method FROM pg_hba_file_rules")} == {"scram-sha-256"}


def test_it_listens_on_loopback_only(running):
    port = f":{cluster.status().port:04X}"
    tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    sockets = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()]
    listening = [fields[1] for fields in sockets if fields[1].endswith(port) and fields[3] == "0A"]
    assert listening == [f"0100007F{port}"]
    assert f".s.PGSQL.{cluster.status().port}" not in Path("/proc/net/unix").read_text()


def test_an_initdb_killed_half_way_leaves_nothing_behind(fresh):
    with python("from geo import cluster; cluster.up()", start_new_session=True) as process:
        wait_until(lambda: list(fresh.glob("initdb-*/PG_VERSION")))
        os.killpg(process.pid, signal.SIGKILL)
    assert list(fresh.glob("initdb-*")) and not (fresh / "data").exists()
    assert cluster.status().version is None
    assert cluster.up() is True
    assert query("SELECT 1") == [(1,)]
    assert list(fresh.glob("initdb-*")) == []


def test_a_data_folder_that_is_no_cluster_is_left_alone(fresh):
    (fresh / "data").mkdir(parents=True)
    (fresh / "data" / "PG_VERSION").touch()
    (fresh / "password").write_text("keep")
    with pytest.raises(ClusterError, match="holds files but no cluster"):
        cluster.up()
    assert (fresh / "password").read_text() == "keep"


def test_a_home_out_of_reach_is_said(fresh):
    fresh.mkdir()
    fresh.chmod(0o700 if AS_ROOT else 0o500)
    with pytest.raises(ClusterError, match="(cannot enter|Permission denied).*PHUQR_HOME"):
        cluster.up()
    fresh.chmod(0o755)


def test_home_follows_the_environment_and_the_user(monkeypatch):
    monkeypatch.setenv("PHUQR_HOME", "/elsewhere")
    assert cluster.home() == Path("/elsewhere")
    monkeypatch.delenv("PHUQR_HOME")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert cluster.home() == Path("/var/lib/phuqr")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert cluster.home() == PROJECT / ".phuqr"


# --- start and stop --------------------------------------------------------------------------------------------------


def test_a_restart_keeps_rows_and_port(running):
    query("CREATE TABLE kept AS SELECT 'Phú Lộc' AS name")
    port = cluster.status().port
    assert (cluster.down(), cluster.down()) == (True, False)
    assert (cluster.status().running, cluster.status().port) == (False, None)
    with pytest.raises(ClusterError, match="type: phuqr db up"):
        cluster.url()
    assert cluster.up() is True
    assert cluster.status().port == port
    assert query("SELECT name FROM kept") == [("Phú Lộc",)]


def test_a_dropped_database_comes_back(running):
    query("DROP DATABASE phuqr WITH (FORCE)", "postgres")
    assert cluster.up() is False
    assert query("SELECT current_database()") == [("phuqr",)]


def test_a_taken_port_is_replaced(stopped):
    last = int((stopped / "port").read_text())
    with socket.create_server(("127.0.0.1", last)):
        assert cluster.up() is True
        assert cluster.status().port != last


def test_a_port_taken_between_choice_and_start_is_replaced(stopped, monkeypatch):
    (stopped / "port").unlink()
    free_port = cluster._free_port
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        answers = iter([taken, taken])
        monkeypatch.setattr(cluster, "_free_port", lambda: next(answers, None) or free_port())
        assert cluster.up() is True
        assert cluster.status().port != taken


def test_a_pid_file_of_a_dead_process(stopped):
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    write_pid_file(stopped, dead.pid)
    assert cluster.status().running is False
    assert cluster.up() is True
    assert cluster.status().pid != dead.pid


@pytest.mark.parametrize("cwd", ["/", "data"])
def test_a_pid_file_of_another_living_process(stopped, cwd):
    with sleeper(cwd=stopped / cwd) as process:
        write_pid_file(stopped, process.pid)
        assert cluster.status().running is False
        assert cluster.down() is False
        assert cluster.up() is True
        assert cluster.status().pid != process.pid


@pytest.mark.parametrize("content", ["", "\0\0\0\n"])
def test_a_pid_file_damaged_by_a_power_cut(stopped, content):
    (stopped / "data" / "postmaster.pid").write_text(content)
    assert cluster.up() is True


def test_a_server_killed_in_mid_write_keeps_what_was_committed(running):
    query("CREATE TABLE written (n bigint)")
    query("INSERT INTO written SELECT generate_series(1, 1000)")

    slow_row = "md5(repeat('x', 200000) || n) <> ''"  # a busy backend that does not notice, and that fills no disk

    def write():
        with suppress(psycopg2.OperationalError):
            query(f"INSERT INTO written SELECT n FROM generate_series(1001, 100000) AS n WHERE {slow_row}")

    writer = threading.Thread(target=write)
    writer.start()
    size = query("SELECT pg_table_size('written')")
    wait_until(lambda: query("SELECT pg_table_size('written')") > size)
    assert query("SELECT state FROM pg_stat_activity WHERE query LIKE 'INSERT%'") == [("active",)]
    killed = cluster.status().pid
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: not cluster.status().running)
    assert cluster.up() is True
    writer.join(timeout=20)
    assert not writer.is_alive()
    assert cluster.status().pid != killed
    assert query("SELECT count(*), max(n) FROM written") == [(1000, 1000)]


def test_a_server_that_is_still_stopping_is_waited_for(running):
    with closing(psycopg2.connect(cluster.url().replace("+psycopg2", ""))) as connection:
        pid = cluster.status().pid
        os.kill(pid, signal.SIGTERM)  # smart shutdown: waits for this connection
        wait_until(lambda: "stopping" in (running / "data" / "postmaster.pid").read_text())
        threading.Timer(0.5, connection.close).start()
        assert cluster.up() is True
    assert cluster.status().pid != pid
    assert query("SELECT 1") == [(1,)]


def test_data_of_another_major_version_is_refused_untouched(stopped):
    def content():
        files = sorted((stopped / "data").rglob("*"))
        return {str(file): (file.stat().st_size, file.stat().st_mtime_ns) for file in files}

    mine = cluster.status().version
    version_file = stopped / "data" / "PG_VERSION"
    version_file.write_text("14\n")
    before = content()
    with pytest.raises(ClusterError, match=rf"PostgreSQL 14.*\b{mine}\b.*postgresql-14 postgresql-14-postgis-3"):
        cluster.up()
    assert cluster.status().version == 14
    assert content() == before
    version_file.write_text(f"{mine}\n")
    assert cluster.up() is True


def test_a_failed_start_says_why_and_where_the_log_is(stopped, monkeypatch):
    monkeypatch.setitem(cluster.SETTINGS, "max_connections", "many")
    with pytest.raises(ClusterError, match='invalid value for parameter "max_connections".*server.log') as caught:
        cluster.up()
    assert "\n" not in str(caught.value)
    assert cluster.status().running is False


@pytest.mark.parametrize("major", [14, 97])
def test_binaries_are_those_of_pg_config_if_new_enough(fresh, base, monkeypatch, major):
    real = postgres.find_binaries(fresh / "data", None)
    sharedir = subprocess.run([real / "pg_config", "--sharedir"], capture_output=True, text=True, check=True).stdout
    fake = base / f"pg_config-{major}" / "pg_config"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\nprintf '%s\\n' 'PostgreSQL {major}.2' '{real}' '{sharedir.strip()}'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(postgres, "DEBIAN_PG_CONFIG", "/nonexistent/*/pg_config")
    if major < 15:
        with pytest.raises(ClusterError, match="^PostgreSQL 15 or newer .* is not installed; type: sudo apt-get"):
            cluster.up()
    else:
        assert cluster.up() is True


def test_ctrl_c_in_the_starting_process_leaves_the_server(stopped):
    code = """if True:
        import signal, time
        from geo import cluster
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job is started with it ignored
        print(cluster.up(), flush=True)
        time.sleep(20)
    """
    with python(code, start_new_session=True, stderr=subprocess.DEVNULL) as process:
        assert process.stdout.readline() == "True\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait() != 0
    assert query("SELECT 1") == [(1,)]


# --- several processes -----------------------------------------------------------------------------------------------


def test_four_at_once_start_one_server(fresh):
    processes = [python("from geo import cluster; print(cluster.up(), cluster.url())") for _ in range(4)]
    said = [process.communicate()[0].split() for process in processes]
    assert sorted(word for word, _ in said) == ["False", "False", "False", "True"]
    assert {address for _, address in said} == {cluster.url()}


def test_the_last_one_out_stops_it(stopped):
    with holder() as (_, first):
        with holder() as (_, second):
            assert first == second == cluster.url()
            assert cluster.status().automatic is True
        assert cluster.status().running is True
        assert query("SELECT 1") == [(1,)]
    assert cluster.status().running is False
    assert not (stopped / "automatic").exists()


def test_a_cluster_started_to_stay_is_not_stopped(running):
    before = cluster.status()
    with holder():
        pass
    assert cluster.status() == before


def test_up_turns_an_automatic_start_into_one_that_stays(stopped):
    with holder():
        assert cluster.up() is False
        assert cluster.status().automatic is False
    assert cluster.status().running is True


def test_an_automatic_start_by_up_ends_with_the_next_holder(stopped):
    assert cluster.up(keep=False) is True
    with holder():
        pass
    assert cluster.status().running is False


def test_a_killed_holder_leaves_it_to_the_next(stopped):
    with holder() as (process, _):
        process.kill()
        process.wait()
    assert cluster.status().running is True
    with holder():
        pass
    assert cluster.status().running is False


def test_a_holder_gets_a_server_back_that_was_stopped_meanwhile(stopped):
    with python(HOLD.replace("cluster.hold();", "cluster.hold(); cluster.down();")) as process:
        assert process.stdout.readline().strip() == cluster.url()
    assert process.returncode == 0
    assert cluster.status().running is False


def test_leaving_waits_for_whoever_starts_or_stops(stopped):
    with python(HOLD) as process:
        process.stdout.readline()
        with open(stopped / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            process.stdin.close()
            time.sleep(0.5)
            assert process.poll() is None
            assert cluster.status().running is True
    assert cluster.status().running is False


def test_a_forked_child_does_not_stop_the_server_of_its_parent(stopped):
    code = """if True:
        import os, sys
        from geo import cluster
        cluster.hold()
        child = os.fork()
        if child == 0:
            sys.exit()
        os.waitpid(child, 0)
        print(cluster.status().running, flush=True)
        sys.stdin.read()
    """
    with python(code) as process:
        assert process.stdout.readline() == "True\n"
    assert cluster.status().running is False


def test_comers_and_goers_never_meet_a_stopped_server(stopped):
    code = """if True:
        import psycopg2
        from geo import cluster
        connection = psycopg2.connect(cluster.hold().replace("+psycopg2", ""))
        connection.cursor().execute("SELECT 1")
    """
    failures = []

    def come_and_go():
        for _ in range(6):
            with python(code) as process:
                process.communicate()
            failures.extend([process.returncode] if process.returncode else [])

    comers = [threading.Thread(target=come_and_go) for _ in range(3)]
    for comer in comers:
        comer.start()
    for comer in comers:
        comer.join()
    assert failures == []
    assert cluster.status().running is False
