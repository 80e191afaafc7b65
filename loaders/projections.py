"""Coordinate systems of map files: which one, whether the coordinates can be in it, and the way to WGS 84."""

from functools import cache

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info
from pyproj.enums import PJType
from pyproj.exceptions import CRSError, ProjError

from geo.errors import FileError
from geo.names import split_kind, strip_marks
from loaders.places import COUNTRY

_WGS84 = CRS.from_epsg(4326)
_AREA = AreaOfInterest(
    102.0, 8.0, 110.0, 23.5
)  # onshore: where the shifts of VN-2000 and of the older datums are meant
_WIDE = (3405, 3406, 32648, 32649)  # UTM zones 48 and 49, in VN-2000 and in WGS 84
_BEYOND = 0.3  # degrees that a province may reach out of the box that EPSG gives for its zone
_HOW = "hãy xuất lại tệp kèm hệ tọa độ, hoặc ghi thêm --srid"


def to_wgs84(shapes, found, srid, name, provinces):
    """The polygons in EPSG:4326 (array), longitude first, and a sentence on the system taken, or None where it was plain.

    shapes: array of geometries, None allowed. found: CRS as the file tells it, or None; srid: EPSG number given by the
    user, which goes before it. provinces: name of each shape's province, "" where it is not known.
    Raises FileError for a system that PROJ has no way from, and where the coordinates cannot be in it or lie abroad;
    it names the systems of VN-2000 in which they would lie in Vietnam.
    """
    crs, note = _choose(found, srid, name)
    centres = _centres(shapes)
    _refuse_other_unit(crs, centres, name, provinces)
    moved = shapes if crs == _WGS84 else shapely.transform(shapes, _way(crs, name), interleaved=False)
    _refuse_elsewhere(centres, _centres(moved), name, provinces)
    return moved, note


@cache
def provincial_zones():
    """EPSG number -> what EPSG says of it, of the VN-2000 zones of three degrees that are meant for named provinces."""
    known = query_crs_info(auth_name="EPSG", pj_types=PJType.PROJECTED_CRS, area_of_interest=_AREA)
    return {int(zone.code): zone.area_of_use for zone in known if zone.name.startswith("VN-2000 / TM-3")}


def zones_for(provinces):
    """EPSG numbers of the zones meant for provinces of these names."""
    keys = {_key(split_kind(province)[1]) for province in provinces} - {""}
    return [srid for srid, area in provincial_zones().items() if any(key in _key(area.name) for key in keys)]


def _key(text):
    return strip_marks(text).replace("-", "").replace(" ", "")


def _choose(found, srid, name):
    if srid is not None:
        try:
            chosen = CRS.from_epsg(srid)
        except CRSError:
            raise FileError(
                f"{name}: PROJ không biết hệ tọa độ EPSG:{srid}; VN-2000 theo tỉnh là 9205 đến 9218 và 5896 đến 5899, WGS 84 là 4326"
            ) from None
        overruled = f" thay cho {found.name} ghi trong tệp" if found is not None and found != chosen else ""
        return _on_the_ground(chosen, name), f"đọc theo --srid {srid} ({chosen.name}){overruled}"
    if found is None:
        raise FileError(
            f"{name}: không ghi hệ tọa độ (thiếu .prj); {_HOW}, như --srid 9209 (VN-2000, kinh tuyến trục 105°30′)"
        )
    known = _on_the_ground(found, name).to_epsg()
    # To EPSG's own, since a .prj often leaves out the shift from its datum
    chosen = CRS.from_epsg(known) if known else found
    return (
        chosen,
        None if chosen == _WGS84 else f"chuyển từ {chosen.name}{f' (EPSG:{known})' if known else ''} sang WGS 84",
    )


def _on_the_ground(crs, name):
    if not (crs.is_geographic or crs.is_projected):
        raise FileError(f"{name}: hệ tọa độ không gắn với mặt đất ({crs.name}); {_HOW}")
    return crs


