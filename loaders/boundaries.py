"""Communes with their polygons; districts and provinces are dissolved from them, so that children cover their parent."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
import sqlalchemy as sa
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj.exceptions import ProjError
from sqlalchemy.dialects.postgresql import insert

from geo.errors import FileError
from geo.names import split_kind
from geo.schema import admin_unit, boundary_vintage
from loaders.checking import Findings, require, unique
from loaders.headers import map_headers
from loaders.personal import refuse_personal_headers
from loaders.places import COUNTRY, recheck_points
from loaders.reading import file_sha256, make_source
from loaders.writing import merge, read_or_log, run_whole_load

# A shapefile cuts its headers to ten letters, hence the short forms.
COLUMNS = {
    "commune_code": (True, ("Mã xã", "commune_co", "ma_xa")),
    "commune_name": (True, ("Tên xã", "commune_na", "ten_xa")),
    "district_code": (False, ("Mã huyện", "district_c", "ma_huyen")),
    "district_name": (False, ("Tên huyện", "district_n", "ten_huyen")),
    "province_code": (True, ("Mã tỉnh", "province_c", "ma_tinh")),
    "province_name": (True, ("Tên tỉnh", "province_n", "ten_tinh")),
}
_LEVELS = {1: "province", 2: "district", 3: "commune"}
_FORMATS = (".gpkg", ".geojson", ".json", ".zip")
_EQUAL_AREA = 6933  # EPSG: cylindrical equal area on the WGS 84 ellipsoid
SIMPLIFY_DEGREES = 0.0005  # about 50 m, a pixel of a district's map on a screen


def load_boundaries(path, vintage, source=None, licence=None, **options):
    """Load the communes of one file into the vintage that begins on the day `vintage`.

    source, licence: what the map says of them; the file's name where none is given.
    """
    read, polygons = read_or_log("boundaries", read_layer, path, options=options)
    return load_boundary_rows(read, polygons, vintage, source or read.name, licence, **options)


def load_boundary_rows(source, polygons, vintage, origin, licence=None, **options):
    """The same for rows already read; polygons: GeoSeries (EPSG:4326) on the rows' index."""

    def check(connection, rows):
        shapes = _areas_only(polygons.to_numpy())
        return _check_rows(source, rows, shapes), shapes

    def write(connection, shapes, accepted, run):
        if not accepted.any():
            return 0
        upsert = insert(boundary_vintage).values(
            valid_from=vintage, source=origin, licence=licence, sha256=source.sha256
        )
        told = {column: upsert.excluded[column] for column in ("source", "licence", "sha256")}
        upsert = upsert.on_conflict_do_update(index_elements=["valid_from"], set_=told)
        vintage_id = connection.scalar(upsert.returning(boundary_vintage.c.id))
        communes = source.rows[accepted].replace("", None).assign(geom=shapes[accepted])
        units = _build_units(pd.concat([communes, _read_neighbours(connection, vintage_id, communes)]))
        changed = merge(connection, admin_unit, ["vintage", "code"], units.assign(vintage=vintage_id), run)
        recheck_points(connection)
        return changed

    settings = {"vintage": vintage.isoformat(), "source": origin, "licence": licence}
    return run_whole_load("boundaries", source, check, write, settings=settings, **options)


def read_layer(path):
    """The one layer of a gpkg, geojson or zipped shapefile that has the columns of communes: Source and GeoSeries (4326)."""
    name = path.name
    if path.suffix.lower() not in _FORMATS:
        raise FileError(f"{name}: không đọc được loại tệp này; hãy dùng gpkg, geojson hoặc shapefile nén zip")
    try:
        sha256 = file_sha256(path)
        layer, headers, encoding = _choose_layer(path)
        frame = gpd.read_file(path, layer=layer, encoding=encoding)
    except OSError as error:
        raise FileError(f"{path}: không mở được tệp ({error.strerror}); hãy kiểm tra đường dẫn") from None
    except (DataSourceError, DataLayerError):
        raise FileError(f"{name}: tệp hỏng hoặc không phải dữ liệu bản đồ; hãy xuất lại tệp") from None
    except UnicodeDecodeError:
        raise FileError(f"{name}: không rõ mã chữ của tên (thiếu .cpg); hãy xuất lại tệp bằng UTF-8") from None
    if frame.crs is None:
        raise FileError(f"{name}: không ghi hệ tọa độ (thiếu .prj); hãy xuất lại tệp kèm hệ tọa độ")
    try:
        polygons = frame.geometry.to_crs(4326)
    except ProjError:
        raise FileError(f"{name}: hệ tọa độ không gắn với mặt đất ({frame.crs.name}); hãy xuất lại tệp") from None
    polygons.index = frame.index = pd.RangeIndex(1, len(frame) + 1)
    rows = frame[list(headers.values())].set_axis(list(headers), axis=1).astype(object)
    rows = rows.where(rows.notna(), "").astype(str).apply(lambda column: column.str.strip())
    for absent in COLUMNS.keys() - headers.keys():
        rows[absent] = ""
    return make_source(name, sha256, rows, headers), polygons


def _choose_layer(path):
    """The layer with the columns of communes, its headers mapped, and the encoding to read it in (None: what it says)."""
    fitting, faults = {}, []
    for layer in [str(layer) for layer, geometry in pyogrio.list_layers(path) if geometry]:
        # Latin-1 is what pyogrio assumes of a shapefile that names no encoding, and cannot write Vietnamese
        encoding = "utf-8" if pyogrio.read_info(path, layer=layer)["encoding"] == "ISO-8859-1" else None
        titles = list(pyogrio.read_info(path, layer=layer, encoding=encoding)["fields"])
        refuse_personal_headers(titles, path.name)
        try:
            fitting[layer] = map_headers(titles, COLUMNS, f"{path.name} ({layer})"), encoding
        except FileError as error:
            faults.append(str(error))
    if len(fitting) > 1:
        raise FileError(f"{path.name}: nhiều lớp có xã ({', '.join(fitting)}); hãy giữ một lớp")
    if not fitting:
        raise FileError("; ".join(faults) or f"{path.name}: không có lớp bản đồ nào; hãy xuất lại tệp")
    ((layer, (headers, encoding)),) = fitting.items()
    return layer, headers, encoding


