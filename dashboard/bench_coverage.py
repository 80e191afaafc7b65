"""How fast any window is read, beside plain count(DISTINCT)s over the facts: the command `phuqr bench coverage`.

A province (216 communes, 40,000 venues, 1,200,000 venue-days) and the country (11,163 communes, 2,000,000 venues, 20,000,000
venue-days), each in a database of its own on the server in use, with made-up venues and scans and summaries made from nothing. What is
timed is all that a page asks for, `read_coverage` in a reader's transaction, through row-level security; of each window the
median. The plain side counts three of those figures alone: which venues were active (I3), which of these were created in the window (I4c), and
which were ever scanned (I5). Both sides must count the same. What a plain count of I3 by itself takes is told beside it, not judged.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from dashboard.bench_load import making_databases, using
from geo import db
from geo.accounts import operator_scope
from geo.coverage import Window, read_coverage
from geo.errors import PhuqrError
from geo.summaries import rebuild

COUNTRY = Path(__file__).resolve().parents[2] / "shared" / "data" / "boundaries" / "country_2019_11163.gpkg"
FIRST = date(2021, 11, 1)
LEAST_RATIO = 10.0  # of the plain count's time to ours, for the country


@dataclass(frozen=True)
class Size:
    """What a database is filled with: each venue is scanned on each of the days with the chance that gives `venue_days`."""

    name: str
    communes: int
    districts: int
    provinces: int
    venues: int
    days: int
    venue_days: int
    limit_ms: float


SIZES = [
    Size("province", 216, 13, 1, 40_000, 60, 1_200_000, 50.0),
    Size("country", 11_163, 707, 63, 2_000_000, 30, 20_000_000, 300.0),
]


@dataclass(frozen=True)
class CoverageMeasure:
    """One cut of one window: medians in ms, and how many times faster than the plain count; None: not measured or not judged."""

    name: str
    by: str
    first: str
    last: str
    ms: float
    limit_ms: float | None
    plain_ms: float | None = None
    active_ms: float | None = None
    ratio: float | None = None
    least_ratio: float | None = None


def run_coverage_bench(pairs, as_json):
    """Measure and print; PhuqrError where something is above its limit, or the two sides differ."""
    found, made = [], {}
    bars = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with making_databases() as make, bars as progress:
        for size in SIZES:
            with using(make()):
                made[size.name] = fill(size, progress)
                found += measure(size, pairs, progress)
    if as_json:
        print(json.dumps({"pairs": pairs, "databases": made, "measures": [asdict(each) for each in found]}))
    else:
        _print(found, made)
    above = [f"{each.name} by {each.by}: {each.ms:.0f} ms" for each in found if each.limit_ms and each.ms > each.limit_ms]
    above += [
        f"{each.name} by {each.by}: only {each.ratio:.1f} times faster"
        for each in found if each.least_ratio and each.ratio < each.least_ratio
    ]  # fmt: skip
    if above:
        raise PhuqrError(f"above the limit: {'; '.join(above)}")


def fill(size, progress):
    """Make units, venues, scans and summaries; rows of the scans, and seconds that the summaries took."""
    task = progress.add_task(f"{size.name}: units", total=4)
    db.migrate()
    with db.engine().begin() as connection:
        connection.execute(sa.text(_RUN), {"first": FIRST})
        _write_units(connection, _make_units(size))
        connection.execute(sa.text(_REGISTER), {"venues": size.venues, "communes": size.communes})
        connection.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
        progress.update(task, advance=1, description=f"{size.name}: venues")
        connection.execute(sa.text("SELECT setseed(0.5)"))
        connection.execute(sa.select(sa.func.suspend_venue_keys()))
        connection.execute(sa.text(_VENUES), {"venues": size.venues, "first": FIRST, "days": size.days})
        connection.execute(sa.select(sa.func.restore_venue_keys()))
        progress.update(task, advance=1, description=f"{size.name}: scans")
        of = {"venue_days": size.venue_days, "days": size.days, "first": FIRST}
        chance = connection.scalar(sa.text(_CHANCE), of)
        for month in pd.date_range(FIRST, periods=size.days).to_period("M").unique():
            table = connection.scalar(sa.select(sa.func.add_scan_month(month.start_time.date())))
            last = min(month.end_time.date(), FIRST + timedelta(size.days - 1))
            days = {"chance": chance, "first": max(FIRST, month.start_time.date()), "last": last}
            connection.execute(sa.text(_SCANS.format(table=table)), days)
            connection.execute(sa.select(sa.func.attach_scan_month(month.start_time.date())))
    progress.update(task, advance=1, description=f"{size.name}: summaries")
    with db.engine().begin() as connection:
        rows = connection.scalar(sa.text("SELECT count(*) FROM scan_day"))
        began = time.perf_counter()
        rebuild(connection)
        seconds = time.perf_counter() - began
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    progress.remove_task(task)
    return {"scan_days": rows, "rebuild_s": round(seconds, 1)}


def measure(size, pairs, progress):
    """The CoverageMeasures of a filled database."""
    last = FIRST + timedelta(size.days - 1)
    windows = [Window(FIRST, last), Window(last - timedelta(12), last), Window(last, last), Window(FIRST, FIRST + timedelta(6))]
    task = progress.add_task(f"{size.name}: windows", total=len(windows) * pairs + 4 * pairs)

    def read(window, by="commune"):
        began = time.perf_counter()
        with db.reading(operator_scope()) as connection:
            coverage = read_coverage(connection, None if size.provinces > 1 else "01", window, by)
        progress.advance(task)
        return (time.perf_counter() - began) * 1000, coverage

    def count(window, query=_PLAIN):
        with db.reading(operator_scope()) as connection:
            began = time.perf_counter()
            rows = connection.execute(sa.text(query), {"first": window.first, "last": window.last}).all()
        return (time.perf_counter() - began) * 1000, rows

    for window in windows:
        read(window)
        ours, plain = [], []
        for number in range(pairs):
            for side in ("ours", "plain") if number % 2 else ("plain", "ours"):
                if side == "ours":
                    ms, coverage = read(window)
                    ours.append(ms)
                elif number < 3:
                    ms, rows = count(window)
                    plain.append(ms)
        counted = coverage.rows.assign(scanned=coverage.rows["created"] - coverage.rows["never_scanned"])
        counted = counted.loc[counted["scanned"] > 0, ["code", "active", "cohort", "scanned"]]
        if set(counted.itertuples(index=False, name=None)) != set(map(tuple, rows)):
            raise PhuqrError(f"{size.name}: the summaries and the facts do not count the same")
        ratio = median(each / other for each, other in zip(plain, ours, strict=False))
        yield CoverageMeasure(
            size.name, "commune", f"{window.first}", f"{window.last}", round(median(ours), 1), size.limit_ms,
            round(median(plain), 1), round(count(window, _ACTIVE)[0], 1), round(ratio, 1), LEAST_RATIO if size.provinces > 1 else None,
        )  # fmt: skip
    for by in ("district", "province", "kind", "department"):
        taken = [read(windows[0], by)[0] for _ in range(pairs)]
        limit = size.limit_ms if size.provinces == 1 or by in ("district", "province") else None
        yield CoverageMeasure(size.name, by, f"{FIRST}", f"{last}", round(median(taken), 1), limit)
    progress.remove_task(task)


def _make_units(size):
    """Communes with polygons: those of the country where they are beside this checkout, squares otherwise."""
    at = np.arange(size.communes)
    if size.provinces > 1 and COUNTRY.is_file():
        read = gpd.read_file(COUNTRY)
        names, shapes = read["ward"], read.geometry.array
        provinces = pd.factorize(read["province"])[0]
        districts = pd.factorize(read["province"] + "/" + read["district"])[0]
    else:
        names, x, y = "Xã số " + pd.Series(at).astype(str), 102 + at % 100 * 0.08, 8 + at // 100 * 0.1
        shapes = shapely.multipolygons(shapely.box(x, y, x + 0.08, y + 0.1)[:, None])
        districts = at * size.districts // size.communes
        provinces = districts * size.provinces // size.districts
    return pd.DataFrame({
        "commune": [f"{each:05}" for each in at], "name": names, "district": [f"{each + 1:03}" for each in districts],
        "province": [f"{each + 1:02}" for each in provinces], "geom": shapely.to_wkb(shapes, hex=True),
    })  # fmt: skip


def _write_units(connection, units):
    provinces = units.drop_duplicates("province").assign(code=lambda of: of["province"], level=1, parent=None)
    districts = units.drop_duplicates("district").assign(code=lambda of: of["district"], level=2, parent=lambda of: of["province"])
    communes = units.assign(code=units["commune"], level=3, parent=units["district"])
    for level in (provinces, districts, communes):
        connection.execute(sa.text(_UNITS), level[["code", "level", "name", "parent", "geom"]].to_dict("records"))


def _print(found, made):
    table = Table("database", "by", "window", "ms", "limit, ms", "plain counts, ms", "I3 alone, ms", "times faster", "at least")
    for column in table.columns[3:]:
        column.justify = "right"
    for each in found:
        numbers = (each.ms, each.limit_ms, each.plain_ms, each.active_ms, each.ratio, each.least_ratio)
        window = f"{each.first} to {each.last}"
        table.add_row(each.name, each.by, window, *("" if value is None else f"{value:,.1f}" for value in numbers))
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    for name, of in made.items():
        print(f"{name}: {of['scan_days']:,} venue-days, summaries made from nothing in {of['rebuild_s']:.0f} s")


_RUN = """
    INSERT INTO boundary_vintage (valid_from, source, sha256) VALUES (:first, 'made up', '');
    INSERT INTO load_run (kind, file_name, sha256, loaded_by, finished_at, rows_in, rows_loaded)
        VALUES ('venues', 'made up', '', 'bench', now(), 1, 1)
