"""How fast tracing answers when it is asked of much: the command `phuqr bench tracing`.

A database of its own on the same server, dropped at the end, holds an invented province of 216 communes with 2,000,000 venues and
1,000,000 visits of 28 days, half of them of F0 cases, crowded onto some venues, with scans by the hour where cases were. It is read as
a page reads it: in a reader's transaction, on record, through row-level security. The limit is that of the hotspot list.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import partial
from statistics import median

import sqlalchemy as sa
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from dashboard.bench_load import making_databases, using
from geo import db
from geo.agencies import read_agencies
from geo.audit import Actor, operator, reading_cases
from geo.coverage import Window
from geo.errors import PhuqrError
from geo.hotspots import LISTED, read_clusters, read_hotspots
from geo.schema import OWNER
from geo.scope import Scope
from geo.tracing import read_gap

VENUES, VISITS, DAYS = 2_000_000, 1_000_000, 28
LAST = date(2021, 12, 8)
LIMIT_MS = 500
PROVINCE, DISTRICT = "42", "436"
# Districts 436 to 448, communes 18000 to 18215, squares of a tenth of a degree in 18 columns
_UNITS = """
INSERT INTO load_run (kind, file_name, sha256, loaded_by, rows_in, rows_loaded, finished_at) VALUES ('visits', 'bench', 'bench', 'bench', 1, 1, now());
INSERT INTO boundary_vintage (valid_from, source, sha256) VALUES ('2021-11-01', 'bench', 'bench');
INSERT INTO admin_unit (vintage, code, level, name, parent_code, geom, geom_10m, geom_50m, geom_500m, area_km2, load_run)
SELECT 1, code, level, code, parent, square, square, square, square, 100, 1
FROM (SELECT '42' AS code, 1 AS level, NULL AS parent, ST_Multi(ST_MakeEnvelope(105, 18, 106.8, 19.2, 4326)) AS square
      UNION ALL
      SELECT (436 + d)::text, 2, '42', ST_Multi(ST_MakeEnvelope(105 + d / 10.0, 18, 105.1 + d / 10.0, 18.1, 4326)) FROM generate_series(0, 12) d
      UNION ALL
      SELECT (18000 + c)::text, 3, (436 + c % 13)::text,
             ST_Multi(ST_MakeEnvelope(105 + (c % 18) / 10.0, 18 + (c / 18) / 10.0, 105.1 + (c % 18) / 10.0, 18.1 + (c / 18) / 10.0, 4326))
      FROM generate_series(0, 215) c) u;
"""
# As a first load does: keys are made over all venues at once
_ROWS = {
    "venues": """
INSERT INTO load_run (kind, file_name, sha256, loaded_by, rows_in, rows_loaded) VALUES ('venues', 'bench', 'bench', 'bench', 1, 1);
SELECT suspend_venue_keys();
INSERT INTO venue (code, name, kind, organisation, vintage, commune_code, unit, located_by, point, created_on, load_run)
SELECT '42-' || n, 'Cơ sở ' || n, k.codes[1 + n % array_length(k.codes, 1)], CASE WHEN n % 5 = 0 THEN 'Đơn vị ' || n / 100 END,
       1, u.code, u.id, 'code',
       CASE WHEN n % 3 = 0 THEN ST_SetSRID(ST_Point(105 + (c.c % 18 + random()) / 10, 18 + (c.c / 18 + random()) / 10), 4326) END, '2021-10-15', 1
FROM generate_series(1, :venues) n
CROSS JOIN LATERAL (SELECT n % 216 AS c) c
JOIN admin_unit u ON u.code = (18000 + c.c)::text
CROSS JOIN (SELECT array_agg(code ORDER BY code) AS codes FROM venue_kind) k;
SELECT restore_venue_keys();
UPDATE load_run SET finished_at = now()
""",
    "visits": """
INSERT INTO visit (case_code, case_class, venue_id, vintage, commune_code, arrived_at, left_at, source, load_run)
SELECT 'C' || n / 10, CASE WHEN n / 10 % 2 = 0 THEN 'F0' ELSE 'F1' END, v.id, 1, v.commune_code, t.came,
       CASE WHEN n % 4 > 0 THEN t.came + interval '1 hour' END, 'declared', 1
FROM generate_series(1, :visits) n
CROSS JOIN LATERAL (SELECT 1 + floor(:venues * random() ^ 1.5 + 0 * n)::integer AS id) chosen
CROSS JOIN LATERAL (
    SELECT (CAST(:last AS date) - n % :days)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' + make_interval(mins => 420 + n * 7 % 720) AS came
) t
JOIN venue v ON v.id = chosen.id
""",
    "hours": """
