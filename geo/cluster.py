"""The private PostgreSQL cluster, used where DATABASE_URL names no other.

The machine's own PostgreSQL on a loopback port and a data folder of ours, started when a process needs it and stopped
when the last one leaves. All of it lies in home():

    data/        the cluster, made as initdb-*/ and renamed when complete      server.log
    password     of the superuser phuqr       port         the last one used
    automatic    exists if hold() started the server, so that the last to leave stops it
    lock         held exclusively by whoever starts, stops or leaves           users.lock   held shared by each user

Only the holder of `lock` takes or tests `users.lock`, so nobody can arrive while the last to leave stops the server.
"""

import atexit
import fcntl
import os
import secrets
import shlex
import shutil
import signal
import socket
import sys
import tempfile
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psycopg2

from geo.errors import ClusterError
from geo.postgres import fault_in, find_binaries, owner, run_as_owner

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # the path of a socket may have 107 bytes, a project folder has more
    "timezone": "Asia/Ho_Chi_Minh",
    "log_timezone": "Asia/Ho_Chi_Minh",
    "jit": "off",
    "shared_buffers": "256MB",
    "max_connections": "60",
}
PATIENCE_S = 60

_holding = {}  # home -> the open users.lock; a forked child inherits it and so holds too


@dataclass(frozen=True)
class Status:
    """What `phuqr db status` shows; version is the major of the data folder, None before there is one."""

    home: Path
    running: bool
    port: int | None
    pid: int | None
    version: int | None
    automatic: bool


class _Server(NamedTuple):
    pid: int
    port: int
    state: str  # starting, ready or stopping


def home() -> Path:
    """The folder of the cluster: PHUQR_HOME, or /var/lib/phuqr for root, or .phuqr in the project."""
    if os.environ.get("PHUQR_HOME"):
        return Path(os.environ["PHUQR_HOME"]).expanduser().resolve()
    return Path("/var/lib/phuqr") if os.geteuid() == 0 else Path(__file__).resolve().parents[1] / ".phuqr"


def url(database="phuqr") -> str:
    """The SQLAlchemy address of a database of the running cluster."""
    with _refusals(home()) as folder:
        server = _server(folder)
        if server is None:
            raise ClusterError(f"The private database in {folder} is not running; type: phuqr db up")
        password = (folder / "password").read_text()
        return f"postgresql+psycopg2://phuqr:{password}@127.0.0.1:{server.port}/{database}"


def up(keep=True) -> bool:
    """Start the cluster if it is not running, made first if need be; True if this call started it.

    keep: it stays until down(), also one that was started automatically before; without, a start is automatic.
    """
    with _locked(home()) as folder:
        return _ensure(folder, keep)


def down() -> bool:
    """Stop the cluster, whoever uses it; True if it was running."""
    if not home().exists():
        return False
    with _locked(home()) as folder:
        return _stop(folder)


def status() -> Status:
    """Where the cluster is and whether it runs, without waiting for a start or stop under way."""
    with _refusals(home()) as folder:
        server = _server(folder)
        automatic = server is not None and (folder / "automatic").exists()
        port, pid = (server.port, server.pid) if server else (None, None)
        return Status(folder, server is not None, port, pid, _version(folder), automatic)


def hold() -> str:
    """url(), the cluster started if need be and kept for as long as this process lives; may be called again.

    The last holder to exit stops a cluster that was started this way. One that a signal kills stops nothing; the
    next holder to exit does.
    """
    with _locked(home()) as folder:
        if folder not in _holding:
            _holding[folder] = _open_private(folder / "users.lock")
            fcntl.flock(_holding[folder], fcntl.LOCK_SH)
            atexit.register(_release, folder)
        _ensure(folder, keep=False)
        return url()


def _release(folder):
    if not folder.exists():
        return
    try:
        with _locked(folder):
            _holding.pop(folder).close()  # not unlocked: that would let go for a forked child or parent too
            with _open_private(folder / "users.lock") as users, suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if (folder / "automatic").exists():
                    _stop(folder)
    except ClusterError as error:  # the process is ending: nobody is left to catch it
        print(error, file=sys.stderr)


def _ensure(folder, keep):
    running = _wait(folder, "ready", "stopped") is not None
    if keep:
        (folder / "automatic").unlink(missing_ok=True)
    elif not running:
        (folder / "automatic").touch()
    if not running:
        _start(folder)
    _create_database(folder)
    return not running