"""
_REGISTER = """
    INSERT INTO obligation (vintage, commune_code, obligation_group, obliged, load_run)
    SELECT 1, code, obligation_group, :venues / :communes / 2, 1
    FROM admin_unit CROSS JOIN unnest(ARRAY['A', 'C']) AS obligation_group
    WHERE level = 3
"""
_UNITS = """
    INSERT INTO admin_unit (vintage, level, code, name, parent_code, geom, geom_10m, geom_50m, geom_500m, area_km2, load_run)
    SELECT 1, :level, :code, :name, :parent, g, g, g, g, 1, 1
    FROM (SELECT ST_SetSRID(ST_Multi(CAST(:geom AS geometry)), 4326) AS g) shape
"""
# Nine in ten from before the first day
_VENUES = """
    WITH kinds AS (SELECT array_agg(code ORDER BY code) AS codes FROM venue_kind),
    communes AS (SELECT array_agg(id ORDER BY code) AS ids, array_agg(code ORDER BY code) AS codes FROM admin_unit WHERE level = 3)
    INSERT INTO venue (code, name, kind, vintage, commune_code, unit, located_by, created_on, load_run)
    SELECT 'V' || n, 'Cơ sở số ' || n, kinds.codes[1 + n % cardinality(kinds.codes)], 1, communes.codes[place], communes.ids[place],
           'code', CAST(:first AS date) + CASE WHEN n % 10 = 0 THEN n / 10 % (:days / 2) ELSE -1 - n % 40 END, 1
    FROM kinds, communes, generate_series(1, :venues) AS n
    CROSS JOIN LATERAL (SELECT 1 + CAST(floor(random() * cardinality(communes.ids)) AS integer) AS place WHERE n > 0) chosen