INSERT INTO scan_hour (venue_id, unit, day, hour, scans, load_run)
SELECT DISTINCT t.venue_id, v.unit, t.came::date, (extract(hour FROM t.came) + h)::smallint, 5, 1
FROM (SELECT venue_id, arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh' AS came FROM visit WHERE id % 3 > 0) t
JOIN venue v ON v.id = t.venue_id
CROSS JOIN generate_series(0, 2) h
ORDER BY 1, 3, 4
""",
    "scans": """
INSERT INTO scan_day (day, venue_id, unit, scans, people, load_run)
SELECT day, venue_id, unit, sum(scans), sum(scans), 1 FROM scan_hour GROUP BY 1, 2, 3
""",
}


@dataclass(frozen=True)
class TracingMeasure:
    """How long one reading takes: the median and the slowest of its runs in ms, and how many rows it gives."""

    name: str
    rows: int
    ms: float
    slowest_ms: float
    limit_ms: int | None


def run_tracing_bench(runs, as_json):
    """Measure and print; PhuqrError where the hotspot list takes longer than its limit."""
    bars = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with bars as progress, making_databases() as make, using(make()):
        fill(progress)
        found = measure(runs, progress)
    if as_json:
        print(json.dumps({"venues": VENUES, "visits": VISITS, "runs": runs, "measures": [asdict(each) for each in found]}))
    else:
        _print(found)
    above = [f"{each.name}: {each.ms:.0f} ms" for each in found if each.limit_ms and each.ms > each.limit_ms]
    if above:
        raise PhuqrError(f"above the limit of {LIMIT_MS} ms: {'; '.join(above)}")


def fill(progress):
    """Set the database up and write the province, as its owner."""
    db.migrate()
    task = progress.add_task("province", total=len(_ROWS) + 2)
    sizes = {"venues": VENUES, "visits": VISITS, "days": DAYS, "last": LAST}
    with db.engine(OWNER).begin() as connection:
        connection.exec_driver_sql("SELECT setseed(0.1)")
        connection.execute(sa.text(_UNITS))
        for month in sorted({(LAST - timedelta(day)).replace(day=1) for day in range(DAYS)}):
            for prepare in (sa.func.add_scan_month, sa.func.attach_scan_month):
                connection.execute(sa.select(prepare(month)))
    progress.advance(task)
    for name, rows in _ROWS.items():
        progress.update(task, description=name)
        with db.engine(OWNER).begin() as connection:
            connection.execute(sa.text(rows), {key: size for key, size in sizes.items() if f":{key}" in rows})
        progress.advance(task)
    with db.engine(OWNER).execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE) admin_unit, venue, visit, scan_hour, scan_day")
    progress.advance(task)


def measure(runs, progress):
    """The TracingMeasures: of the hotspot list, of the province and of a district; and of what else the page reads, told only."""
    window = Window(LAST - timedelta(12), LAST)

    def hotspots(unit, connection):
        return read_hotspots(connection, unit, window, most=LISTED).found

    def gap(connection):
        return read_gap(connection, PROVINCE, window).rows

    found = []
    for name, unit, read, limit in (
        ("hotspots of the province", PROVINCE, partial(hotspots, PROVINCE), LIMIT_MS),
        ("hotspots of a district, to its office", DISTRICT, partial(hotspots, DISTRICT), LIMIT_MS),
        ("clusters of exposed venues", PROVINCE, lambda connection: read_clusters(connection, PROVINCE, window), None),
        ("gap of the province by commune, 13 days", PROVINCE, gap, None),
        ("agencies with a gap, 13 days", PROVINCE, lambda connection: read_agencies(connection, PROVINCE, window), None),
    ):
        task = progress.add_task(name, total=runs)
        actor = Actor(operator().name, Scope("leader", ((1, unit),)))
        taken = []
        for _ in range(runs):
            began = time.perf_counter()
            with reading_cases(actor, name) as connection:
                rows = read(connection)
            taken.append((time.perf_counter() - began) * 1000)
            progress.advance(task)
        found.append(TracingMeasure(name, len(rows), round(median(taken), 1), round(max(taken), 1), limit))
    return found


def _print(found):
    table = Table("reading", "rows", "ms", "slowest, ms", "limit, ms", title=f"{VENUES:,} venues, {VISITS:,} visits")
    for each in found:
        table.add_row(each.name, f"{each.rows:,}", f"{each.ms:.0f}", f"{each.slowest_ms:.0f}", str(each.limit_ms or "none"))
    Console(width=None if sys.stdout.isatty() else 160).print(table)
