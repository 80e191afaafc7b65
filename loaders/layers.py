"""Map files (gpkg, shapefile in a zip, geojson, kml) read into one table of text and its polygons in WGS 84."""

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from geo.errors import FileError
from loaders.headers import map_headers
from loaders.personal import refuse_personal_headers
from loaders.projections import to_wgs84
from loaders.reading import MAPS, file_sha256, make_source

# What GDAL gives every place of a KML, beside the places' own data.
_KML_FIELDS = {
    "id", "Name", "description", "timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon",
}  # fmt: skip
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
    """The one layer that has the columns, or all such folders of a KML: Source, and GeoSeries (EPSG:4326) on its rows' index.

    columns, mapping: as open_source takes them; srid: EPSG number, where the file does not tell its coordinate system or
    tells a wrong one. Rows are numbered from 1, as map programs number them.
    Raises FileError for a file that is no map, has no such layer or several, holds personal data, or lies in no known place.
    """
    name = path.name
    if path.suffix.lower() not in MAPS:
        raise FileError(f"{name}: không đọc được loại tệp này; hãy dùng gpkg, geojson, kml hoặc shapefile nén zip")
    try:
        sha256 = file_sha256(path)
        layers, notes = _choose_layers(path, columns, mapping)
        frames = [pyogrio.read_dataframe(path, layer=layer, encoding=_encoding(path, layer)) for layer in layers]
    except OSError as error:
        raise FileError(f"{path}: không mở được tệp ({error.strerror}); hãy kiểm tra đường dẫn") from None
    except (DataSourceError, DataLayerError):
        raise FileError(f"{name}: tệp hỏng hoặc không phải dữ liệu bản đồ; hãy xuất lại tệp") from None
    except UnicodeDecodeError:
        raise FileError(f"{name}: không rõ mã chữ của tên (thiếu .cpg); hãy xuất lại tệp bằng UTF-8") from None
    parts = [
        pd.DataFrame({column: _as_text(frame[title]) for column, title in told.items()}, index=frame.index)
        for frame, told in zip(frames, layers.values())
    ]
    rows = pd.concat(parts).fillna("").set_axis(pd.RangeIndex(1, sum(map(len, parts)) + 1))
    rows = rows.reindex(columns=list(columns), fill_value="")
    headers = {column: title for told in reversed(layers.values()) for column, title in told.items()}
    escaped = [column for column in headers if rows[column].str.contains(_ESCAPE).any()]
    if escaped:
        rows[escaped] = rows[escaped].apply(lambda texts: texts.str.replace(_ESCAPE, _unescape, regex=True))
        notes.append(r"đã giải mã các chữ ghi dạng \u00e0 trong " + ", ".join(headers[column] for column in escaped))
    if mapping:
        rows = mapping.apply_values(rows)
    provinces = rows.get("province_name", pd.Series("", index=rows.index)).to_numpy()
    geometry = np.concatenate([frame.geometry.to_numpy() for frame in frames])
    shapes, note = to_wgs84(geometry, frames[0].crs, srid, name, provinces)
    known = {title for told in layers.values() for title in told.values()}
    known |= _KML_FIELDS if path.suffix.lower() == ".kml" else set()
    ignored = tuple(
        dict.fromkeys(
            title for frame in frames for title in frame.drop(columns=frame.geometry.name) if title not in known
        )
    )
    source = make_source(name, sha256, rows, headers, ignored, [*notes, note] if note else notes)
    return source, gpd.GeoSeries(shapes, index=rows.index, crs=4326)


def _choose_layers(path, columns, mapping):
    """The layers with the columns -> their headers, and notes."""
    fitting, faults, kml = {}, [], path.suffix.lower() == ".kml"
    for layer in [str(layer) for layer, geometry in pyogrio.list_layers(path) if geometry]:
        titles = list(pyogrio.read_info(path, layer=layer, encoding=_encoding(path, layer))["fields"])
        layout = None if mapping else next((each for each in LAYOUTS if set(each.values()) <= set(titles)), None)
        of_units = (*layout.values(), "fullNameEn") if layout else ()  # which elsewhere are headers of persons' names
        refuse_personal_headers([title for title in titles if title not in of_units], path.name)
        try:
            headers = layout or _map_titles(titles, columns, f"{path.name} ({layer})", mapping, kml)
            fitting[layer] = {column: title for column, title in headers.items() if column in columns}
        except FileError as error:
            faults.append(str(error))
    notes = [f"đọc lớp {layer}" for layer in fitting if len(faults) + len(fitting) > 1]
    if len(fitting) > 1 and not kml:
        plain = [layer for layer, headers in fitting.items() if not _is_escaped(path, layer, headers)]
        if len(plain) != 1:
            raise FileError(f"{path.name}: nhiều lớp có xã ({', '.join(fitting)}); hãy giữ một lớp")
        others = ", ".join(fitting.keys() - set(plain))
        notes = [rf"đọc lớp {plain[0]}; bỏ lớp {others} vì tên ghi dạng \u00e0"]
        fitting = {plain[0]: fitting[plain[0]]}
    if not fitting:
        if not faults:
            raise FileError(f"{path.name}: không có lớp bản đồ nào; hãy xuất lại tệp")
        raise FileError(f"{'; '.join(faults)}; cần một lớp có xã: huyện và tỉnh được gộp từ các xã")
    return fitting, notes


def _map_titles(titles, columns, name, mapping, kml):
    """As map_headers; in a KML the place's own Name is the commune's, where other columns tell of units and none that."""
    try:
        return map_headers(titles, columns, name, mapping)
    except FileError:
        if not (kml and "Name" in titles):
            raise
        required, forms = columns["commune_name"]
        headers = map_headers(titles, columns | {"commune_name": (required, (*forms, "Name"))}, name, mapping)
        if len(headers) == 1:
            raise
        return headers


def _encoding(path, layer):
    """The encoding to read a layer in; None where it names its own."""
    # Latin-1 is what pyogrio assumes of a shapefile that names none, and cannot write Vietnamese
    return "utf-8" if pyogrio.read_info(path, layer=layer)["encoding"] == "ISO-8859-1" else None


def _is_escaped(path, layer, headers):
    sample = pyogrio.read_dataframe(
        path, layer=layer, encoding=_encoding(path, layer), read_geometry=False, max_features=50
    )
    return any(_as_text(sample[title]).str.contains(_ESCAPE).any() for title in headers.values())


def _unescape(found):
    return found[0].encode().decode("unicode_escape")


def _as_text(values):
    """Text without blanks around it, "" where empty; whole numbers without the .0 that a map file stores."""
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    values = values.astype(object)
    return values.where(values.notna(), "").astype(str).str.strip()
