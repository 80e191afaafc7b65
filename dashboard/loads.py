"""Loads begun in the browser: an uploaded file in a folder of its own, and `phuqr load` run on it as a process.

The dashboard can neither write rows nor import the loaders: the command does that, in the account's name and scope.
"""

import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import unicodedata
import weakref
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from geo.errors import PhuqrError

COMMAND = [sys.executable, "-m", "phuqr", "load"]
LONGEST = 20 * 60  # seconds that a load may take
LARGEST = 200  # MB that a file may have
FIRST = 20  # findings of a rule that are kept to be shown
NAMED = "unknown_commune"  # the rule whose values are names that a person may tell the meaning of
_log = logging.getLogger("phuqr.loads")


SUFFIXES = ["csv", "tsv", "xlsx", "xls", "ods"]
# Kinds by the command's names, in the order in which a province loads them.
KINDS = ("boundaries", "unit-changes", "register", "venues", "scans", "visits", "inspections", "population", "staff", "assessments", "aliases")
OF_PROVINCES = (
    "boundaries",
    "unit-changes",
)  # not of communes that an account sees or not: the command takes them from no account
OF_COMMUNES = tuple(kind for kind in KINDS if kind not in OF_PROVINCES)
WITH_VINTAGE = ("register", "population", "aliases")  # whose rows have no day to find the units in force by


class LoadError(PhuqrError):
    """A load that could not be run to its end; `why`: busy, slow, changed, database or failed."""

    def __init__(self, why, said=""):
        super().__init__(f"a load from the browser: {why} {said}".strip())
        self.why = why


_PREFIX = "phuqr-load-"


class Spool:
    """A folder that only this server's user may enter, gone with the object (the session's state) or the process.

    What a process that was killed has left is removed by the next one that makes a folder.
    """

    def __init__(self):
        _remove_left_over()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        self.remove = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def keep(self, name, data):
        """Write what was uploaded, alone in a folder of its own; the path, named as the file was as far as is safe."""
        path = Path(tempfile.mkdtemp(dir=self.folder), safe_name(name))
        path.write_bytes(data)
        path.chmod(0o400)
        return path


def _remove_left_over():
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}[0-9]*-*"):
        process = int(re.match("[0-9]{1,9}", folder.name.removeprefix(_PREFIX))[0])
        with suppress(OSError):
            if folder.lstat().st_uid == os.getuid() and not _is_running(process):
                shutil.rmtree(folder)


def _is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def safe_name(name):
    """The last part of a file's name, of letters, digits, blanks and ._- only, at most 80 of them, its suffix kept."""
    last = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    stem, dot, suffix = last.rpartition(".")
    stem = re.sub(r"[^\w .-]", "_", stem if dot else last).strip(" .-")[:80]
    suffix = re.sub(r"[^a-z0-9]", "", suffix.lower())[:10] if dot else ""
    return f"{stem or 'tep'}.{suffix}" if suffix else stem or "tep"


def sha256(path):
    """The digest by which the file that was checked is told from another."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Rule:
    """What one rule found. first: the first findings, as the command tells them; spellings: of NAMED, value -> remedy."""

    rule: str
    refused: bool
    reason: str
    count: int
    first: tuple[dict, ...]
    spellings: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class Result:
    """What the command told of one file: its object without the findings, and these by rule, refusals first."""

    told: dict
    rules: tuple[Rule, ...] = ()

    def __getitem__(self, name):
        """A value of the object; 0 or nothing where a file was refused before its rows were read."""
        return self.told.get(name, () if name in _LISTS else 0 if name in _NUMBERS else None)

    def is_unread(self):
        """Whether the file was refused before all its rows were read: for its headers, its format or personal data."""
        return bool(self["error"]) and "rows_in" not in self.told


_LISTS = {"ignored", "notes", "communes", "restated"}
_NUMBERS = {"rows_in", "rows_loaded", "rows_refused", "rows_changed", "rows_taken_back", "rows_kept", "warnings"}


def run_load(kind, path, account, *, dry_run=False, findings=None, mapping=None, vintage=None):
    """Run `phuqr load` on a file in an account's name; the Result.

    findings, mapping: paths of the file of findings to write and of a --map file; vintage: a date.
    LoadError where another load of the account runs, this one took too long or told nothing, or the database is away.
    """
    if kind not in OF_COMMUNES:
        raise ValueError(f"there is no kind of load {kind}")
    words = [*COMMAND, kind, str(path), f"--as={account}", "--json"]
    options = {"findings": findings, "map": mapping, "vintage": vintage}
    words += ["--dry-run"] * dry_run + [f"--{name}={value}" for name, value in options.items() if value]
    with _one_at_a_time(account):
        return read_result(*_run(words))


_running, _guard = set(), threading.Lock()


@contextmanager
def _one_at_a_time(account):
    with _guard:
        if account in _running:
            raise LoadError("busy")
        _running.add(account)
    try:
        yield
    finally:
        with _guard:
            _running.discard(account)


def _run(words):
    """What the process printed and what it complained of; it ends with the server, and after LONGEST."""
    ends = monotonic() + LONGEST
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, env=os.environ | {"PYTHONIOENCODING": "utf-8"}, **pipes) as process:
        while True:
            try:
                printed, complained = process.communicate(timeout=0.5)
                return printed.decode(errors="replace"), complained.decode(errors="replace"), process.returncode
            except subprocess.TimeoutExpired:
                # A server that is told to stop waits for its threads: the transaction of a load is then undone
                if monotonic() > ends or not threading.main_thread().is_alive():
                    process.kill()
                    process.communicate()
                    raise LoadError("slow", f"{' '.join(words[3:5])} was ended") from None


def read_result(printed, complained="", code=0):
    """The Result of what the command printed; LoadError where that is no object of a load."""
    if complained.strip():
        _log.info("%s", complained.strip()[:2000])
    try:
        told = json.loads(printed)
        findings = told.pop("findings", [])
        error = told.get("error")
    except (ValueError, AttributeError, TypeError):
        error, told = None, None
    if told is None or (code and not error):
        raise LoadError("failed", f"exit {code}: {complained.strip()[-500:]}")
    if told.get("error_type") == "DatabaseError":
        raise LoadError("database", error)
    return Result(told, _by_rule(findings))


def _by_rule(findings):
    rules = {}
    for found in findings:
        rules.setdefault((not found["refused"], found["rule"]), []).append(found)
    found = sorted(rules.items(), key=lambda item: (item[0][0], -len(item[1])))
    return tuple(
        Rule(rule, not kept, of[0]["reason"], len(of), tuple(of[:FIRST]), _spellings(of) if rule == NAMED else {})
        for (kept, rule), of in found
    )


def _spellings(findings):
    return {found["value"]: found["remedy"] for found in findings if found["value"]}


class Offered:
    """A file that one account may take away under a token, as long as the session's state holds this object."""

    def __init__(self, account, path, name):
        self.account, self.path, self.name = account, path, name
        self.token = secrets.token_urlsafe(24)
        _offered[self.token] = self


_offered = weakref.WeakValueDictionary()  # token -> Offered


def find_offered(token, account):
    """The Offered of a token where it is that account's and its file is still there; None otherwise."""
    found = _offered.get(token)
    return found if found and found.account == account and found.path.is_file() else None
