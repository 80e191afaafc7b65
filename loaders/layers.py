"""Map files (gpkg, shapefile in a zip, geojson, kml) read into one table of text and its polygons in WGS 84."""

import re

import geopandas as gpd
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from geo.errors import FileError
from loaders.headers import map_headers
from loaders.personal import refuse_personal_headers
from loaders.projections import to_wgs84
from loaders.reading import file_sha256, make_source

FORMATS = (".gpkg", ".zip", ".geojson", ".json", ".kml")
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}")
# Headers of files that publishers give out, which as single words would say too little: a layout holds where all of it is there,
# and no mapping is given.
LAYOUTS = (
    {  # gso_code: the statistics office's codes, put beside the names of a map of 2019
        "commune_code": "gso_code_2019_01", "commune_name": "ward", "district_name": "district", "province_name": "province",
    },
    {  # GADM 4.1, whose names have no blanks
        "commune_name": "NAME_3", "commune_kind": "TYPE_3", "district_name": "NAME_2", "province_name": "NAME_1",
    },
    {  # census of 2009, with the seven digits of its own numbering
        "commune_code": "commune_id", "commune_name": "commune_vn", "district_name": "district_vn", "province_name": "province_vn",
    },
    {"commune_code": "code", "commune_name": "fullName", "province_code": "province_code"},  # since 01/07/2025, no districts
)  # fmt: skip


def read_layer(path, columns, srid=None, mapping=None):
    """The one layer that has the columns: Source, and GeoSeries (EPSG:4326) on its rows' index.

    columns, mapping: as open_source takes them; srid: EPSG number, where the file does not tell its coordinate system or
    tells a wrong one. Rows are numbered from 1, as map programs number them.
    Raises FileError for a file that is no map, has no such layer or several, holds personal data, or lies in no known place.
    """
    name = path.name
    if path.suffix.lower() not in FORMATS:
        raise FileError(f"{name}: không đọc được loại tệp này; hãy dùng gpkg, geojson, kml hoặc shapefile nén zip")
    try:
        sha256 = file_sha256(path)
        layer, headers, encoding, notes = _choose_layer(path, columns, mapping)
        frame = pyogrio.read_dataframe(path, layer=layer, encoding=encoding)
    except OSError as error:
        raise FileError(f"{path}: không mở được tệp ({error.strerror}); hãy kiểm tra đường dẫn") from None
    except (DataSourceError, DataLayerError):
        raise FileError(f"{name}: tệp hỏng hoặc không phải dữ liệu bản đồ; hãy xuất lại tệp") from None
    except UnicodeDecodeError:
        raise FileError(f"{name}: không rõ mã chữ của tên (thiếu .cpg); hãy xuất lại tệp bằng UTF-8") from None
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    rows = pd.DataFrame({column: _as_text(frame[title]) for column, title in headers.items()})
    for column in columns.keys() - headers.keys():
        rows[column] = ""
    escaped = [column for column in headers if rows[column].str.contains(_ESCAPE).any()]
    if escaped:
        rows[escaped] = rows[escaped].apply(lambda texts: texts.str.replace(_ESCAPE, _unescape, regex=True))
        notes.append(r"đã giải mã các chữ ghi dạng \u00e0 trong " + ", ".join(headers[column] for column in escaped))
    if mapping:
        rows = mapping.apply_values(rows)
    provinces = rows.get("province_name", pd.Series("", index=rows.index)).to_numpy()
    shapes, note = to_wgs84(frame.geometry.to_numpy().copy(), frame.crs, srid, name, provinces)
    ignored = tuple(title for title in frame.columns if title not in (*headers.values(), frame.geometry.name))
    source = make_source(name, sha256, rows, headers, ignored, [*notes, note] if note else notes)
    return source, gpd.GeoSeries(shapes, index=rows.index, crs=4326)


def _choose_layer(path, columns, mapping):
    """The layer with the columns, its headers mapped, the encoding to read it in (None: what it says), and notes."""
    fitting, faults = {}, []
    for layer in [str(layer) for layer, geometry in pyogrio.list_layers(path) if geometry]:
        # Latin-1 is what pyogrio assumes of a shapefile that names no encoding, and cannot write Vietnamese
        encoding = "utf-8" if pyogrio.read_info(path, layer=layer)["encoding"] == "ISO-8859-1" else None
        titles = list(pyogrio.read_info(path, layer=layer, encoding=encoding)["fields"])
        layout = None if mapping else next((each for each in LAYOUTS if set(each.values()) <= set(titles)), None)
        of_units = (*layout.values(), "fullNameEn") if layout else ()  # which elsewhere are headers of persons' names
        refuse_personal_headers([title for title in titles if title not in of_units], path.name)
        try:
            headers = layout or map_headers(titles, columns, f"{path.name} ({layer})", mapping)
            fitting[layer] = {column: title for column, title in headers.items() if column in columns}, encoding
        except FileError as error:
            faults.append(str(error))
    notes = [f"đọc lớp {layer}" for layer in fitting if len(faults) + len(fitting) > 1]
    if len(fitting) > 1:
        plain = [
            layer for layer, (headers, encoding) in fitting.items() if not _is_escaped(path, layer, headers, encoding)
        ]
        if len(plain) != 1:
            raise FileError(f"{path.name}: nhiều lớp có xã ({', '.join(fitting)}); hãy giữ một lớp")
        others = ", ".join(fitting.keys() - set(plain))
        notes = [rf"đọc lớp {plain[0]}; bỏ lớp {others} vì tên ghi dạng \u00e0"]
        fitting = {plain[0]: fitting[plain[0]]}
    if not fitting:
        if not faults:
            raise FileError(f"{path.name}: không có lớp bản đồ nào; hãy xuất lại tệp")
        raise FileError(f"{'; '.join(faults)}; cần một lớp có xã: huyện và tỉnh được gộp từ các xã")
    ((layer, (headers, encoding)),) = fitting.items()
    return layer, headers, encoding, notes


def _is_escaped(path, layer, headers, encoding):
    sample = pyogrio.read_dataframe(path, layer=layer, encoding=encoding, read_geometry=False, max_features=50)
    return any(_as_text(sample[title]).str.contains(_ESCAPE).any() for title in headers.values())


def _unescape(found):
    return found[0].encode().decode("unicode_escape")


def _as_text(values):
    """Text without blanks around it, "" where empty; whole numbers without the .0 that a map file stores."""
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    values = values.astype(object)
    return values.where(values.notna(), "").astype(str).str.strip()
