"""Scans per venue and day, per venue and hour, or per commune and day; a newer export restates the days that it holds."""

import numpy as np
import pandas as pd
import sqlalchemy as sa

from geo.errors import FileError
from geo.schema import commune_scan_day, scan_day
from geo.summaries import Tally
from loaders.checking import Findings, Seen, read_counts, read_days, refuse_misread, refuse_repeated, require
from loaders.known_venues import KnownVenues
from loaders.places import PLACE_COLUMNS, Places
from loaders.reading import open_source
from loaders.scan_hours import VenueHours
from loaders.scan_rules import MOST_A_DAY, CreatedVenues, KnownHours, Outliers, Totals, check_counts, count_readers
from loaders.values import DayReader
from loaders.writing import Staged, read_or_log, run_load

COLUMNS = {
    "venue_code": (False, ("Mã địa điểm", "Mã điểm", "Mã QR")),
    **PLACE_COLUMNS,
    "day": (True, ("Ngày", "Ngày quét")),
    "hour": (False, ("Giờ", "Khung giờ")),
    "venues_with_scans": (False, ("Số địa điểm có quét", "Số điểm có lượt quét", "Điểm hoạt động")),
    "scans": (True, ("Số lượt quét", "Lượt quét")),
    "total_scans": (False, ("Lũy kế lượt quét", "Số lượt quét lũy kế")),
    "people": (False, ("Số người", "Số người quét")),
}
VENUE_DAY_COLUMNS = {name: COLUMNS[name] for name in ("venue_code", "day", "scans", "people")}
VENUE_HOUR_COLUMNS = {name: COLUMNS[name] for name in ("venue_code", "day", "hour", "scans", "people")}
COMMUNE_DAY_COLUMNS = {
    name: COLUMNS[name] for name in (*PLACE_COLUMNS, "day", "venues_with_scans", "scans", "people", "total_scans")
}
_GRAINS = {  # what a file counts by -> the columns it then needs
    "venue and hour": ("venue_code", "hour"),
    "venue and day": ("venue_code", "people"),
    "commune and day": ("venues_with_scans", "people"),
}


def load_scans(path, mapping=None, **options):
    """Load a file of scans; rows of venues that are not loaded are refused."""
    return load_scan_rows(read_or_log("scans", open_source, path, COLUMNS, mapping, options=options), **options)


def load_scan_rows(source, invented=False, **options):
    """The same for rows already read."""
    loader = _LOADERS[_choose_grain(source)]
    return run_load("scans", source, lambda writing: loader(writing, invented), invented=invented, **options)


def _choose_grain(source):
    for grain, columns in _GRAINS.items():
        if source.headers.keys() >= set(columns):
            return grain
    raise FileError(
        f"{source.name}: thiếu cột; cần venue_code (Mã địa điểm) cùng people (Số người) hoặc hour (Giờ), "
        "hay mã xã cùng venues_with_scans (Số địa điểm có quét) và people (Số người)"
    )


