"""Visits of traced cases, under pseudonyms: at a venue, or only in a commune at a place that is described."""

import numpy as np
import pandas as pd
import sqlalchemy as sa

from geo.db import TIME_ZONE
from geo.names import strip_marks
from geo.schema import visit
from loaders.checking import (
    Findings,
    Seen,
    is_empty,
    read_days,
    read_moments,
    refuse_misread,
    refuse_repeated,
    require,
    translate,
)
from loaders.known_venues import KnownVenues
from loaders.places import PLACE_COLUMNS, TYPED, Places
from loaders.reading import open_source
from loaders.values import DayReader
from loaders.writing import Staged, read_communes, read_or_log, run_load

COLUMNS = {
    "case_code": (True, ("Mã ca", "Mã ca bệnh")),
    "case_class": (True, ("Phân loại", "Loại ca", "F0/F1")),
    "venue_code": (False, ("Mã địa điểm", "Mã điểm", "Mã QR")),
    **PLACE_COLUMNS,
    "place": (False, ("Nơi đến", "Địa điểm đến", "Mô tả nơi đến")),
    "arrived_at": (True, ("Thời điểm đến", "Giờ đến", "Đến lúc")),
    "left_at": (False, ("Thời điểm rời đi", "Giờ rời đi", "Rời lúc")),
    "source": (True, ("Nguồn", "Nguồn tin")),
    "onset_on": (False, ("Ngày khởi phát", "Ngày khởi phát hoặc lấy mẫu")),
}
_SOURCES = {"declared": "declared", "khai bao": "declared", "scanned": "scanned", "quet ma": "scanned"}
_OPTIONAL = ("left_at", "onset_on")  # without these in a file, what an earlier one told stays
# Class and onset are the case's: where one row tells F0, or an onset, all rows of the case do, also those of before.
_AGREE = """
    UPDATE stage_visit s SET {told} FROM (SELECT case_code, min(case_class) AS case_class, {onset} AS onset_on FROM stage_visit
                                          GROUP BY case_code) c
    WHERE c.case_code = s.case_code
"""
_FOLLOW = """
    UPDATE visit v SET case_class = c.case_class, onset_on = coalesce(c.onset_on, v.onset_on), load_run = :run
    FROM (SELECT DISTINCT case_code, case_class, {onset} AS onset_on FROM stage_visit) c
    WHERE c.case_code = v.case_code AND (v.case_class, v.onset_on) IS DISTINCT FROM (c.case_class, coalesce(c.onset_on, v.onset_on))
"""
_CLOSED = sa.text("""
    SELECT c.id AS unit, max(g.last_day) AS last_day
    FROM visit_purge g
    JOIN admin_unit p ON p.level < 3 AND g.province IN (p.code, p.parent_code)
    JOIN admin_unit c ON c.level = 3 AND c.vintage = p.vintage AND c.parent_code = p.code
    GROUP BY c.id
""")
_KEYS = ["case_code", "arrived_at", "venue_id", "vintage", "commune_code", "place"]


def load_visits(path, mapping=None, **options):
    """Load a file of visits. A departure that is not told stays unknown."""
    return load_visit_rows(read_or_log("visits", open_source, path, COLUMNS, mapping, options=options), **options)


def load_visit_rows(source, invented=False, **options):
    """The same for rows already read."""
    return run_load("visits", source, lambda writing: _Visits(writing, invented), invented=invented, **options)


