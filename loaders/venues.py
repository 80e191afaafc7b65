"""Venues with a QR code: what they are, which commune they declare, when the code was created, where the point lies."""

import geopandas as gpd
import pandas as pd
import shapely
import sqlalchemy as sa

from geo.db import today
from geo.names import strip_marks
from geo.schema import venue, venue_kind
from geo.units import list_units, list_vintages, vintage_in_force
from loaders.checking import Findings, find_numbers, match_communes, parse_days, parse_numbers, require, unique
from loaders.places import COUNTRY, PLACE_COLUMNS, read_placed_table, read_polygons_of, recheck_points
from loaders.writing import merge, read_or_log, run_load

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
_BAD_CODE = r"(?i)[0-9]([.,][0-9]+)?e\+[0-9]+|.{101,}"  # 1,23457E+18 is what a spreadsheet leaves of a long number
# Columns of the table -> the headers they come from; without these in the file, what an earlier file told stays.
_OPTIONAL = {
    "organisation": {"organisation"}, "address": {"address"}, "closed_on": {"closed_on"}, "solution": {"solution"},
    "point": {"lon", "lat"}, "outside_commune": {"lon", "lat"},
}  # fmt: skip
_SOLUTIONS = {"": "poster", "poster": "poster", "ma qr dan": "poster", "device": "device", "thiet bi": "device"}


def load_venues(path, **options):
    """Load a file of venues. A row is refused when what or where it is cannot be known; a bad point costs the point."""
    return load_venue_rows(read_or_log("venues", read_placed_table, path, COLUMNS), **options)


def load_venue_rows(source, **options):
    """The same for rows already read."""
    return run_load("venues", source, _check, _write, **options)


def _check(connection, source):
    findings = Findings(source.rows, source.headers)
    rows = source.rows
    for column in ("venue_code", "name"):
        require(findings, column)
    findings.add(rows["venue_code"].str.fullmatch(_BAD_CODE), "venue_code", "bad_venue_code")
    unique(findings, ["venue_code"], "venue_code")
    created_on = parse_days(findings, "created_on")
    closed_on = parse_days(findings, "closed_on", required=False)
    findings.add(closed_on < created_on, "closed_on", "closed_before_creation")
    solution = rows["solution"].map(lambda text: _SOLUTIONS.get(strip_marks(text)))
    findings.add(solution.isna(), "solution", "unknown_solution")

    known = list_vintages(connection)
    days = created_on.fillna(pd.Timestamp(today()))
    vintages = days.map(lambda day: vintage_in_force(known, day.date()).id).astype(int)
    units = {each.id: list_units(connection, each) for each in known if each.id in set(vintages)}
    codes = match_communes(findings, vintages, units)
    points, outside = _check_points(findings, read_polygons_of(connection, vintages, codes))
    prepared = pd.DataFrame({
        "code": rows["venue_code"], "name": rows["name"], "kind": _match_kinds(connection, findings),
        "organisation": rows["organisation"], "vintage": vintages, "commune_code": codes,
        "unit": find_numbers(vintages, codes, units),
        "located_by": (rows["commune_code"] != "").map({True: "code", False: "name"}), "address": rows["address"],
        "point": pd.Series(shapely.to_wkb(shapely.set_srid(points, 4326), hex=True, include_srid=True), index=rows.index),
        "outside_commune": outside, "created_on": created_on, "closed_on": closed_on, "solution": solution,
    })  # fmt: skip
    untold = [column for column, headers in _OPTIONAL.items() if not headers & source.headers.keys()]
    return findings, prepared.drop(columns=untold)


def _write(connection, prepared, accepted, run):
    changed = merge(connection, venue, ["code"], prepared[accepted], run)
    if "point" not in prepared:  # points of before, perhaps in other communes than before
        recheck_points(connection)
    return changed


def _match_kinds(connection, findings):
    """The kind's code, by code or by name in either language; unknown ones become "other", with a warning."""
    by_name = {
        strip_marks(name): code
        for code, *names in connection.execute(sa.select(venue_kind.c.code, venue_kind.c.name_vi, venue_kind.c.name_en))
        for name in (code, *names)
    }
    kinds = findings.rows["kind"].map(lambda text: by_name.get(strip_marks(text)))
    findings.add(kinds.isna(), "kind", "unknown_kind", refused=False)
    return kinds.fillna("other")


def _check_points(findings, polygons):
    """Points (array, None where there is none to keep) and whether each lies outside its commune.

    polygons: GeoSeries on the rows' index, None where the commune is not known. Half a pair, 0/0 and what is outside
    the country are dropped; a swapped pair that then falls in its commune is swapped back; all with a warning.
    """
    lon, lat = parse_numbers(findings, "lon"), parse_numbers(findings, "lat")
    half = lon.isna() ^ lat.isna()
    findings.add(half, "lon", "half_point", refused=False)
    null_island = (lon == 0) & (lat == 0)
    findings.add(null_island, "lon", "null_island", refused=False)
    usable = lon.notna() & lat.notna() & ~null_island

    def covered(x, y):
        return usable & polygons.covers(gpd.GeoSeries(gpd.points_from_xy(x, y), index=x.index, crs=4326), align=False)

    inside = covered(lon, lat)
    swapped = ~inside & covered(lat, lon)
    findings.add(swapped, "lon", "swapped_point", refused=False)
    lon, lat = lon.mask(swapped, lat), lat.mask(swapped, lon)
    west, south, east, north = COUNTRY
    abroad = usable & ~(lon.between(west, east) & lat.between(south, north))
    findings.add(abroad, "lon", "outside_country", refused=False)
    kept = usable & ~abroad
    outside = kept & ~inside & ~swapped & polygons.notna()
    findings.add(outside, "lon", "outside_commune", refused=False)
    points = shapely.points(lon.to_numpy(), lat.to_numpy())
    points[~kept.to_numpy()] = None
    return points, outside