class _VenueDays:
    """A month without rows takes them straight; in others they are compared with those of before."""

    def __init__(self, writing, invented):
        self._writing, self._headers = writing, writing.source.headers
        self._venues, self._days, self._seen = KnownVenues(writing.connection, invented), DayReader(), Seen()
        self._counts = count_readers(writing.source, ("scans", "people"))
        self._staged = Staged(writing, scan_day, ["day", "venue_id"])
        self._outliers, self._hours = Outliers(), KnownHours(writing.connection)
        self._refused = []
        self._months = {}  # first day -> the month's table to copy into, or None: into the stage
        self._tally = None

    def check(self, rows):
        findings = Findings(rows, self._headers)
        filled = require(findings, "venue_code")
        days = read_days(findings, "day", self._days)
        scans = read_counts(findings, "scans", self._counts["scans"])
        people = read_counts(findings, "people", self._counts["people"])
        counted = check_counts(findings, scans, people, MOST_A_DAY)
        at = self._venues.find(rows["venue_code"])
        findings.add(filled & (at < 0), "venue_code", "unknown_venue")
        findings.units = self._venues.units(at)
        day = days.to_numpy("datetime64[D]")
        early = (day < self._venues.take("created_on", at)) & (counted > 0) & (at >= 0)
        findings.add(early, "day", "before_creation", refused=False)
        keys = day.astype("i8") * max(len(self._venues), 1) + at
        refuse_repeated(findings, self._seen, keys, ~np.isnat(day) & (at >= 0), "day")
        venue_id = np.where(at < 0, 0, self._venues.take("id", at))
        if len(self._hours):
            findings.add(self._hours.sums(venue_id, day) > counted, "scans", "hours_above_day", refused=False)
        prepared = pd.DataFrame({
            "day": day.astype("datetime64[s]"), "venue_id": venue_id, "unit": self._venues.take("unit", at), "scans": counted,
            "people": people.to_numpy("i8", na_value=0), "load_run": self._writing.run,
        }, index=rows.index)  # fmt: skip
        return findings, prepared

    def write(self, prepared, accepted):
        if not accepted.all():
            refused = prepared.loc[
                ~accepted & prepared["day"].notna() & (prepared["venue_id"] > 0), ["day", "venue_id"]
            ]
            if len(refused):
                self._refused.append(refused)
            prepared = prepared[accepted]
        self._outliers.take(prepared)
        for first, of_month in _split_by_month(prepared):
            partition = self._open_month(first)
            if partition:
                self._writing.changed += len(of_month)
                self._tally.add(of_month)
                self._writing.copier.put(partition, of_month)
            else:
                self._staged.put(of_month.drop(columns="load_run"))

    def finish(self):
        refuse_misread(self._writing.source, [self._days], self._counts)
        self._writing.copier.wait()
        for first, month in self._months.items():
            if month:
                self._writing.connection.execute(sa.select(sa.func.attach_scan_month(first)))
        if self._tally:
            self._tally.keep()
        if self._staged.table is not None:
            self._restate()
        if self._writing.changed:
            self._writing.connection.execute(sa.select(sa.func.analyze_facts("scan_day")))
        return [self._outliers.find(self._headers)]

    def _open_month(self, first):
        if first not in self._months:
            self._writing.copier.wait()
            connection = self._writing.connection
            of_month = scan_day.c.day.between(first, (pd.Timestamp(first) + pd.offsets.MonthEnd()).date())
            held = connection.scalar(sa.select(sa.exists().where(of_month)))
            self._tally = self._tally or (None if held else Tally(connection))
            self._months[first] = None if held else connection.scalar(sa.select(sa.func.add_scan_month(first)))
        return self._months[first]

    def _restate(self):
        """Merge into days that hold rows, and note by how much their figures change.

        Where the file is evidently a newer export of those days, what it no longer holds is dropped. Evidently: of the rows
        held of its days and communes it has all but max_refused. A part, or the mended rows of a file, has fewer of them;
        then those that it lacks stay, and are counted in `kept`.
        """
        writing = self._writing
        writing.copier.wait()
        writing.connection.exec_driver_sql(f"ANALYZE {self._staged.table.name}")
        writing.connection.execute(sa.text(_HOLD))
        refused = pd.concat(self._refused) if self._refused else pd.DataFrame(columns=["day", "venue_id"])
        named = {"days": [day.date() for day in refused["day"]], "venues": refused["venue_id"].tolist()}
        held, lacking = writing.connection.execute(sa.text(_COUNT_HELD), named).one()
        if 0 < lacking <= writing.max_refused * held < held:
            writing.taken_back = writing.connection.execute(sa.text(_TAKE_BACK), named).rowcount
        else:
            writing.kept = lacking
        writing.changed += self._staged.merge()
        writing.connection.execute(sa.text(_NOTE_RESTATED), {"run": writing.run})


# The stage is that of Staged. Rows that the file names but that were refused say nothing about those of before.
_HOLD = """
    CREATE TEMP TABLE held_day ON COMMIT DROP AS
    SELECT d.day, d.unit, count(*) FILTER (WHERE d.scans > 0) AS active, sum(d.scans) AS scans, sum(d.people) AS people
    FROM scan_day d
    WHERE d.day BETWEEN (SELECT min(day) FROM stage_scan_day) AND (SELECT max(day) FROM stage_scan_day)
      AND (d.day, d.unit) IN (SELECT DISTINCT day, unit FROM stage_scan_day)
    GROUP BY d.day, d.unit
"""
_LACKING = """
    SELECT d.day, d.venue_id, s.day IS NULL AND r.day IS NULL AS lacking
    FROM scan_day d
    JOIN held_day h ON h.day = d.day AND h.unit = d.unit
    LEFT JOIN stage_scan_day s ON s.day = d.day AND s.venue_id = d.venue_id
    LEFT JOIN unnest(CAST(:days AS date[]), CAST(:venues AS integer[])) AS r(day, venue_id)
        ON r.day = d.day AND r.venue_id = d.venue_id
"""
_COUNT_HELD = f"SELECT count(*), count(*) FILTER (WHERE lacking) FROM ({_LACKING}) found"
_TAKE_BACK = f"""
    DELETE FROM scan_day t USING ({_LACKING}) found
    WHERE found.lacking AND t.day = found.day AND t.venue_id = found.venue_id
"""
_NOTE_RESTATED = """
    INSERT INTO restatement (load_run, day, vintage, commune_code, measure, before, after)
    SELECT :run, h.day, u.vintage, u.code, m.measure, m.before, m.after
    FROM held_day h
    JOIN admin_unit u ON u.id = h.unit
    JOIN (SELECT d.day, d.unit, count(*) FILTER (WHERE d.scans > 0) AS active, sum(d.scans) AS scans, sum(d.people) AS people
          FROM scan_day d JOIN held_day USING (day, unit) GROUP BY d.day, d.unit) n ON n.day = h.day AND n.unit = h.unit
    CROSS JOIN LATERAL (VALUES ('active', h.active, n.active), ('scans', h.scans, n.scans), ('people', h.people, n.people))
        AS m(measure, before, after)
    WHERE m.before <> m.after
"""


