"""Polygons of communes from the files that offices have; districts and provinces dissolved from them."""

import warnings
import zipfile
from datetime import date
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from geoalchemy2.shape import to_shape
from shapely.affinity import translate

from geo import db
from geo.accounts import operator_scope
from geo.errors import FileError
from geo.schema import admin_unit
from geo.units import list_vintages
from loaders.boundaries import load_boundaries
from loaders.register import load_register
from loaders.venues import load_venues

DAY = date(2021, 11, 1)
OTHER_DAY = date(2020, 6, 1)  # before the days that the official list holds for
DISTRICT, OTHER, PROVINCE = ("440", "Huyện Đức Thọ"), ("449", "Thị xã Kỳ Anh"), ("42", "Tỉnh Hà Tĩnh")
LEFT, RIGHT = shapely.box(105, 18, 105.1, 18.1), shapely.box(105.1, 18, 105.2, 18.1)
SHAPES = ("geom", "geom_10m", "geom_50m", "geom_500m")
TWO = [
    ("18229", "Thị trấn Đức Thọ", *DISTRICT, *PROVINCE, LEFT),
    ("18754", "Phường Kỳ Trinh", *OTHER, *PROVINCE, RIGHT),
]


def told(outcome):
    return outcome.findings[["row", "column", "rule", "refused"]].values.tolist()


def stored(vintage=None):
    """code -> level, name, kind, parent_code, area_km2, and of SHAPES the geometry."""
    with db.engine().connect() as connection:
        query = admin_unit.select().order_by(admin_unit.c.vintage, admin_unit.c.code)
        rows = (
            connection.execute(query if vintage is None else query.where(admin_unit.c.vintage == vintage))
            .mappings()
            .all()
        )
    return {row["code"]: {**row, **{column: to_shape(row[column]) for column in SHAPES}} for row in rows}


def wavy(count, seed=3):
    """A row of `count` communes whose shared borders are crooked, with many vertices."""
    noise = np.random.default_rng(seed)
    heights = np.linspace(18, 18.2, 400)
    lines = [
        105 + place / 10 + 0.01 * np.sin(heights * 100 + place) + noise.normal(0, 0.0001, 400)
        for place in range(count + 1)
    ]
    return [shapely.Polygon([*zip(west, heights), *zip(east[::-1], heights[::-1])]) for west, east in pairwise(lines)]


