"""Communes with their polygons, cleaned as a coverage; districts and provinces are dissolved from them, and so cover them."""

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from geo.errors import FileError
from geo.names import find_kind, split_kind
from geo.schema import admin_unit, boundary_vintage
from loaders import topology
from loaders.checking import Findings, unique
from loaders.crosswalk import read_crosswalk, successors, trace_units
from loaders.drawing import build_units, read_around
from loaders.layers import read_layer
from loaders.official import LIST_DAYS, compare_counts, fill_parents
from loaders.places import COUNTRY, recheck_points
from loaders.writing import merge, read_or_log, run_whole_load

# A shapefile cuts its headers to ten letters, hence the short forms.
COLUMNS = {
    "commune_code": (False, ("Mã xã", "commune_co", "ma_xa")),
    "commune_name": (True, ("Tên xã", "commune_na", "ten_xa")),
    "commune_kind": (False, ("Loại xã", "Loại đơn vị", "commune_type", "commune_ty")),
    "district_code": (False, ("Mã huyện", "district_c", "ma_huyen")),
    "district_name": (False, ("Tên huyện", "district_n", "ten_huyen")),
    "province_code": (False, ("Mã tỉnh", "province_c", "ma_tinh")),
    "province_name": (False, ("Tên tỉnh", "province_n", "ten_tinh")),
}
_UNIT_COLUMNS = [column for column in COLUMNS if column != "commune_kind"]
MOVED_SHARE = 0.001  # of a unit's area: less is what making borders meet always moves


def load_boundaries(
    path, vintage, source=None, licence=None, srid=None, crosswalk=None, mapping=None, crosswalk_mapping=None, **options
):
    """Load the communes of one file into the vintage that begins on the day `vintage`; other vintages stay as they are.

    source, licence: what the map says of them; the file's name where none is given. srid: EPSG number of the file's
    coordinate system, where the file does not tell it. crosswalk: a file that tells what became of the communes of the
    file, which are then older ones, and are dissolved into the vintage's.
    """
    read, polygons = read_or_log(
        "boundaries", read_communes, path, srid, mapping, crosswalk is not None, options=options
    )
    older = (
        read_or_log("boundaries", read_crosswalk, crosswalk, crosswalk_mapping, options=options) if crosswalk else None
    )
    settings = {
        "srid": srid,
        "map": mapping and mapping.text,
        "crosswalk_map": crosswalk_mapping and crosswalk_mapping.text,
    }
    settings = {name: value for name, value in settings.items() if value}
    return load_boundary_rows(read, polygons, vintage, source or read.name, licence, older, settings, **options)


def load_boundary_rows(source, polygons, vintage, origin, licence=None, crosswalk=None, settings=None, **options):
    """The same for rows already read; polygons: GeoSeries (EPSG:4326) on the rows' index; crosswalk: Source or None."""

    def check(connection, rows):
        findings = Findings(rows, source.headers)
        targets = _trace(findings, crosswalk) if crosswalk else _read_targets(findings, vintage)
        shapes, change = topology.repair_polygons(polygons.to_numpy().copy())
        _check_codes(findings, targets, dissolved=crosswalk is not None)
        _check_shapes(findings, shapes, change)
        communes = _dissolve(findings, targets, shapes)
        _check_counts(findings, targets, vintage)
        around = read_around(connection, vintage, communes)
        _check_neighbours(findings, targets, communes, *around)
        return findings, (communes, *around)

    def write(connection, prepared, accepted, run):
        if not accepted.any():
            return 0
        upsert = insert(boundary_vintage).values(
            valid_from=vintage, source=origin, licence=licence, sha256=source.sha256
        )
        told = {column: upsert.excluded[column] for column in ("source", "licence", "sha256")}
        upsert = upsert.on_conflict_do_update(index_elements=["valid_from"], set_=told)
        vintage_id = connection.scalar(upsert.returning(boundary_vintage.c.id))
        units = build_units(*prepared)
        changed = merge(connection, admin_unit, ["vintage", "code"], units.assign(vintage=vintage_id), run)
        connection.execute(sa.select(sa.func.analyze_facts("admin_unit")))  # what refers to it is planned by its size
        recheck_points(connection)
        return changed

    told = {"vintage": vintage.isoformat(), "source": origin, "licence": licence}
    told |= {"crosswalk": crosswalk.sha256} if crosswalk else {}
    return run_whole_load("boundaries", source, check, write, settings=told | (settings or {}), **options)


