"""How fast large files load, beside tools that check nothing: the command `phuqr bench load`.

500,000 venues by `phuqr load` and by ogr2ogr, and 5,000,000 venue-days by `phuqr load` and by a bare COPY, each into a
database of its own on the same server, with the communes at hand. The two sides go in turn, AB BA, as whole processes; the
cost is the median of the pairs' ratios. What a process takes before it begins to read is in its time.
"""

import json
import multiprocessing
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg2
import pyarrow as pa
import pyarrow.csv
import shapely
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from geo import db
from geo.accounts import operator_scope
from geo.errors import PhuqrError
from geo.schema import GATE, VIEWER
from geo.units import list_vintages, vintage_in_force

VENUES, DAYS = 500_000, 10
LIMITS = {"venues": 1.0, "scans": 3.0}
MOST_MB = 1000
_COMMUNES = """
    SELECT c.code AS commune_code, c.name AS commune_name, d.code AS district_code, d.name AS district_name,
           p.code AS province_code, p.name AS province_name, c.geom
    FROM admin_unit c
    LEFT JOIN admin_unit d ON d.vintage = c.vintage AND d.code = c.parent_code AND d.level = 2
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = coalesce(d.parent_code, c.parent_code)
    WHERE c.vintage = :vintage AND c.level = 3
"""
_KINDS = "Trụ sở làm việc", "Quán ăn uống phục vụ tại chỗ", "Quán cà phê"
_OPENED, _SCANNED = np.datetime64("2021-10-01"), np.datetime64("2021-12-01")


@dataclass(frozen=True)
class LoadMeasure:
    """A file's load beside another tool's import of it: medians in seconds, and of the ratios; the largest peak in MB."""

    name: str
    rows: int
    seconds: float
    beside: str
    beside_seconds: float
    ratio: float
    limit: float
    peak_mb: int
    peak_limit_mb: int = MOST_MB


def run_load_bench(pairs, as_json):
    """Measure and print; PhuqrError where something is above its limit."""
    ogr2ogr = shutil.which("ogr2ogr")
    if ogr2ogr is None:
        raise PhuqrError("venues are loaded beside ogr2ogr; type: apt-get install gdal-bin")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phuqr-bench-")))
        # In a process of its own, since Linux counts what a process held before exec to its child's peak
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as beside:
            files = beside.submit(write_files, folder).result()
        make = stack.enter_context(making_databases())
        empty = make()
        run_phuqr(empty, "db", "migrate")
        run_phuqr(
            empty, "load", "boundaries", folder / "communes.gpkg", "--vintage", "2021-11-01", "--max-refused", "100"
        )
        filled = make(empty)
        run_phuqr(filled, "load", "venues", files["venues"])
        found = [
            compare("venues", VENUES, "ogr2ogr", pairs, empty, make,
                    lambda url: run_phuqr(url, "load", "venues", files["venues"]),
                    lambda url: import_venues(ogr2ogr, url, files["venues"])),
            compare("scans", VENUES * DAYS, "COPY", pairs, filled, make,
                    lambda url: run_phuqr(url, "load", "scans", files["scans"]),
                    lambda url: copy_scans(url, files["scans"])),
        ]  # fmt: skip
    if as_json:
        print(json.dumps({"pairs": pairs, "measures": [asdict(each) for each in found]}))
    else:
        _print(found)
    above = [f"{each.name}: {each.ratio:.2f}" for each in found if each.ratio > each.limit]
    above += [f"{each.name}: {each.peak_mb} MB" for each in found if each.peak_mb > each.peak_limit_mb]
    if above:
        raise PhuqrError(f"above the limit: {'; '.join(above)}")


def compare(name, rows, beside, pairs, template, make, ours, theirs):
    """The LoadMeasure of two sides: functions of a database's address, made from `template` for each run.

    ours gives the seconds and the peak in MB, theirs the seconds.
    """
    taken = []
    for number in range(pairs):
        pair = {}
        for side in (ours, theirs) if number % 2 else (theirs, ours):
            with make.fresh(template) as url:
                pair[side] = side(url)
        taken.append((*pair[ours], pair[theirs]))
    seconds, peaks, others = zip(*taken, strict=True)
    ratio = median(own / other for own, other in zip(seconds, others, strict=True))
    return LoadMeasure(
        name,
        rows,
        round(median(seconds), 2),
        beside,
        round(median(others), 2),
        round(ratio, 3),
        LIMITS[name],
        max(peaks),
    )


def run_phuqr(url, *words):
    """Seconds and the peak resident memory in MB of the command in a process of its own; PhuqrError where it fails."""
    return _run([sys.executable, "-m", "phuqr", *map(str, words)], os.environ | {"DATABASE_URL": url})


def import_venues(ogr2ogr, url, path):
    """Seconds that ogr2ogr takes to make a table with points of the file, as it does unasked: by COPY, with an index on them."""
    at = sa.make_url(url)
    parts = {"dbname": at.database, "host": at.host or at.query.get("host"), "port": at.port, "user": at.username}
    target = "PG:" + " ".join(f"{name}='{value}'" for name, value in parts.items() if value)
    points = ["-oo", "X_POSSIBLE_NAMES=lon", "-oo", "Y_POSSIBLE_NAMES=lat", "-a_srs", "EPSG:4326"]
    words = [ogr2ogr, "-f", "PostgreSQL", target, str(path), "-nln", "unchecked", *points]
    return _run(words, os.environ | {"PGPASSWORD": at.password or ""})[0]


