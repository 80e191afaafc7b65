"""Scans per venue and day, per venue and hour, or per commune and day; a newer export restates the days that it holds."""

import numpy as np
import pandas as pd
import sqlalchemy as sa

from geo.errors import FileError
from geo.schema import commune_scan_day, scan_day, scan_hour
from loaders.checking import Findings, Seen, read_counts, read_days, refuse_misread, refuse_repeated, require
from loaders.known_venues import KnownVenues
from loaders.places import PLACE_COLUMNS, Places
from loaders.reading import open_source
from loaders.values import DayReader, NumberReader
from loaders.writing import Staged, read_or_log, run_load

COLUMNS = {
    "venue_code": (False, ("Mã địa điểm", "Mã điểm", "Mã QR")),
    **PLACE_COLUMNS,
    "day": (True, ("Ngày", "Ngày quét")),
    "hour": (False, ("Giờ", "Khung giờ")),
    "venues_with_scans": (False, ("Số địa điểm có quét", "Số điểm có lượt quét", "Điểm hoạt động")),
    "scans": (True, ("Số lượt quét", "Lượt quét")),
    "people": (False, ("Số người", "Số người quét")),
}
VENUE_DAY_COLUMNS = {name: COLUMNS[name] for name in ("venue_code", "day", "scans", "people")}
VENUE_HOUR_COLUMNS = {name: COLUMNS[name] for name in ("venue_code", "day", "hour", "scans", "people")}
COMMUNE_DAY_COLUMNS = {name: COLUMNS[name] for name in (*PLACE_COLUMNS, "day", "venues_with_scans", "scans", "people")}
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
        self._counts = _count_readers(writing.source, ("scans", "people"))
        self._staged = Staged(writing, scan_day, ["day", "venue_id"])
        self._refused = []
        self._months = {}  # first day -> the month's table to copy into, or None: into the stage

    def check(self, rows):
        findings = Findings(rows, self._headers)
        filled = require(findings, "venue_code")
        days = read_days(findings, "day", self._days)
        scans = read_counts(findings, "scans", self._counts["scans"])
        people = read_counts(findings, "people", self._counts["people"])
        _check_counts(findings, scans, people)
        at = self._venues.find(rows["venue_code"])
        findings.add(filled & (at < 0), "venue_code", "unknown_venue")
        findings.units = self._venues.units(at)
        day = days.to_numpy("datetime64[D]")
        early = (day < self._venues.take("created_on", at)) & (scans > 0).fillna(False).to_numpy() & (at >= 0)
        findings.add(early, "day", "before_creation", refused=False)
        keys = day.astype("i8") * max(len(self._venues), 1) + at
        refuse_repeated(findings, self._seen, keys, ~np.isnat(day) & (at >= 0), "day")
        prepared = pd.DataFrame({
            "day": day.astype("datetime64[s]"), "venue_id": np.where(at < 0, 0, self._venues.take("id", at)),
            "unit": self._venues.take("unit", at), "scans": scans.fillna(0).to_numpy("i8"), "people": people.fillna(0).to_numpy("i8"),
        })  # fmt: skip
        return findings, prepared

    def write(self, prepared, accepted):
        rows = prepared if accepted.all() else prepared[accepted]
        refused = prepared.loc[~accepted & prepared["day"].notna() & (prepared["venue_id"] > 0), ["day", "venue_id"]]
        if len(refused):
            self._refused.append(refused)
        month = rows["day"].to_numpy("datetime64[M]")
        for first in np.unique(month):
            of_month = rows if month[0] == first and (month == first).all() else rows[month == first]
            partition = self._open_month(pd.Timestamp(first).date())
            if partition:
                self._writing.changed += len(of_month)
                self._writing.copier.put(partition, of_month.assign(load_run=self._writing.run))
            else:
                self._staged.put(of_month)

    def finish(self):
        refuse_misread(self._writing.source.name, [self._days])
        self._writing.copier.wait()
        for first, month in self._months.items():
            if month:
                self._writing.connection.execute(sa.select(sa.func.attach_scan_month(first)))
        if self._staged.table is not None:
            self._restate()
        if self._writing.changed:
            self._writing.connection.execute(sa.select(sa.func.analyze_facts("scan_day")))

    def _open_month(self, first):
        if first not in self._months:
            self._writing.copier.wait()
            connection = self._writing.connection
            of_month = scan_day.c.day.between(first, (pd.Timestamp(first) + pd.offsets.MonthEnd()).date())
            held = connection.scalar(sa.select(sa.exists().where(of_month)))
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