def read_communes(path, srid=None, mapping=None, older=False):
    """As read_layer; FileError too where columns lack that only a file of older units, with a crosswalk, does without."""
    source, polygons = read_layer(path, COLUMNS, srid, mapping)
    if not older:
        _require_columns(source)
    return source, polygons


def _require_columns(source):
    lacking = [] if "commune_code" in source.headers else ["commune_code (Mã xã)"]
    if not {"province_code", "province_name"} & source.headers.keys():
        lacking.append("province_code (Mã tỉnh) hoặc province_name (Tên tỉnh)")
    if lacking:
        raise FileError(
            f"{source.name}: thiếu cột {', '.join(lacking)}; thêm vào tệp, hoặc nếu là địa giới cũ thì nạp kèm --crosswalk bảng đối chiếu"
        )


def _trace(findings, crosswalk):
    """The newer units that the rows go into, as rows of a file of communes."""
    if not any(True for _ in crosswalk.chunks()):
        raise FileError(f"{crosswalk.name}: bảng đối chiếu không có dòng nào; hãy kiểm tra tệp")
    older = crosswalk.rows
    codes, lacking = trace_units(findings, older)
    newer = successors(older, crosswalk.name)
    targets = newer.reindex(codes).fillna("").set_axis(findings.rows.index)
    first = codes[codes.notna()].drop_duplicates()
    told = first.map({code: f"thiếu vùng của {', '.join(names)}" for code, names in lacking.items()})
    findings.add(
        codes.index.isin(first.index[told.notna()]), "commune_name", "missing_part", refused=False, remedy=told
    )
    empty = [name for code, name in newer["commune_name"].items() if code in lacking and code not in set(first)]
    if empty:
        findings.notes.append(f"{len(empty)} xã mới không có vùng nào trong bản đồ: {', '.join(empty[:20])}")
    return targets


def _read_targets(findings, vintage):
    """The rows' own units, with what the official list can add."""
    targets, faults = fill_parents(findings.rows, vintage)
    near = faults["near"].str.join(", ")
    near = (
        near.where(near != "")
        .radd("có phải: ")
        .fillna(f"ghi cả mã; danh mục dùng để tra tên là của năm {LIST_DAYS[1].year}")
    )
    taken = faults["near"].str.join(", ").radd("lấy là ").add("; kiểm tra lại")
    for (column, rule), of in faults.groupby(["column", "rule"]):
        warned = rule == "district_by_codes"
        of_rule = findings.rows.index.isin(of.index)
        findings.add(of_rule, column, rule, refused=not warned, remedy=taken if warned else near)
    kinds = targets["commune_kind"].map(find_kind).fillna("")
    bare = targets["commune_name"].map(lambda name: split_kind(name)[0] is None) & (targets["commune_name"] != "")
    targets.loc[bare, "commune_name"] = (kinds + " " + targets["commune_name"]).str.strip()[bare]
    return targets[_UNIT_COLUMNS]


def _check_codes(findings, targets, dissolved):
    good = pd.Series(findings.accepted(), index=findings.rows.index)
    for column, digits in (("commune_code", 5), ("district_code", 3), ("province_code", 2)):
        optional = column == "district_code"
        filled = targets[column] != ""
        findings.add(good & ~filled & (not optional), column, "missing")
        findings.add(good & filled & ~targets[column].str.fullmatch(rf"[0-9]{{{digits}}}"), column, "bad_code")
    for column in ("commune_name", "province_name"):
        findings.add(good & (targets[column] == ""), column, "missing")
    for column, other in (("district_code", "district_name"), ("district_name", "district_code")):
        findings.add(good & (targets[column] == "") & (targets[other] != ""), column, "missing")
    if not dissolved:
        unique(findings, ["commune_code"], "commune_code")
    for level, told in (("district", ["district_name", "province_code"]), ("province", ["province_name"])):
        code = f"{level}_code"
        first = targets.groupby(code)[told].transform("first")
        findings.add(good & (first != targets[told]).any(axis=1) & (targets[code] != ""), code, "two_parents")


