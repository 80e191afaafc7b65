"""The machine's own PostgreSQL: whose it is, where its programs are, and what they say."""

import glob
import os
import pwd
import re
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from geo.errors import ClusterError

OLDEST_MAJOR = 15
NOT_INSTALLED = (
    "PostgreSQL 15 or newer with PostGIS is not installed; type: sudo apt-get install postgresql postgresql-postgis"
)
DEBIAN_PG_CONFIG = "/usr/lib/postgresql/*/bin/pg_config"


def find_binaries(data, version):
    """The folder of initdb and pg_ctl of the major `version` that made `data`; of the newest one if that is None.

    Only installations with PostGIS count. ClusterError says what to install where none will do.
    """
    installed = {}
    for pg_config in [shutil.which("pg_config") or "pg_config", *glob.glob(DEBIAN_PG_CONFIG)]:
        with suppress(OSError):
            said = run_as_owner(pg_config, "--version", "--bindir", "--sharedir").stdout.splitlines()
            needed = [Path(said[1], "initdb"), Path(said[2], "extension/postgis.control")] if len(said) == 3 else []
            if needed and all(file.exists() for file in needed):
                installed[int(re.search(r"\d+", said[0])[0])] = Path(said[1])
    if version in installed:
        return installed[version]
    if version:
        raise ClusterError(
            f"{data} was made by PostgreSQL {version}, and this machine has with PostGIS only version "
            f"{', '.join(map(str, sorted(installed))) or 'none'}; type: sudo apt-get install postgresql-{version} "
            f"postgresql-{version}-postgis-3, or dump it where {version} is installed and restore it here"
        )
    if max(installed, default=0) < OLDEST_MAJOR:
        raise ClusterError(NOT_INSTALLED)
    return installed[max(installed)]


def fault_in(text):
    """The last line that names a fault, or else the last line, without the time and process in front."""
    lines = text.strip().splitlines() or ["nothing was said"]
    faults = [line for line in lines if re.search("FATAL|PANIC|error:", line)]
    return re.sub(r"^.*(FATAL|PANIC|error): +", "", (faults or lines)[-1])


def owner():
    """(uid, gid) of the cluster: our own, or as root, which PostgreSQL refuses to run as, those of postgres."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    try:
        return pwd.getpwnam("postgres")[2:4]
    except KeyError as error:
        raise ClusterError(NOT_INSTALLED) from error


def run_as_owner(*command):
    """Run a program as the owner and give its CompletedProcess, whatever it returned.

    In /, since the owner may not enter our folder, and in English, since we read what is said.
    """
    uid, gid = owner()
    as_owner = {"user": uid, "group": gid, "extra_groups": []} if os.geteuid() == 0 else {}
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    words = [str(word) for word in command]
    return subprocess.run(
        words, cwd="/", env=environment, umask=0o077, capture_output=True, text=True, check=False, **as_owner
    )