def copy_scans(url, path):
    """Seconds that COPY takes to put the file into a table without keys."""
    began = time.perf_counter()
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor, open(path, "rb") as file:
        cursor.execute("CREATE TABLE unchecked (venue_code text, day date, scans integer, people integer)")
        cursor.copy_expert("COPY unchecked FROM STDIN WITH (FORMAT csv, HEADER)", file, size=1 << 20)
    connection.close()
    return time.perf_counter() - began


def _run(words, environment):
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            words, env=environment, stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        if process.returncode:
            said.seek(0)
            raise PhuqrError(f"{Path(words[0]).name} failed: {said.read()[-300:].decode(errors='replace').strip()}")
    return seconds, used.ru_maxrss // 1024


class _Databases:
    def __init__(self, url):
        self._url, self._names = url, []
        self._server = sa.create_engine(url, isolation_level="AUTOCOMMIT")

    def __call__(self, template="template0"):
        """The address of a new database, like another one whose address is given."""
        name = f"phuqr_bench_{os.getpid()}_{secrets.token_hex(4)}"
        like = sa.make_url(template).database if "://" in template else template
        with self._server.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {like} ENCODING 'UTF8' STRATEGY FILE_COPY")
        self._names.append(name)
        return self._url.set(database=name, drivername="postgresql").render_as_string(hide_password=False)

    @contextmanager
    def fresh(self, template):
        url = self(template)
        try:
            yield url
        finally:
            self.drop(sa.make_url(url).database)

    def drop(self, name):
        with self._server.connect() as connection:
            oid = connection.scalar(sa.text("SELECT oid FROM pg_database WHERE datname = :name"), {"name": name})
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
            connection.exec_driver_sql(f"DROP ROLE IF EXISTS {VIEWER}_{oid}, {GATE}_{oid}")
        self._names.remove(name)

    def close(self):
        for name in [*self._names]:
            self.drop(name)
        self._server.dispose()


@contextmanager
def using(url):
    """This process on another database, and afterwards on the one of before."""
    before = os.environ.get("DATABASE_URL")
    db.close()
    os.environ["DATABASE_URL"] = url
    try:
        yield
    finally:
        db.close()
        del os.environ["DATABASE_URL"]
        if before is not None:
            os.environ["DATABASE_URL"] = before


@contextmanager
def making_databases():
    """A function that makes databases on the server in use; all are dropped at the end."""
    databases = _Databases(db.database_url())
    try:
        yield databases
    finally:
        databases.close()


def write_files(folder):
    """communes.gpkg of those at hand, and kind -> path of the csv files: venues inside them, and scans of each venue each day."""
    with db.reading(operator_scope()) as connection:
        vintages = list_vintages(connection)
        if not vintages:
            raise PhuqrError(
                "there is nothing to measure with: no boundaries are loaded; load some, or type: phuqr demo"
            )
        of = {"vintage": vintage_in_force(vintages, db.today()).id}
        communes = gpd.read_postgis(sa.text(_COMMUNES), connection, params=of)
    communes.to_file(folder / "communes.gpkg")
    rng = np.random.default_rng(1)
    chosen = rng.integers(0, len(communes), VENUES)
    inside, spread = communes.representative_point(), np.sqrt(shapely.area(communes.geometry.array)) / 8  # degrees
    rows = np.arange(VENUES)
    names = pd.Series(rows).astype(str)
    venues = {
        "venue_code": "42-" + names.str.zfill(7), "name": "Cơ sở số " + names, "kind": rng.choice(_KINDS, VENUES),
        "commune_code": communes["commune_code"].to_numpy()[chosen],
        "created_on": (_OPENED + rng.integers(0, 61, VENUES)).astype(str),
        "lon": (inside.x.to_numpy()[chosen] + rng.normal(0, spread[chosen])).round(6),
        "lat": (inside.y.to_numpy()[chosen] + rng.normal(0, spread[chosen])).round(6),
    }  # fmt: skip
    scans = rng.integers(1, 60, VENUES * DAYS)
    counted = {
        "venue_code": pa.array(venues["venue_code"]).take(pa.array(np.tile(rows, DAYS))),
        "day": np.repeat((_SCANNED + np.arange(DAYS)).astype(str), VENUES),
        "scans": scans, "people": rng.integers(1, scans + 1),
    }  # fmt: skip
    paths = {"venues": folder / "venues.csv", "scans": folder / "scans.csv"}
    for path, columns in zip(paths.values(), (venues, counted), strict=True):
        pyarrow.csv.write_csv(pa.table(columns), path, pyarrow.csv.WriteOptions(quoting_style="needed"))
    return paths


def _print(found):
    table = Table("file", "rows", "phuqr load, s", "beside", "its time, s", "ratio", "limit", "peak, MB", "limit, MB")
    for each in found:
        table.add_row(
            each.name, f"{each.rows:,}", f"{each.seconds:.1f}", each.beside, f"{each.beside_seconds:.1f}",
            f"{each.ratio:.2f}", f"{each.limit:.2f}", str(each.peak_mb), str(each.peak_limit_mb),
        )  # fmt: skip
    Console(width=None if sys.stdout.isatty() else 160).print(table)