"""
_CHANCE = """
    SELECT :venue_days / CAST(sum(:days - greatest(0, created_on - CAST(:first AS date))) AS float) FROM venue
"""
_SCANS = """
    INSERT INTO {table} (day, venue_id, unit, scans, people, load_run)
    SELECT d.day, v.id, v.unit, 1 + v.id % 50, 1 + v.id % 50 / 2, 1
    FROM (SELECT CAST(generate_series(CAST(:first AS date), CAST(:last AS date), interval '1 day') AS date) AS day) d
    JOIN venue v ON v.created_on <= d.day
    WHERE random() < :chance
"""
_PLAIN = """
    SELECT u.code, count(DISTINCT s.venue_id) FILTER (WHERE s.day >= :first),
           count(DISTINCT s.venue_id) FILTER (WHERE s.day >= :first AND v.created_on >= :first), count(DISTINCT s.venue_id)
    FROM scan_day s JOIN admin_unit u ON u.id = s.unit JOIN venue v ON v.id = s.venue_id
    WHERE s.day <= :last AND s.scans > 0
    GROUP BY u.code
"""
_ACTIVE = """
    SELECT u.code, count(DISTINCT s.venue_id)
    FROM scan_day s JOIN admin_unit u ON u.id = s.unit
    WHERE s.day BETWEEN :first AND :last AND s.scans > 0
    GROUP BY u.code
"""
