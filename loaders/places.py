"""How a row of a register or of venues says where it is, and the units that this is read against."""

import geopandas as gpd
import shapely
import sqlalchemy as sa
from geoalchemy2.shape import to_shape

from geo.db import today
from geo.errors import FileError
from geo.schema import admin_unit
from geo.units import list_units, list_vintages, vintage_in_force
from loaders.reading import read_table

# Mainland, shelf, Hoàng Sa and Trường Sa, with a margin: lon, lat of the south-west and the north-east.
COUNTRY = (102.0, 6.0, 118.0, 23.5)
PLACE_COLUMNS = {
    "commune_code": (False, ("Mã xã", "Mã xã/phường/thị trấn", "Mã đơn vị hành chính")),
    "commune": (False, ("Xã/phường/thị trấn", "Xã", "Tên xã", "Xã phường")),
    "district": (False, ("Quận/huyện", "Huyện", "Tên huyện", "Huyện/thị xã/thành phố")),
    "province": (False, ("Tỉnh/thành phố", "Tỉnh", "Tên tỉnh")),
}


def read_placed_table(path, columns):
    """As read_table; FileError too unless the file has a column of commune codes, or commune and district by name."""
    source = read_table(path, columns)
    if "commune_code" not in source.headers and not {"commune", "district"} <= source.headers.keys():
        raise FileError(
            f"{source.name}: thiếu cột chỉ nơi chốn; cần commune_code (Mã xã), hoặc commune (Xã/phường/thị trấn) cùng district (Quận/huyện)"
        )
    return source


def choose_vintage(connection, first_day=None):
    """The vintage that begins on `first_day`, or the only one there is, and its units by code."""
    known = list_vintages(connection)
    days = ", ".join(f"{each.valid_from}" for each in known)
    if first_day is None and len(known) > 1:
        raise FileError(f"có nhiều bộ địa giới ({days}); hãy ghi thêm --vintage và một trong các ngày đó")
    chosen = [each for each in known if first_day in (None, each.valid_from)]
    if known and not chosen:
        raise FileError(f"không có bộ địa giới nào từ ngày {first_day}; các bộ đang có: {days}")
    vintage = chosen[0] if chosen else vintage_in_force(known, today())
    return vintage, list_units(connection, vintage)


def read_polygons_of(connection, vintages, codes):
    """The polygon, as loaded, of each row's commune: GeoSeries on the rows' index, None where the commune is unknown.

    vintages, codes: Series on one index. Rows of one commune share one prepared geometry, so that tests are fast.
    """
    wanted = sa.select(admin_unit.c.vintage, admin_unit.c.code, admin_unit.c.geom).where(
        admin_unit.c.code.in_(codes.dropna().unique().tolist())
    )
    found = {(vintage, code): to_shape(geom) for vintage, code, geom in connection.execute(wanted)}
    shapely.prepare(list(found.values()))
    return gpd.GeoSeries([found.get(key) for key in zip(vintages, codes)], index=codes.index, crs=4326)


def recheck_points(connection):
    """Say anew of each venue's point whether it lies outside its commune, after either of them changed."""
    connection.execute(
        sa.text("""
            UPDATE venue v SET outside_commune = NOT ST_Covers(u.geom, v.point)
            FROM admin_unit u
            WHERE u.vintage = v.vintage AND u.code = v.commune_code AND v.point IS NOT NULL
              AND v.outside_commune = ST_Covers(u.geom, v.point)
        """)
    )