def _start(folder):
    for leftover in folder.glob("initdb-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if run_as_owner("test", "-x", folder).returncode:
        raise ClusterError(f"The user postgres cannot enter {folder}; open it (chmod a+x) or set PHUQR_HOME to another")
    binaries = find_binaries(folder / "data", _version(folder))
    if _version(folder) is None:
        _initdb(folder, binaries)
    _remove_foreign_pid_file(folder)
    log = folder / "server.log"
    with _open_private(log):
        os.chown(log, *owner())
    port, deadline = _number_in(folder / "port") or _free_port(), time.monotonic() + PATIENCE_S
    while True:
        read_already = log.stat().st_size
        settings = shlex.join(f"--{name}={value}" for name, value in (SETTINGS | {"port": port}).items())
        waiting = ["-w", "-t", PATIENCE_S, "-D", folder / "data", "-l", log, "-o", settings]
        result = run_as_owner(binaries / "pg_ctl", "start", *waiting)
        if result.returncode == 0:
            break
        logged = log.read_bytes()[read_already:].decode(errors="replace")
        if time.monotonic() < deadline and "Address already in use" in logged:
            port = _free_port()
        elif time.monotonic() < deadline and "pre-existing shared memory block" in logged:
            _quit_orphans(folder)
            time.sleep(0.2)
        elif _wait(folder, "ready", "stopped"):  # the start of a process that was killed meanwhile got there first
            return
        else:
            raise ClusterError(f"PostgreSQL did not start ({fault_in(logged or result.stderr)}); look into {log}")
    (folder / "port").write_text(str(port))


def _stop(folder):
    server = _server(folder)
    if server:
        with suppress(ProcessLookupError):
            os.kill(server.pid, signal.SIGINT)  # PostgreSQL's fast shutdown
        _wait(folder, "stopped")
    (folder / "automatic").unlink(missing_ok=True)
    return server is not None


def _initdb(folder, binaries):
    data, password = folder / "data", folder / "password"
    if data.exists() and any(data.iterdir()):
        raise ClusterError(f"{data} holds files but no cluster (PG_VERSION is missing or empty); move it away")
    with _open_private(password, "w") as file:
        os.chown(password, *owner())
        file.write(secrets.token_urlsafe(32))
        file.flush()
        os.fsync(file.fileno())  # a cluster that outlives a power cut without its password is lost
    unfinished = Path(tempfile.mkdtemp(prefix="initdb-", dir=folder))
    os.chown(unfinished, *owner())
    access = ["--username=phuqr", f"--pwfile={password}", "--auth=scram-sha-256"]
    result = run_as_owner(binaries / "initdb", "-D", unfinished, *access, "--encoding=UTF8", "--locale=C.UTF-8")
    if result.returncode:
        raise ClusterError(
            f"No cluster could be made in {folder} ({fault_in(result.stderr)}); see to that and try again"
        )
    unfinished.rename(data)


def _create_database(folder):
    try:
        connection = psycopg2.connect(url("postgres").replace("+psycopg2", ""), connect_timeout=10)
    except psycopg2.OperationalError as error:
        raise ClusterError(
            f"The private database lets nobody in ({fault_in(str(error))}); look into {folder}"
        ) from error
    with closing(connection), connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'phuqr'")
        if cursor.fetchone() is None:
            cursor.execute("CREATE DATABASE phuqr TEMPLATE template0")


def _server(folder):
    """The living postmaster of this folder, or None, whatever a stale pid file says."""
    with suppress(FileNotFoundError, ValueError, IndexError):
        # Line 1 is the pid (negative: postgres --single), 4 the port, 8 the state (miscadmin.h, LOCK_FILE_LINE_*).
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
        pid, port = abs(int(lines[0])), int(lines[3])
        if _is_postmaster(pid, folder / "data"):
            return _Server(pid, port, lines[7].strip() if len(lines) > 7 else "starting")
    return None


def _is_postmaster(pid, data):
    # The command line first, since it is open to all: the cwd may be refused, see _quit_orphans.
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if os.path.basename(words[0]) == b"postgres":
            return os.fsencode(data) in words or os.readlink(f"/proc/{pid}/cwd") == str(data)
    return False


def _wait(folder, *states):
    """The server, None if stopped, once it is in one of these states; a killed starter leaves it in between."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        server = _server(folder)
        state = server.state if server else "stopped"
        if state in states:
            return server
        if time.monotonic() > deadline:
            raise ClusterError(f"The private database is still {state}; wait, or look into {folder / 'server.log'}")
        time.sleep(0.05)


def _remove_foreign_pid_file(folder):
    """Remove a pid file that names a living process other than a postmaster of ours: PostgreSQL would refuse to start.

    One that names a dead process is left to PostgreSQL, which checks more before it replaces it.
    """
    pid_file = folder / "data" / "postmaster.pid"
    if pid_file.exists() and _server(folder) is None:
        pid = pid_file.read_text().partition("\n")[0]
        if not pid.isdigit() or Path(f"/proc/{pid}").exists():
            pid_file.unlink()


def _quit_orphans(folder):
    """End the backends of a postmaster that was killed: in a long statement one works on and keeps a new server out."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            backend = (process / "cmdline").read_bytes().startswith(b"postgres: ")
            # Its owner is asked: root in a container may be refused the cwd of another user's process.
            if backend and run_as_owner("readlink", process / "cwd").stdout.strip() == str(folder / "data"):
                os.kill(int(process.name), signal.SIGQUIT)


def _version(folder):
    return _number_in(folder / "data" / "PG_VERSION")


def _number_in(file):
    """The whole number that a file holds; None if it is missing or, after a power cut, empty."""
    with suppress(FileNotFoundError, ValueError):
        return int(file.read_text())
    return None


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _open_private(path, mode="a"):
    return open(path, mode, opener=lambda name, flags: os.open(name, flags, 0o600))


@contextmanager
def _locked(folder):
    """The folder, made if it is missing, while no other process or thread starts, stops or leaves the cluster."""
    with _refusals(folder):
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755 if os.geteuid() == 0 else 0o700)
        with _open_private(folder / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder


@contextmanager
def _refusals(folder):
    try:
        yield folder
    except OSError as error:
        reason = f"{error.filename or folder}: {error.strerror}"
        raise ClusterError(f"The private database fails ({reason}); mend that or set PHUQR_HOME elsewhere") from error
