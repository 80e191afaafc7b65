"""Venues with a QR code: what they are, which commune they declare, when the code was created, where the point lies."""

import binascii

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from geo import summaries
from geo.bulk import EPOCH
from geo.names import strip_marks
from geo.schema import venue, venue_kind
from loaders.checking import (
    Findings,
    Seen,
    is_empty,
    read_days,
    read_numbers,
    refuse_misread,
    refuse_repeated,
    require,
    translate,
)
from loaders.places import COUNTRY, PLACE_COLUMNS, Places, open_placed, recheck_points
from loaders.values import DayReader, NumberReader
from loaders.writing import Staged, read_or_log, run_load

COLUMNS = {
    "venue_code": (True, ("Mã địa điểm", "Mã điểm", "Mã QR")),
    "name": (True, ("Tên địa điểm", "Tên điểm")),
    "kind": (True, ("Loại hình", "Loại địa điểm")),
    **PLACE_COLUMNS,
    "created_on": (True, ("Ngày tạo", "Ngày tạo mã")),
    "organisation": (False, ("Cơ quan chủ quản", "Đơn vị")),
    "address": (False, ("Địa chỉ",)),
    "lon": (False, ("Kinh độ", "longitude", "lng")),
    "lat": (False, ("Vĩ độ", "latitude")),
    "closed_on": (False, ("Ngày đóng", "Ngày ngừng hoạt động")),
    "solution": (False, ("Giải pháp", "Hình thức")),
}
_BAD_CODE = r"(?i)^([0-9]([.,][0-9]+)?e\+[0-9]+|.{101,})$"  # 1,23457E+18 is what a spreadsheet leaves of a long number
# Columns of the table -> the headers they come from; without these in the file, what an earlier file told stays.
_OPTIONAL = {
    "organisation": {"organisation"}, "address": {"address"}, "closed_on": {"closed_on"}, "solution": {"solution"},
    "point": {"lon", "lat"}, "outside_commune": {"lon", "lat"},
}  # fmt: skip
_SOLUTIONS = {"": "poster", "poster": "poster", "ma qr dan": "poster", "device": "device", "thiet bi": "device"}
_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")])  # EWKB


def load_venues(path, mapping=None, **options):
    """Load a file of venues. A row is refused when what or where it is cannot be known; a bad point costs the point."""
    return load_venue_rows(read_or_log("venues", open_placed, path, COLUMNS, mapping, options=options), **options)


def load_venue_rows(source, **options):
    """The same for rows already read."""
    return run_load("venues", source, _Venues, **options)