def _count_readers(source, columns):
    return {column: NumberReader(source.decimals.get(source.headers.get(column))) for column in columns}


def _check_counts(findings, scans, people):
    findings.add((people > scans).fillna(False), "people", "people_above_scans")


class _VenueHours:
    def __init__(self, writing, invented):
        self._writing, self._headers = writing, writing.source.headers
        self._venues, self._days, self._seen = KnownVenues(writing.connection, invented), DayReader(), Seen()
        self._counts = _count_readers(writing.source, ("hour", "scans", "people"))
        self._staged = Staged(writing, scan_hour, ["venue_id", "day", "hour"])

    def check(self, rows):
        findings = Findings(rows, self._headers)
        filled = require(findings, "venue_code")
        days = read_days(findings, "day", self._days)
        hour = read_counts(findings, "hour", self._counts["hour"])
        findings.add((hour > 23).fillna(False), "hour", "not_an_hour")
        scans = read_counts(findings, "scans", self._counts["scans"])
        people = read_counts(findings, "people", self._counts["people"], required=False)
        _check_counts(findings, scans, people)
        at = self._venues.find(rows["venue_code"])
        findings.add(filled & (at < 0), "venue_code", "unknown_venue")
        findings.units = self._venues.units(at)
        day = days.to_numpy("datetime64[D]")
        known = ~np.isnat(day) & (at >= 0) & hour.notna().to_numpy()
        keys = (day.astype("i8") * 24 + hour.fillna(0).to_numpy("i8")) * max(len(self._venues), 1) + at
        refuse_repeated(findings, self._seen, keys, known, "hour")
        return findings, pd.DataFrame({
            "venue_id": self._venues.take("id", at), "day": day.astype("datetime64[s]"), "hour": hour, "scans": scans,
            "people": people,
        })  # fmt: skip

    def write(self, prepared, accepted):
        self._staged.put(prepared[accepted])

    def finish(self):
        refuse_misread(self._writing.source.name, [self._days])
        self._writing.changed = self._staged.merge()


class _CommuneDays:
    def __init__(self, writing, invented):
        self._writing, self._headers = writing, writing.source.headers
        self._places, self._days, self._seen = Places(writing), DayReader(), Seen()
        self._counts = _count_readers(writing.source, ("venues_with_scans", "scans", "people"))
        self._staged = Staged(writing, commune_scan_day, ["day", "vintage", "commune_code"])

    def check(self, rows):
        findings = Findings(rows, self._headers)
        days = read_days(findings, "day", self._days)
        placed = self._places.place(findings, days)
        counts = {name: read_counts(findings, name, reader) for name, reader in self._counts.items()}
        _check_counts(findings, counts["scans"], counts["people"])
        above = (counts["venues_with_scans"] > counts["scans"]).fillna(False)
        findings.add(above, "venues_with_scans", "venues_above_scans")
        day = days.to_numpy("datetime64[D]")
        keys = day.astype("i8") * 10_000_000 + placed.units
        refuse_repeated(findings, self._seen, keys, ~np.isnat(day) & (placed.units > 0), "day")
        where = {"vintage": placed.vintages, "commune_code": placed.codes}
        return findings, pd.DataFrame({"day": day.astype("datetime64[s]"), **where, **counts})

    def write(self, prepared, accepted):
        self._staged.put(prepared[accepted])

    def finish(self):
        refuse_misread(self._writing.source.name, [self._days])
        self._writing.copier.wait()
        self._writing.connection.execute(sa.text(_NOTE_COMMUNES_RESTATED), {"run": self._writing.run})
        self._writing.changed = self._staged.merge()


_NOTE_COMMUNES_RESTATED = """
    INSERT INTO restatement (load_run, day, vintage, commune_code, measure, before, after)
    SELECT :run, c.day, c.vintage, c.commune_code, m.measure, m.before, m.after
    FROM commune_scan_day c
    JOIN stage_commune_scan_day s USING (day, vintage, commune_code)
    CROSS JOIN LATERAL (VALUES ('active', c.venues_with_scans, s.venues_with_scans), ('scans', c.scans, s.scans), ('people', c.people, s.people))
        AS m(measure, before, after)
    WHERE m.before <> m.after
"""
_LOADERS = {"venue and hour": _VenueHours, "venue and day": _VenueDays, "commune and day": _CommuneDays}