def _check_rows(source, rows, shapes):
    findings = Findings(rows, source.headers)
    for column, digits in (("commune_code", 5), ("district_code", 3), ("province_code", 2)):
        optional = column == "district_code"
        filled = (rows[column] != "") if optional else require(findings, column)
        findings.add(filled & ~rows[column].str.fullmatch(rf"[0-9]{{{digits}}}"), column, "bad_code")
    for column in ("commune_name", "province_name"):
        require(findings, column)
    for column, other in (("district_code", "district_name"), ("district_name", "district_code")):
        findings.add((rows[column] == "") & (rows[other] != ""), column, "missing")
    unique(findings, ["commune_code"], "commune_code")
    for level, told in (("district", ["district_name", "province_code"]), ("province", ["province_name"])):
        code = f"{level}_code"
        first = rows.groupby(code)[told].transform("first")
        findings.add((first != rows[told]).any(axis=1) & (rows[code] != ""), code, "two_parents")
    findings.add(shapely.is_missing(shapes), "commune_name", "not_a_polygon")
    west, south, east, north = COUNTRY
    left, low, right, high = shapely.bounds(shapes).T
    abroad = (left < west) | (low < south) | (right > east) | (high > north)
    findings.add(abroad, "commune_name", "not_in_country")
    uneven = ~shapely.is_empty(shapely.coverage_invalid_edges(np.where(abroad, None, shapes)))
    findings.add(uneven & ~shapely.is_missing(shapes), "commune_name", "uneven_border", refused=False)
    return findings


_NEIGHBOURS = sa.text("""
    SELECT c.code AS commune_code, c.name AS commune_name, d.code AS district_code, d.name AS district_name,
           p.code AS province_code, p.name AS province_name, ST_AsBinary(c.geom) AS geom
    FROM admin_unit c
    LEFT JOIN admin_unit d ON d.vintage = c.vintage AND d.code = c.parent_code AND d.level = 2
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = coalesce(d.parent_code, c.parent_code)
    JOIN load_run r ON r.id = c.load_run AND NOT r.invented
    WHERE c.vintage = :vintage AND c.level = 3 AND p.code = ANY (:provinces) AND c.code <> ALL (:codes)
""")


def _read_neighbours(connection, vintage_id, communes):
    """Communes loaded earlier into the same provinces, as rows of a file: a province may come one district a file."""
    of = {"provinces": communes["province_code"].unique().tolist(), "codes": communes["commune_code"].tolist()}
    loaded = connection.execute(_NEIGHBOURS, {"vintage": vintage_id, **of}).mappings().all()
    return pd.DataFrame(loaded, columns=communes.columns).assign(
        geom=[shapely.from_wkb(bytes(row["geom"])) for row in loaded]
    )


def _build_units(communes):
    """admin_unit's columns without vintage: communes as given, districts and provinces dissolved from them.

    communes: the file's columns and geom; the file's come before those loaded earlier,
    and of two names of a parent the first is taken.
    Communes are simplified together, as a coverage, and the units above dissolved from the simplified ones.
    """
    communes = communes.set_index("commune_code", drop=False)
    shapes = communes[["geom"]].sort_index()  # in one order, so that the same communes give the same parents
    shapes["geom_simple"] = shapely.coverage_simplify(shapes["geom"].to_numpy(), SIMPLIFY_DEGREES)
    parents = {3: communes["district_code"].fillna(communes["province_code"]), 2: communes["province_code"], 1: None}
    units = []
    for level, word in _LEVELS.items():
        told = communes[[f"{word}_code", f"{word}_name"]].set_axis(["code", "name"], axis=1)
        told = told.assign(parent_code=parents[level])
        grouped = shapes.groupby(told["code"])
        dissolved = {column: grouped[column].agg(lambda part: shapely.union_all(part.to_numpy())) for column in shapes}
        units.append(
            told.dropna(subset=["code"]).drop_duplicates("code").set_index("code").assign(level=level, **dissolved)
        )
    units = pd.concat(units).reset_index()
    units["kind"] = units["name"].map(lambda name: split_kind(name)[0])
    units["area_km2"] = gpd.GeoSeries(units["geom"], crs=4326).to_crs(_EQUAL_AREA).area / 1e6
    for column in shapes:
        units[column] = _as_ewkb(units[column].to_numpy())
    return units


def _areas_only(shapes):
    """Valid polygons in two dimensions, None where there is no area; what a repair leaves of lines and points is dropped."""
    shapes = shapely.force_2d(shapes)
    coordinates, places = shapely.get_coordinates(shapes, return_index=True)
    shapes[places[~np.isfinite(coordinates).all(axis=1)]] = None
    shapes = shapely.make_valid(shapes)
    polygonal = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    for place in np.flatnonzero(~np.isin(shapely.get_type_id(shapes), polygonal)):
        parts = shapely.get_parts(shapes[place])
        shapes[place] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    shapes[shapely.is_empty(shapes)] = None
    return shapes


def _as_ewkb(shapes):
    multi = [shapely.multipolygons(shapely.get_parts(shape)) for shape in shapes]
    return shapely.to_wkb(shapely.set_srid(multi, 4326), hex=True, include_srid=True)