FILES = [
    ("units.gpkg", {"layer": "xã"}), ("units.geojson", {}), ("UNITS.GPKG", {"driver": "GPKG"}), ("units.json", {"driver": "GeoJSON"}),
    ("units.shp.zip", {"encoding": "utf-8"}), ("units.kml", {"driver": "KML"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), FILES)
def test_every_format_gives_the_same_units(empty, write_units, name, options):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Column names longer than 10")  # of a shapefile, when it is written
        warnings.filterwarnings("ignore", message="Normalized/laundered field name")
        path = write_units(TWO, name, **options)
    outcome = load_boundaries(path, OTHER_DAY)
    assert (outcome.file, outcome.rows_in, outcome.rows_loaded, outcome.rows_changed) == (name, 2, 2, 5)
    assert told(outcome) == []
    units = stored()
    assert {code: (unit["level"], unit["name"], unit["kind"], unit["parent_code"]) for code, unit in units.items()} == {
        "18229": (3, "Thị trấn Đức Thọ", "Thị trấn", "440"), "18754": (3, "Phường Kỳ Trinh", "Phường", "449"),
        "42": (1, "Tỉnh Hà Tĩnh", "Tỉnh", None), "440": (2, "Huyện Đức Thọ", "Huyện", "42"), "449": (2, "Thị xã Kỳ Anh", "Thị xã", "42"),
    }  # fmt: skip
    assert units["18229"]["geom"].equals(shapely.MultiPolygon([LEFT]))
    assert units["42"]["geom"].equals(shapely.box(105, 18, 105.2, 18.1))


def zip_shapefile(folder, name, encoding):
    """Thị trấn Đức Thọ as a zipped shapefile with short headers and without the .cpg that names its encoding."""
    row = {"ma_xa": "18229", "ten_xa": name, "ma_huyen": "440", "ten_huyen": "H.", "ma_tinh": "42", "ten_tinh": "T."}
    gpd.GeoDataFrame([row], geometry=[LEFT], crs=4326).to_file(folder / "xa.shp", encoding=encoding)
    with zipfile.ZipFile(folder / "xa.zip", "w") as archive:
        for part in folder.glob("xa.[!cz]*"):
            archive.write(part, part.name)
    return folder / "xa.zip"


def test_a_shapefile_that_names_no_encoding_is_read_as_utf8_or_not_at_all(empty, tmp_path):
    load_boundaries(zip_shapefile(tmp_path, "Thị trấn Đức Thọ", "utf-8"), DAY)
    assert stored()["18229"]["name"] == "Thị trấn Đức Thọ"
    with pytest.raises(FileError, match="xa.zip: không rõ mã chữ của tên"):
        load_boundaries(zip_shapefile(tmp_path, "Thi trân", "latin1"), DAY)


def test_another_coordinate_system_is_transformed(empty, write_units):
    load_boundaries(write_units(TWO, crs=3405), DAY)
    assert stored()["18229"]["geom"].hausdorff_distance(LEFT) < 1e-6


def test_areas_are_those_of_the_globe(empty, write_units):
    load_boundaries(write_units(TWO), DAY)
    geodesic = abs(gpd.GeoSeries([LEFT], crs=4326).crs.get_geod().geometry_area_perimeter(LEFT)[0]) / 1e6
    units = stored()
    assert units["18229"]["area_km2"] == pytest.approx(geodesic, rel=1e-3) == pytest.approx(117, abs=1)
    assert units["42"]["area_km2"] == pytest.approx(2 * geodesic, rel=1e-3)


def test_a_file_without_a_coordinate_system_is_refused(empty, write_units, read_rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # geopandas says the same as it writes
        path = write_units(TWO, crs=None)
    with pytest.raises(FileError, match="units.gpkg: không ghi hệ tọa độ"):
        load_boundaries(path, DAY)
    assert len(read_rows("admin_unit")) == len(read_rows("boundary_vintage")) == 0
    assert "hệ tọa độ" in read_rows("load_run")["error"].item()


def test_a_coordinate_system_of_no_place_is_refused(empty, write_units, tmp_path):
    write_units(TWO, crs=3405)
    local = 'ENGCRS["sân trường",EDATUM["cột cờ"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
    path = tmp_path / "local.gpkg"
    gpd.read_file(tmp_path / "units.gpkg").set_crs(local, allow_override=True).to_file(path)
    with pytest.raises(FileError, match="local.gpkg: .*hệ tọa độ"):
        load_boundaries(path, DAY)


def test_the_layer_with_the_columns_is_read_among_several(empty, write_units, tmp_path):
    path = write_units(TWO, layer="communes")
    gpd.GeoDataFrame({"road": ["QL1"]}, geometry=[shapely.LineString([(105, 18), (106, 19)])], crs=4326).to_file(
        path, layer="roads"
    )
    assert load_boundaries(path, DAY).rows_loaded == 2
    write_units(TWO, layer="again")
    with pytest.raises(FileError, match=r"units.gpkg: nhiều lớp có xã \(communes, again\); hãy giữ một lớp"):
        load_boundaries(path, DAY)


def test_files_that_are_no_map_are_refused(empty, write_units, tmp_path, write_csv):
    for name in ("units.gpkg", "units.zip", "units.geojson"):
        (tmp_path / name).write_bytes(b"no map")
        with pytest.raises(FileError, match=f"{name}: tệp hỏng"):
            load_boundaries(tmp_path / name, DAY)
    with pytest.raises(FileError, match="rows.csv: không đọc được loại tệp này; hãy dùng gpkg"):
        load_boundaries(write_csv("x"), DAY)
    with pytest.raises(FileError, match="không mở được tệp"):
        load_boundaries(tmp_path / "missing.gpkg", DAY)
    path = tmp_path / "few.gpkg"
    gpd.GeoDataFrame({"ma_xa": ["18229"]}, geometry=[LEFT], crs=4326).to_file(path)
    with pytest.raises(FileError, match=r"thiếu cột commune_name \(Tên xã\).*cần một lớp có xã"):
        load_boundaries(path, DAY)
    pyogrio.write_dataframe(pd.DataFrame({"ma_xa": ["18229"]}), tmp_path / "table.gpkg")
    with pytest.raises(FileError, match="table.gpkg: không có lớp bản đồ nào"):
        load_boundaries(tmp_path / "table.gpkg", DAY)
    gpd.GeoDataFrame({"ma_xa": ["18229"], "SĐT": ["0912345678"]}, geometry=[LEFT], crs=4326).to_file(path)
    with pytest.raises(FileError, match=r"dữ liệu cá nhân \(SĐT\)"):
        load_boundaries(path, DAY)


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        (("1875", "Xã", *OTHER, *PROVINCE, RIGHT), "commune_code", "bad_code"),
        (("18754.0", "Xã", *OTHER, *PROVINCE, RIGHT), "commune_code", "bad_code"),
        (("１８７５４", "Xã", *OTHER, *PROVINCE, RIGHT), "commune_code", "bad_code"),
        ((None, "Xã", *OTHER, *PROVINCE, RIGHT), "commune_code", "missing"),
        (("18229", "Xã", *OTHER, *PROVINCE, RIGHT), "commune_code", "duplicate"),
        (("18754", " ", *OTHER, *PROVINCE, RIGHT), "commune_name", "missing"),
        (("18754", "Xã", "44", "Huyện", *PROVINCE, RIGHT), "district_code", "bad_code"),
        (("18754", "Xã", "449", None, *PROVINCE, RIGHT), "district_name", "missing"),
        (("18754", "Xã", None, "Huyện", *PROVINCE, RIGHT), "district_name", "unknown_district"),
        (("18754", "Xã", *OTHER, None, "Tỉnh Không", RIGHT), "province_name", "unknown_province"),
        (("18754", "Xã", *OTHER, "99", None, RIGHT), "province_name", "missing"),
        (("18754", "Xã", *OTHER, *PROVINCE, shapely.box(105.01, 18, 105.1, 18.1)), "commune_name", "duplicate_polygon"),
        (("18754", "Xã", *OTHER, *PROVINCE, shapely.Polygon([(105.1, 18), (105.2, 18.1), (105.2, 18), (105.1, 18.1)])), "commune_name", "repair_too_large"),
        (("18754", "Xã", "440", "Huyện Khác", *PROVINCE, RIGHT), "district_code", "two_parents"),
        (("18754", "Xã", *DISTRICT, "46", "Tỉnh Khác", RIGHT), "district_code", "two_parents"),
        (("18754", "Xã", *OTHER, "42", "Tỉnh Khác", RIGHT), "province_code", "two_parents"),
        (("18754", "Xã", *OTHER, "420", "Tỉnh Hà Tĩnh", RIGHT), "province_code", "bad_code"),
        (("18754", "Xã", *OTHER, *PROVINCE, None), "commune_name", "not_a_polygon"),
        (("18754", "Xã", *OTHER, *PROVINCE, shapely.Polygon()), "commune_name", "not_a_polygon"),
        (("18754", "Xã", *OTHER, *PROVINCE, shapely.Point(105, 18)), "commune_name", "not_a_polygon"),
        (("18754", "Xã", *OTHER, *PROVINCE, shapely.from_wkt("POLYGON((105 18,105.1 18.1,105 18,105 18))")), "commune_name", "not_a_polygon"),
        (("18754", "Xã", *OTHER, *PROVINCE, shapely.Polygon([(105, 18), (105.1, float("inf")), (105.1, 18)])), "commune_name", "not_a_polygon"),
        (("18754", "Xã", *OTHER, *PROVINCE, translate(RIGHT, 50, 30)), "commune_name", "not_in_country"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_units_are_refused(empty, write_units, row, column, rule):
    far = ("18070", "Phường Trần Phú", "436", "Thành phố Hà Tĩnh", *PROVINCE, shapely.box(105.8, 18.3, 105.9, 18.4))
    outcome = load_boundaries(write_units([TWO[0], row, far], engine="pyogrio"), DAY)
    refused = outcome.findings[outcome.findings["refused"].astype(bool)]
    assert refused[["row", "column", "rule"]].values.tolist() == [[2, column, rule]]
    assert (outcome.rows_in, outcome.rows_loaded, outcome.rows_refused) == (3, 2, 1)
    assert sorted(stored()) == ["18070", "18229", "42", "436", "440"]


def test_a_file_abroad_is_refused_as_a_whole(empty, write_units, read_rows):
    abroad = [(*row[:6], translate(row[6], 50, 30)) for row in TWO]
    with pytest.raises(FileError, match="units.gpkg: bản đồ nằm ngoài Việt Nam"):
        load_boundaries(write_units(abroad), DAY)
    # a vintage without a unit would stand in the way of every other load
    assert len(read_rows("boundary_vintage")) == 0


def test_a_ring_that_crosses_itself_is_repaired_and_only_its_areas_kept(empty, write_units):
    tie = [
        (105.1, 18),
        (105.2, 18),
        (105.2, 18.1),
        (105.15, 18.1),
        (105.1499, 18.1001),
        (105.1501, 18.1001),
        (105.1499, 18.1),
    ]
    tied = shapely.Polygon([*tie, (105.1, 18.1)])
    spiked = shapely.Polygon([(105, 18), (105.1, 18), (105.1, 18.1), (105.1, 18.15), (105.1, 18.1), (105, 18.1)])
    outcome = load_boundaries(write_units([(*TWO[0][:6], spiked), (*TWO[1][:6], tied)]), DAY)
    repaired = outcome.findings[outcome.findings["rule"] == "repaired"]
    assert repaired[["row", "refused"]].values.tolist() == [[1, False], [2, False]]
    assert repaired["remedy"].str.fullmatch(r"diện tích đổi [+-]0,\d\d %").all()
    units = stored()
    assert all(shapely.is_valid(unit["geom"]) for unit in units.values())
    assert units["18754"]["geom"].area == pytest.approx(0.01, rel=1e-3)
    assert units["18229"]["geom"].symmetric_difference(LEFT).area < 1e-9


def test_heights_are_dropped(empty, write_units):
    load_boundaries(write_units([(*row[:6], shapely.force_3d(row[6], 7)) for row in TWO]), DAY)
    assert not any(shapely.has_z(unit["geom"]) for unit in stored().values())


def test_parents_cover_their_children_and_the_map_has_no_gaps(empty, write_units):
    shapes = wavy(6)
    districts = [DISTRICT, OTHER]
    rows = [(f"1800{n}", f"Xã {n}", *districts[n // 3], *PROVINCE, shape) for n, shape in enumerate(shapes)]
    rules = load_boundaries(write_units(rows), DAY).findings["rule"]
    assert set(rules) == {"other_count"}  # districts of three communes
    units = stored()
    communes = [unit for unit in units.values() if unit["level"] == 3]
    vertices = [shapely.get_num_coordinates([unit[column] for unit in communes]).sum() for column in SHAPES]
    assert vertices[0] >= vertices[1] > 2 * vertices[2] > 4 * vertices[3]
    for column, tolerance in zip(SHAPES, (0, 10, 50, 500)):
        drawn = [unit[column] for unit in communes]
        assert shapely.coverage_is_valid(drawn) and shapely.is_valid(drawn).all()
        for unit in units.values():
            children = [other for other in units.values() if other["parent_code"] == unit["code"]]
            if children:
                assert unit[column].equals(shapely.union_all([child[column] for child in children]))
        assert shapely.hausdorff_distance(units["42"]["geom"], units["42"][column]) <= tolerance / 30_000


def test_overlaps_gaps_and_holes_are_measured_told_and_closed(empty, write_units):
    strip, hole = shapely.box(105.0995, 18, 105.1, 18.02), shapely.box(105.04, 18.04, 105.06, 18.06)
    kinh = shapely.box(105.1, 18.05, 105.1005, 18.07)
    rows = [(*TWO[0][:6], LEFT.difference(hole)), (*TWO[1][:6], RIGHT.union(strip).difference(kinh))]
    outcome = load_boundaries(write_units(rows), DAY)
    of = outcome.findings[outcome.findings["rule"].isin(["overlap", "gap", "hole"])]
    assert of[["row", "rule", "refused"]].values.tolist() == [
        [1, "overlap", False], [1, "gap", False], [1, "hole", False], [2, "overlap", False], [2, "gap", False],
    ]  # fmt: skip
    assert of["remedy"].tolist() == [f"{area} km², 1 chỗ" for area in ("0,12", "0,12", "4,69", "0,12", "0,12")]
    assert "1 chỗ chồng (0,12 km², 1 là dải hẹp), 1 kẽ hở (0,12 km²), 1 khoảng trống (4,69 km²)" in outcome.notes[-1]
    units = stored()
    shapes = [units[code]["geom"] for code in ("18229", "18754")]
    assert shapely.coverage_is_valid(shapes)
    # the hole stays, the gap is filled, and what both held is held once
    assert shapely.area(shapes).sum() == pytest.approx(0.02 - 0.0004, rel=1e-4)


def test_a_unit_whose_area_changes_when_borders_are_made_to_meet_is_told(empty, write_units):
    rows = [TWO[0], (*TWO[1][:6], RIGHT.union(shapely.box(105.098, 18, 105.1, 18.1)))]
    outcome = load_boundaries(write_units(rows), DAY)
    moved = outcome.findings[outcome.findings["rule"] == "border_moved"]
    assert moved[["row", "refused"]].values.tolist() == [[1, False]], "the strip stays with the larger"
    assert moved["remedy"].tolist() == ["diện tích đổi -2,00 %"]


def test_borders_that_do_not_meet_those_loaded_before_are_flagged(empty, write_units):
    load_boundaries(write_units(TWO[:1], "first.gpkg"), DAY)
    second = load_boundaries(write_units([(*TWO[1][:6], translate(RIGHT, -0.001))], "second.gpkg"), DAY)
    assert [1, "commune_name", "uneven_border", False] in told(second)


def test_neighbours_in_another_province_loaded_later_share_their_border_too(empty, write_units):
    shapes = wavy(2)
    # three communes meet on the border of the provinces, once the second province is known
    heights = shapely.box(0, 18.07, 200, 20)
    rows = [
        ("18001", "Xã A", *DISTRICT, *PROVINCE, shapes[0]),
        ("19001", "Xã B", "431", "Huyện Hưng Nguyên", "40", "Tỉnh Nghệ An", shapes[1].intersection(heights)),
        ("19002", "Xã C", "431", "Huyện Hưng Nguyên", "40", "Tỉnh Nghệ An", shapes[1].difference(heights)),
    ]
    # the file of Hà Tĩnh has the vertex where they meet, as a coverage has
    rows[0] = (*rows[0][:6], shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(
        shapely.boundary([row[6] for row in rows]))))).tolist()[0])  # fmt: skip
    load_boundaries(write_units(rows[:1], "first.gpkg"), DAY)
    load_boundaries(write_units(rows[1:], "second.gpkg"), DAY)
    units = stored()
    for column in SHAPES:
        assert shapely.coverage_is_valid([units[code][column] for code in ("18001", "19001", "19002")]), column
        assert units["42"][column].equals(units["18001"][column])


def test_a_new_vintage_leaves_the_old_one_as_it_was(empty, write_units, read_rows):
    load_boundaries(write_units(TWO), DAY)
    before = read_rows("SELECT * FROM admin_unit WHERE vintage = 1")
    load_boundaries(write_units([(*TWO[0][:6], translate(LEFT, 0.01))], "later.gpkg"), date(2022, 1, 1))
    assert read_rows("SELECT * FROM admin_unit WHERE vintage = 1").equals(before)


def test_codes_of_districts_and_provinces_come_from_the_official_list(empty, write_units):
    bare = [
        ("18229", "Đức Thọ", None, "Đức Thọ", None, "Hà Tĩnh", LEFT),
        ("18754", "Sông Trí", None, "Kỳ Anh (Thị xã)", None, "Hà Tĩnh", RIGHT),
        ("18769", "Kỳ Phong", None, "Kỳ Anh", None, "Hà Tĩnh", translate(RIGHT, 0.1)),
    ]
    assert load_boundaries(write_units(bare), DAY).rows_loaded == 3
    assert {code: (unit["name"], unit["parent_code"]) for code, unit in stored().items()} == {
        "18229": ("Đức Thọ", "440"), "18754": ("Sông Trí", "449"), "18769": ("Kỳ Phong", "447"), "42": ("Tỉnh Hà Tĩnh", None),
        "440": ("Huyện Đức Thọ", "42"), "447": ("Huyện Kỳ Anh", "42"), "449": ("Thị xã Kỳ Anh", "42"),
    }  # fmt: skip


def test_a_district_spelled_otherwise_is_known_by_the_codes_of_its_communes(empty, write_units):
    rows = [
        ("18229", "Thị trấn Đức Thọ", None, "Đức Thơ", None, "Hà Tĩnh", LEFT),
        ("18235", "Xã Quang Vĩnh", None, "Đức Thơ", None, "Hà Tĩnh", RIGHT),
        ("18070", "Phường Trần Phú", None, "Đức Thơ", None, "Hà Tĩnh", translate(RIGHT, 0.1)),
    ]
    outcome = load_boundaries(write_units(rows[:2]), OTHER_DAY)
    assert told(outcome) == [[row, "district_name", "district_by_codes", False] for row in (1, 2)]
    assert outcome.findings["remedy"].unique().tolist() == ["lấy là Huyện Đức Thọ; kiểm tra lại"]
    assert stored()["440"]["name"] == "Huyện Đức Thọ"
    # of two districts by their codes: neither; and none where the name is nothing like the district's
    assert told(load_boundaries(write_units(rows), OTHER_DAY))[0] == [1, "district_name", "unknown_district", True]
    outcome = load_boundaries(write_units([(*row[:3], "Tây Trà", *row[4:]) for row in rows[:2]]), OTHER_DAY)
    assert outcome.findings["rule"].tolist() == ["unknown_district"] * 2
    assert outcome.findings["remedy"].iloc[0] == "ghi cả mã; danh mục dùng để tra tên là của năm 2023"


def test_the_name_of_a_province_is_that_of_its_day(empty, write_units):
    rows = [("19750", "Phường Phú Xuân", None, None, "46", None, translate(LEFT, 2, -2))]
    load_boundaries(write_units(rows), date(2025, 7, 1))
    load_boundaries(write_units(rows), DAY)
    assert [stored(vintage)["46"]["name"] for vintage in (1, 2)] == ["Thành phố Huế", "Tỉnh Thừa Thiên Huế"]


def test_districts_with_another_number_of_communes_than_the_list_are_told(empty, write_units):
    found = load_boundaries(write_units(TWO), DAY).findings
    assert found[["row", "rule", "refused"]].values.tolist() == [[1, "other_count", False], [2, "other_count", False]]
    assert found["remedy"].iloc[0].startswith("đếm được 1 xã, danh mục có 16, thiếu Xã Quang Vĩnh")
    assert told(load_boundaries(write_units(TWO), OTHER_DAY)) == []  # the list says nothing of that day


def test_the_same_file_again_changes_nothing(empty, write_units, read_rows):
    path = write_units(TWO)
    load_boundaries(path, DAY, source="Cục Thống kê", licence="mở")
    before, vintage = read_rows("SELECT * FROM admin_unit"), read_rows("SELECT * FROM boundary_vintage")
    assert load_boundaries(path, DAY, source="Cục Thống kê", licence="mở").rows_changed == 0
    assert read_rows("SELECT * FROM admin_unit").equals(before)
    assert read_rows("SELECT * FROM boundary_vintage").equals(vintage)
    assert vintage[["source", "licence", "valid_from"]].values.tolist() == [["Cục Thống kê", "mở", DAY]]


def test_a_province_may_come_one_district_a_file(empty, write_units):
    # a commune inside another: what simplifying makes of its ring hangs on the order in which the two are given
    inner, outer = (shapely.Point(105.1, 18.1).buffer(radius, quad_segs=50) for radius in (0.03, 0.06))
    around = [
        side.difference(outer) for side in (shapely.box(105, 18, 105.1, 18.2), shapely.box(105.1, 18, 105.2, 18.2))
    ]
    shapes = [inner, outer.difference(inner), *around]
    rows = [(f"1800{n}", f"Xã {n}", *(DISTRICT, OTHER)[n // 2], *PROVINCE, shape) for n, shape in enumerate(shapes)]
    load_boundaries(write_units(rows, "whole.gpkg"), DAY)
    whole = {code: [unit[column].wkt for column in SHAPES] for code, unit in stored().items()}
    later = date(2022, 1, 1)
    load_boundaries(write_units(rows[:2], "first.gpkg"), later)
    load_boundaries(write_units(rows[2:], "second.gpkg"), later)
    apart = {code: [unit[column].wkt for column in SHAPES] for code, unit in stored(2).items()}
    assert apart == whole
    assert load_boundaries(write_units(rows[:2], "first.gpkg"), later).rows_changed == 0


def test_points_are_judged_anew_when_their_commune_changes(empty, write_units, write_csv, read_rows):
    load_boundaries(write_units(TWO), DAY)
    load_venues(write_csv(
        "venue_code,name,kind,commune_code,created_on,lon,lat\nin,1,office,18229,2021-11-26,105.02,18.05\n"
        "out,2,office,18229,2021-11-26,105.15,18.05\nnone,3,office,18229,2021-11-26,,\n"
    ))  # fmt: skip
    query = "SELECT code, outside_commune FROM venue"
    assert read_rows(query).values.tolist() == [["in", False], ["none", False], ["out", True]]
    east, west = shapely.box(105.05, 18, 105.2, 18.1), shapely.box(105, 18, 105.05, 18.1)
    moved = load_boundaries(write_units([(*TWO[0][:6], east), (*TWO[1][:6], west)]), DAY)
    assert moved.rows_changed == 5
    assert read_rows(query).values.tolist() == [["in", True], ["none", False], ["out", False]]


def test_units_without_districts_stand_under_their_province(empty, write_units, write_csv):
    load_boundaries(write_units([(*row[:2], None, None, *row[4:]) for row in TWO]), date(2025, 7, 1))
    assert {code: unit["parent_code"] for code, unit in stored().items()} == {"18229": "42", "18754": "42", "42": None}
    assert load_register(write_csv("commune_code,obligation_group,obliged\n18229,A,1\n")).rows_loaded == 1


def test_the_map_names_source_and_licence(empty, boundary_file):
    def origin():
        with db.reading(operator_scope()) as connection:
            return [vintage.origin for vintage in list_vintages(connection)]

    load_boundaries(boundary_file, DAY)
    assert origin() == ["communes.gpkg"]
    load_boundaries(boundary_file, DAY, source="Sở TN&MT", licence="dùng nội bộ")
    assert origin() == ["Sở TN&MT – dùng nội bộ"]