def _check_shapes(findings, shapes, change):
    change = pd.Series(change, index=findings.rows.index)
    findings.add(shapely.is_missing(shapes), "commune_name", "not_a_polygon")
    west, south, east, north = COUNTRY
    left, low, right, high = shapely.bounds(shapes).T
    findings.add((left < west) | (low < south) | (right > east) | (high > north), "commune_name", "not_in_country")
    told = change.map(lambda part: f"diện tích đổi {_percent(part)}", na_action="ignore")
    large = change.abs() > topology.REPAIR_LIMIT
    findings.add(large, "commune_name", "repair_too_large", remedy=told)
    findings.add(change.notna() & ~large, "commune_name", "repaired", refused=False, remedy=told)
    places = np.flatnonzero(findings.accepted())
    names = findings.rows["commune_name"].to_numpy()
    twice = topology.find_duplicates(shapes[places])
    others = pd.Series(
        {findings.rows.index[places[own]]: f"nằm trong {names[places[other]]}" for own, other in twice.items()}
    )
    findings.add(
        findings.rows.index.isin(others.index), "commune_name", "duplicate_polygon", remedy=others.astype(object)
    )


def _dissolve(findings, targets, shapes):
    """The accepted rows' communes, cleaned as a coverage: frame of the unit columns and geom; faults are noted."""
    accepted = findings.accepted()
    index = findings.rows.index[accepted]
    if not len(index):
        return pd.DataFrame(columns=[*_UNIT_COLUMNS, "geom"])
    cleaned, change, faults = topology.clean_coverage(shapes[accepted])
    for kind in topology.KINDS:
        of = faults.of_units(kind)
        told = pd.Series(
            [f"{_area(each.area_km2)}, {each.number} chỗ" for each in of.itertuples()],
            index=index[of.index.astype(int)],
            dtype=object,
        )
        findings.add(findings.rows.index.isin(told.index), "commune_name", kind, refused=False, remedy=told)
    change = pd.Series(change, index=index)
    told = change[change.abs() > MOVED_SHARE].map(lambda part: f"diện tích đổi {_percent(part)}")
    findings.add(findings.rows.index.isin(told.index), "commune_name", "border_moved", refused=False, remedy=told)
    if len(faults.table):
        findings.notes.append(_describe(faults))
    communes = targets.loc[index].assign(geom=cleaned)
    communes = communes[~shapely.is_missing(cleaned)]
    whole = communes.groupby("commune_code", sort=False)["geom"].agg(
        lambda part: shapely.coverage_union_all(part.to_numpy())
    )
    return communes.drop(columns="geom").drop_duplicates("commune_code").assign(geom=whole.to_numpy()).replace("", None)


def _describe(faults):
    """One sentence on all overlaps, gaps and holes of the file."""
    words = {"overlap": "chỗ chồng", "gap": "kẽ hở", "hole": "khoảng trống"}
    told = [
        f"{number} {words[kind]} ({_area(area)}{f', {slivers} là dải hẹp' if kind == 'overlap' else ''})"
        for kind, (number, slivers, area) in faults.totals().items()
        if number
    ]
    closed = "; ranh giới đã khớp lại, mỗi phần chung một chủ" if (faults.table["kind"] != "hole").any() else ""
    return f"ranh giới có {', '.join(told)}{closed}"


def _check_counts(findings, targets, vintage):
    accepted = targets[findings.accepted()]
    differing = compare_counts(accepted, vintage)
    first = accepted.drop_duplicates("district_code").reset_index(names="row").set_index("district_code")["row"]
    told = {}
    for of in differing.itertuples():
        lacking = f", thiếu {', '.join(of.lacking[:10])}" if of.lacking else ""
        told[first[of.district_code]] = f"đếm được {of.counted} xã, danh mục có {of.expected}{lacking}"
    told = pd.Series(told, dtype=object)
    findings.add(findings.rows.index.isin(told.index), "district_name", "other_count", refused=False, remedy=told)


def _check_neighbours(findings, targets, communes, *around):
    """Warn of borders that do not meet those of communes loaded earlier."""
    shapes = np.concatenate([part["geom"].to_numpy() for part in (communes, *around)])
    if any(len(part) for part in around):
        uneven = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes))[: len(communes)]
        codes = set(communes["commune_code"][uneven])
        told = findings.accepted() & targets["commune_code"].isin(codes)
        findings.add(told, "commune_name", "uneven_border", refused=False)


def _area(km2):
    return f"{km2:.2f} km²".replace(".", ",") if km2 >= 0.01 else f"{km2 * 1e6:.0f} m²"


def _percent(part):
    return f"{part * 100:+.2f} %".replace(".", ",")
