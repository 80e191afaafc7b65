"""Scans per venue and hour, of days that visits touch: beside those of the days, and never added to them."""

import numpy as np
import pandas as pd
import sqlalchemy as sa

from geo.schema import scan_hour
from loaders.checking import Findings, Seen, read_counts, read_days, refuse_misread, refuse_repeated, require
from loaders.known_venues import KnownVenues
from loaders.scan_rules import MOST_AN_HOUR, FileHours, Outliers, check_counts, count_readers
from loaders.values import DayReader
from loaders.writing import Staged


class VenueHours:
    """Checks and writes rows of a venue, a day and an hour."""

    def __init__(self, writing, invented):
        self._writing, self._headers = writing, writing.source.headers
        self._venues, self._days, self._seen = KnownVenues(writing.connection, invented), DayReader(), Seen()
        self._counts = count_readers(writing.source, ("hour", "scans", "people"))
        self._outliers, self._hours = Outliers(), FileHours()
        self._staged = Staged(writing, scan_hour, ["venue_id", "day", "hour"])

    def check(self, rows):
        findings = Findings(rows, self._headers)
        filled = require(findings, "venue_code")
        days = read_days(findings, "day", self._days)
        hour = read_counts(findings, "hour", self._counts["hour"])
        findings.add((hour > 23).fillna(False), "hour", "not_an_hour")
        scans = read_counts(findings, "scans", self._counts["scans"])
        people = read_counts(findings, "people", self._counts["people"], required=False)
        counted = check_counts(findings, scans, people, MOST_AN_HOUR)
        at = self._venues.find(rows["venue_code"])
        findings.add(filled & (at < 0), "venue_code", "unknown_venue")
        findings.units = self._venues.units(at)
        day = days.to_numpy("datetime64[D]")
        early = (day < self._venues.take("created_on", at)) & (counted > 0) & (at >= 0)
        findings.add(early, "day", "before_creation", refused=False)
        known = ~np.isnat(day) & (at >= 0) & hour.notna().to_numpy()
        keys = (day.astype("i8") * 24 + hour.fillna(0).to_numpy("i8")) * max(len(self._venues), 1) + at
        refuse_repeated(findings, self._seen, keys, known, "hour")
        prepared = pd.DataFrame({
            "venue_id": self._venues.take("id", at), "day": day.astype("datetime64[s]"), "hour": hour, "scans": scans,
            "people": people, "unit": findings.units,
        }, index=rows.index)  # fmt: skip
        return findings, prepared

    def write(self, prepared, accepted):
        rows = prepared[accepted]
        self._outliers.take(rows)
        self._hours.take(rows)
        self._staged.put(rows)

    def finish(self):
        refuse_misread(self._writing.source, [self._days], self._counts)
        connection = self._writing.connection
        self._writing.copier.wait()
        connection.execute(sa.text(_HOLD_HOURS))
        self._writing.changed = self._staged.merge()
        connection.execute(sa.text(_NOTE_HOURS_RESTATED), {"run": self._writing.run})
        return [self._outliers.find(self._headers), self._hours.find(connection, self._headers)]


# Of the communes and days of which the file holds hours; the hours of them that it does not hold stay.
_HOURS_HELD = """
    SELECT h.day, v.unit, sum(h.scans) AS scans, sum(h.people) AS people
    FROM scan_hour h
    JOIN venue v ON v.id = h.venue_id
    WHERE (h.day, v.unit) IN (
        SELECT DISTINCT s.day, v.unit FROM stage_scan_hour s JOIN venue v ON v.id = s.venue_id
    )
    GROUP BY h.day, v.unit
"""
_HOLD_HOURS = f"CREATE TEMP TABLE held_hour ON COMMIT DROP AS {_HOURS_HELD}"
_NOTE_HOURS_RESTATED = f"""
    INSERT INTO restatement (load_run, day, vintage, commune_code, measure, before, after)
    SELECT :run, h.day, u.vintage, u.code, m.measure, m.before, m.after
    FROM held_hour h
    JOIN admin_unit u ON u.id = h.unit
    JOIN ({_HOURS_HELD}) n ON n.day = h.day AND n.unit = h.unit
    CROSS JOIN LATERAL (VALUES ('hour_scans', h.scans, n.scans), ('hour_people', h.people, n.people)) AS m(measure, before, after)
    WHERE m.before <> m.after
"""