class _Visits:
    def __init__(self, writing, invented=False):
        self._writing, self._headers = writing, writing.source.headers
        self._venues, self._places, self._seen = KnownVenues(writing.connection, invented), Places(writing), Seen()
        self._communes = read_communes(writing.connection)
        self._moments = {column: DayReader() for column in ("arrived_at", "left_at", "onset_on")}
        # number of a commune -> the last day whose visits were purged
        self._closed = dict(writing.connection.execute(_CLOSED).all())
        self._staged = Staged(writing, visit, _KEYS)

    def check(self, rows):
        findings = Findings(rows, self._headers)
        require(findings, "case_code")
        case_class = rows["case_class"].str.upper()
        findings.add(~case_class.isin(["F0", "F1"]), "case_class", "unknown_class")
        source = translate(rows["source"], lambda text: _SOURCES.get(strip_marks(text)))
        findings.add(source.isna(), "source", "unknown_source")
        arrived = read_moments(findings, "arrived_at", self._moments["arrived_at"])
        left = read_moments(findings, "left_at", self._moments["left_at"], required=False)
        findings.add(left < arrived, "left_at", "left_before_arrived")

        at_venue = ~is_empty(rows["venue_code"])
        at = self._venues.find(rows["venue_code"])
        findings.add(at_venue & (at < 0), "venue_code", "unknown_venue")
        vintages, codes, units = self._place(findings, rows, ~at_venue, arrived)
        findings.add(~at_venue & is_empty(rows["place"]), "place", "nowhere")
        known = at >= 0
        findings.units = np.where(known, self._venues.take("unit", at), units)
        communes = self._communes.reindex(findings.units[known])
        vintages[known], codes[known] = communes["vintage"], communes["commune_code"]
        self._compare(findings, rows, np.flatnonzero(known), vintages, codes, arrived)
        closed = pd.to_datetime(pd.Series([self._closed.get(unit) for unit in findings.units], rows.index, dtype=object))
        findings.add(_local(arrived).dt.normalize() <= closed, "arrived_at", "past_retention")
        onset = read_days(findings, "onset_on", self._moments["onset_on"], required=False)
        venue_id = pd.arrays.IntegerArray(self._venues.take("id", at).astype("i8"), ~known)
        prepared = pd.DataFrame({
            "case_code": rows["case_code"], "case_class": case_class, "venue_id": venue_id, "vintage": vintages,
            "commune_code": codes, "place": rows["place"], "arrived_at": arrived, "left_at": left, "source": source,
            "onset_on": onset,
        }, index=rows.index)  # fmt: skip
        keys = prepared[_KEYS].astype("str").fillna("").agg("\x1f".join, axis=1)
        refuse_repeated(findings, self._seen, keys, findings.accepted(), "arrived_at")
        return findings, prepared.drop(columns=[column for column in _OPTIONAL if column not in self._headers])

    def _place(self, findings, rows, wanted, arrived):
        """Vintage, commune_code and unit (arrays) of the rows `wanted`, which take what is wrong with the place."""
        vintages, codes, units = np.zeros(len(rows), "i8"), np.full(len(rows), None, object), np.zeros(len(rows), "i8")
        if wanted.any():
            part = Findings(rows[wanted], self._headers)
            placed = self._places.place(part, _local(arrived[wanted]))
            vintages[wanted], codes[wanted], units[wanted] = placed.vintages, placed.codes, placed.units
            findings.include(part)
        return vintages, codes, units

    def _compare(self, findings, rows, places, vintages, codes, arrived):
        """Refuse rows at these places, of a known venue, beside which another commune stands than the venue's."""
        typed = [rows[column].iloc[places].tolist() for column in TYPED]
        elsewhere, remedies = np.zeros(len(rows), bool), pd.Series(None, rows.index, dtype=object)
        days = _local(arrived.iloc[places]).dt.normalize()
        for place, day, *words in zip(places, days, *typed, strict=True):
            if any(words) and not self._places.can_be(codes[place], vintages[place], words, day):
                elsewhere[place] = True
                remedies.iloc[place] = (
                    f"địa điểm này ở {self._places.name(codes[place], vintages[place])}; sửa mã địa điểm, hoặc sửa xã"
                )
        for column in ("commune_code", "commune", "district", "province"):
            first = elsewhere & ~is_empty(rows[column])
            findings.add(first, column, "venue_elsewhere", remedy=remedies)
            elsewhere &= ~first

    def write(self, prepared, accepted):
        self._staged.put(prepared[accepted])

    def finish(self):
        refuse_misread(self._writing.source, self._moments.values())
        connection, told = self._writing.connection, "onset_on" in self._headers
        self._writing.copier.wait()
        agreed = "case_class = c.case_class" + ", onset_on = c.onset_on" * told
        connection.exec_driver_sql(_AGREE.format(told=agreed, onset="min(onset_on)" if told else "NULL"))
        self._writing.changed = self._staged.merge()
        follow = sa.text(_FOLLOW.format(onset="onset_on" if told else "NULL::date"))
        connection.execute(follow, {"run": self._writing.run})
        connection.execute(sa.select(sa.func.analyze_facts("visit")))


def _local(moments):
    """Moments as clocks in Vietnam show them (datetime64 without a zone)."""
    return moments.dt.tz_convert(TIME_ZONE).dt.tz_localize(None)