class _Venues:
    def __init__(self, writing):
        self._writing, self._headers = writing, writing.source.headers
        self._places, self._kinds = Places(writing), read_kinds(writing.connection)
        self._seen, self._days = Seen(), {column: DayReader() for column in ("created_on", "closed_on")}
        decimals = writing.source.decimals
        self._numbers = {column: NumberReader(decimals.get(self._headers.get(column))) for column in ("lon", "lat")}
        self._untold = [column for column, headers in _OPTIONAL.items() if not headers & self._headers.keys()]
        closed = sa.select(venue.c.code, venue.c.closed_on).where(venue.c.closed_on.is_not(None))
        self._closed = dict(writing.connection.execute(closed).all()) if "closed_on" in self._untold else {}
        self._staged = Staged(writing, venue, ["code"])
        self._first = not writing.connection.scalar(sa.select(sa.exists().select_from(venue)))
        if self._first:  # nothing to compare with: rows go straight into the table
            summaries.refresh(writing.connection)
            writing.connection.execute(sa.select(sa.func.suspend_venue_keys()))
            self._copied = []

    def check(self, rows):
        findings = Findings(rows, self._headers)
        filled = require(findings, "venue_code")
        require(findings, "name")
        bad_code = pc.match_substring_regex(pa.array(rows["venue_code"]), _BAD_CODE).to_numpy(zero_copy_only=False)
        findings.add(bad_code, "venue_code", "bad_venue_code")
        refuse_repeated(findings, self._seen, rows["venue_code"], filled, "venue_code")
        created_on = read_days(findings, "created_on", self._days["created_on"])
        closed_on = read_days(findings, "closed_on", self._days["closed_on"], required=False)
        if self._closed:  # as an earlier file told
            closed_on = rows["venue_code"].map(self._closed).astype("datetime64[s]")
        findings.add(closed_on < created_on, "created_on" if self._closed else "closed_on", "closed_before_creation")
        solution = translate(rows["solution"], lambda text: _SOLUTIONS.get(strip_marks(text)))
        findings.add(solution.isna(), "solution", "unknown_solution")
        kind = translate(rows["kind"], lambda text: self._kinds.get(strip_marks(text)))
        findings.add(kind.isna(), "kind", "unknown_kind", refused=False)
        placed = self._places.place(findings, created_on)
        point, outside = self._check_points(findings, placed.units)
        prepared = pd.DataFrame({
            "code": rows["venue_code"], "name": rows["name"], "kind": kind.fillna("other"),
            "organisation": rows["organisation"], "vintage": placed.vintages, "commune_code": placed.codes,
            "unit": placed.units, "located_by": np.where(is_empty(rows["commune_code"]), "name", "code"),
            "address": rows["address"], "point": point, "outside_commune": outside,
            "created_on": created_on.astype("date32[pyarrow]"), "closed_on": closed_on.astype("date32[pyarrow]"), "solution": solution,
        })  # fmt: skip
        return findings, prepared.drop(columns=self._untold)

    def write(self, prepared, accepted):
        prepared = prepared if accepted.all() else prepared[accepted]
        if self._first:
            self._writing.changed += len(prepared)
            self._copied.append(prepared.reindex(columns=["unit", "created_on", "kind", "solution"]))
            self._writing.copier.put(venue.name, prepared.assign(load_run=self._writing.run), frozen=True)
        else:
            self._staged.put(prepared)

    def finish(self):
        refuse_misread(self._writing.source, self._days.values())
        connection = self._writing.connection
        if self._first:
            connection.execute(sa.select(sa.func.restore_venue_keys()))
            self._summarise()
        else:
            _note_restated(connection, self._staged.table, self._writing.run)
            self._writing.changed = self._staged.merge()
        if "point" in self._untold and self._writing.changed:  # points of before, perhaps in other communes than before
            recheck_points(connection)
        if self._writing.changed:
            connection.execute(sa.select(sa.func.analyze_facts("venue")))

    def _summarise(self):
        copied = pd.concat(self._copied)
        created = pa.array(copied["created_on"]).cast(pa.int32()).to_numpy() - EPOCH.astype("i4")
        devices = (copied["solution"] == "device").to_numpy(bool).astype("i4")
        summaries.begin(self._writing.connection, copied["unit"].to_numpy("i4"), created, copied["kind"], devices)

    def _check_points(self, findings, units):
        """Points (EWKB in hexadecimal, null where there is none to keep) and whether each lies outside its commune.

        Half a pair, 0/0 and what is outside the country are dropped; a swapped pair that then falls in its commune is
        swapped back; all with a warning.
        """
        west, south, east, north = COUNTRY
        lon = read_numbers(findings, "lon", self._numbers["lon"], west, east).to_numpy(copy=True)
        lat = read_numbers(findings, "lat", self._numbers["lat"], south, north).to_numpy(copy=True)
        findings.add(np.isnan(lon) ^ np.isnan(lat), "lon", "half_point", refused=False)
        null_island = (lon == 0) & (lat == 0)
        findings.add(null_island, "lon", "null_island", refused=False)
        usable = ~np.isnan(lon) & ~np.isnan(lat) & ~null_island

        inside = usable & self._places.inside(units, lon, lat)
        swapped = np.zeros_like(inside)
        rest = np.flatnonzero(usable & ~inside)
        swapped[rest] = self._places.inside(units[rest], lat[rest], lon[rest])
        findings.add(swapped, "lon", "swapped_point", refused=False)
        lon[swapped], lat[swapped] = lat[swapped], lon[swapped]
        abroad = usable & ~((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
        findings.add(abroad, "lon", "outside_country", refused=False)
        kept = usable & ~abroad
        outside = kept & ~inside & ~swapped & (units > 0)
        findings.add(outside, "lon", "outside_commune", refused=False)
        return _make_points(lon, lat, kept), outside


def _note_restated(connection, stage, run):
    """Note the communes and days of creation whose number of venues a newer list changes: venues that moved, or were redated."""
    connection.execute(
        sa.text(f"""
            INSERT INTO restatement (load_run, day, vintage, commune_code, measure, before, after)
            WITH moved AS (
                SELECT v.vintage, v.commune_code, v.created_on, s.vintage AS to_vintage, s.commune_code AS to_code, s.created_on AS to_day
                FROM venue v JOIN {stage.name} s USING (code)
                WHERE (v.unit, v.created_on) <> (s.unit, s.created_on)
            ),
            change AS (
                SELECT vintage, commune_code, created_on, -1 AS by FROM moved
                UNION ALL SELECT to_vintage, to_code, to_day, 1 FROM moved
            ),
            total AS (
                SELECT vintage, commune_code, created_on, sum(by) AS by FROM change GROUP BY 1, 2, 3 HAVING sum(by) <> 0
            )
            SELECT :run, t.created_on, t.vintage, t.commune_code, 'venues', h.held, h.held + t.by
            FROM total t
            JOIN admin_unit u ON u.vintage = t.vintage AND u.code = t.commune_code
            CROSS JOIN LATERAL (SELECT count(*) AS held FROM venue v WHERE v.unit = u.id AND v.created_on = t.created_on) h
        """),
        {"run": run},
    )


def read_kinds(connection):
    """Each kind's code by the code and by its names in both languages, without marks."""
    kinds = connection.execute(sa.select(venue_kind.c.code, venue_kind.c.name_vi, venue_kind.c.name_en))
    return {strip_marks(name): code for code, *names in kinds for name in (code, *names)}


def _make_points(lon, lat, kept):
    records = np.zeros(len(lon), _POINT)
    records["order"], records["type"], records["srid"], records["x"], records["y"] = 1, 0x20000001, 4326, lon, lat
    text = np.frombuffer(binascii.hexlify(records.tobytes()), dtype=f"S{2 * _POINT.itemsize}")
    return pd.arrays.ArrowExtensionArray(pa.array(text, mask=~kept).cast(pa.string()))