def _way(crs, name):
    """A function of x and y; FileError where the datum is unknown, since the shift from it can be 200 m and more."""
    try:
        return Transformer.from_crs(crs, _WGS84, always_xy=True, area_of_interest=_AREA, allow_ballpark=False).transform
    except ProjError:
        raise FileError(f"{name}: hệ tọa độ {crs.name} không rõ gốc, nên không đổi được sang WGS 84; {_HOW}") from None


def _centres(shapes):
    """x and y of the middle of each shape's extent, NaN where it has none."""
    west, south, east, north = shapely.bounds(shapes).T
    return np.array([(west + east) / 2, (south + north) / 2])


def _refuse_other_unit(crs, centres, name, provinces):
    x, y = np.abs(centres[:, np.isfinite(centres).all(axis=0)])
    if not len(x):
        return
    degrees = (x <= 180).all() and (y <= 90).all()
    if crs.is_geographic and (x > 180).mean() > 0.5:
        raise FileError(f"{name}: tọa độ là mét, mà tệp ghi hệ {crs.name} tính bằng độ; {_suggest(centres, provinces)}")
    if crs.is_projected and degrees:
        raise FileError(
            f"{name}: tọa độ là độ, mà tệp ghi hệ {crs.name} tính bằng mét; nếu là WGS 84, hãy ghi --srid 4326"
        )
    west, south, east, north = COUNTRY
    swapped = (x >= south) & (x <= north) & (y >= west) & (y <= east)
    if crs.is_geographic and swapped.mean() > 0.5:
        raise FileError(f"{name}: vĩ độ đứng trước kinh độ; hãy xuất lại tệp với kinh độ trước")


def _refuse_elsewhere(centres, moved, name, provinces):
    west, south, east, north = COUNTRY
    x, y = moved
    known = np.isfinite(x)
    abroad = (x < west) | (x > east) | (y < south) | (y > north) | (np.isfinite(centres[0]) & ~known)
    if abroad.sum() > 0.5 * len(x):
        raise FileError(f"{name}: bản đồ nằm ngoài Việt Nam theo hệ tọa độ này; {_suggest(centres, provinces)}")
    provinces = np.asarray(provinces)
    for province in sorted({province for province in provinces if province}):
        zones = [provincial_zones()[srid] for srid in zones_for([province])]
        here = known & ~abroad & (provinces == province)
        lon, lat = np.median(x[here]) if here.any() else 0, np.median(y[here]) if here.any() else 0
        inside = [
            zone.west - _BEYOND <= lon <= zone.east + _BEYOND and zone.south - _BEYOND <= lat <= zone.north + _BEYOND
            for zone in zones
        ]
        if here.any() and zones and not any(inside):
            raise FileError(
                f"{name}: {province} rơi vào kinh độ {lon:.2f}, vĩ độ {lat:.2f}, ngoài vùng của tỉnh; {_suggest(centres, [province])}"
            )


def _suggest(centres, provinces):
    """What to do: the systems in which the middle of the file would lie where they are meant for."""
    middle = np.nanmedian(centres, axis=1)
    wanted, fitting = zones_for(provinces), []
    for srid in (*wanted, *(srid for srid in (*provincial_zones(), *_WIDE) if srid not in wanted)):
        crs = CRS.from_epsg(srid)
        lon, lat = Transformer.from_crs(crs, _WGS84, always_xy=True).transform(*middle)
        area = provincial_zones().get(srid, crs.area_of_use)
        if area.west <= lon <= area.east and area.south <= lat <= area.north:
            fitting.append(srid)
    meant = [srid for srid in fitting if srid in wanted] or fitting
    if not meant:
        return _HOW
    told = " hoặc ".join(f"{srid} ({CRS.from_epsg(srid).name})" for srid in meant[:4])
    return f"{'của tỉnh này là' if meant[0] in wanted else 'nằm trong Việt Nam nếu là'} --srid {told}"