def _split_by_month(rows):
    """The rows of each month beside its first day; a chunk of one month, as most are, stays as it is."""
    days = rows["day"].to_numpy()
    if not len(days):
        return []
    months = [day.astype("datetime64[M]") for day in (days.min(), days.max())]
    if months[0] == months[1]:
        return [(pd.Timestamp(months[0]).date(), rows)]
    months = days.astype("datetime64[M]")
    return [(pd.Timestamp(month).date(), rows[months == month]) for month in np.unique(months)]


class _CommuneDays:
    def __init__(self, writing, invented):
        self._writing, self._headers = writing, writing.source.headers
        self._places, self._days, self._seen = Places(writing), DayReader(), Seen()
        self._counts = count_readers(writing.source, ("venues_with_scans", "scans", "people", "total_scans"))
        self._created = CreatedVenues(writing.connection, invented)
        self._outliers, self._totals = Outliers(), Totals()
        self._staged = Staged(writing, commune_scan_day, ["day", "vintage", "commune_code"])

    def check(self, rows):
        findings = Findings(rows, self._headers)
        days = read_days(findings, "day", self._days)
        placed = self._places.place(findings, days)
        counts = {
            name: read_counts(findings, name, reader, required=name != "total_scans")
            for name, reader in self._counts.items()
        }
        total = counts.pop("total_scans")
        active = counts["venues_with_scans"].to_numpy("i8", na_value=-1)
        scans = check_counts(findings, counts["scans"], counts["people"], np.maximum(active, 1) * MOST_A_DAY)
        findings.add((active > scans) & (scans >= 0), "venues_with_scans", "venues_above_scans")
        day = days.to_numpy("datetime64[D]")
        created = self._created.count(placed.units, day)
        more = (active > created) & (created >= 0) & ~np.isnat(day)
        findings.add(more, "venues_with_scans", "above_created", refused=False)
        findings.add((scans > total).fillna(False), "scans", "above_total")
        keys = day.astype("i8") * 10_000_000 + placed.units
        refuse_repeated(findings, self._seen, keys, ~np.isnat(day) & (placed.units > 0), "day")
        where = {"vintage": placed.vintages, "commune_code": placed.codes, "unit": placed.units}
        prepared = {"day": day.astype("datetime64[s]"), **where, **counts, "total_scans": total}
        return findings, pd.DataFrame(prepared, index=rows.index)

    def write(self, prepared, accepted):
        rows = prepared[accepted]
        self._outliers.take(rows)
        self._totals.take(rows)
        self._staged.put(rows.drop(columns=["unit", "total_scans"]))

    def finish(self):
        refuse_misread(self._writing.source, [self._days], self._counts)
        self._writing.copier.wait()
        self._writing.connection.execute(sa.text(_NOTE_COMMUNES_RESTATED), {"run": self._writing.run})
        self._writing.changed = self._staged.merge()
        return [self._outliers.find(self._headers), self._totals.find(self._headers)]


_NOTE_COMMUNES_RESTATED = """
    INSERT INTO restatement (load_run, day, vintage, commune_code, measure, before, after)
    SELECT :run, c.day, c.vintage, c.commune_code, m.measure, m.before, m.after
    FROM commune_scan_day c
    JOIN stage_commune_scan_day s USING (day, vintage, commune_code)
    CROSS JOIN LATERAL (VALUES ('active', c.venues_with_scans, s.venues_with_scans), ('scans', c.scans, s.scans), ('people', c.people, s.people))
        AS m(measure, before, after)
    WHERE m.before <> m.after
"""
_LOADERS = {"venue and hour": VenueHours, "venue and day": _VenueDays, "commune and day": _CommuneDays}
