"""Polygons of communes from the files that offices have; districts and provinces dissolved from them."""

import warnings
import zipfile
from datetime import date

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
DISTRICT, OTHER, PROVINCE = ("440", "Huyện Đức Thọ"), ("449", "Thị xã Kỳ Anh"), ("42", "Tỉnh Hà Tĩnh")
LEFT, RIGHT = shapely.box(105, 18, 105.1, 18.1), shapely.box(105.1, 18, 105.2, 18.1)
TWO = [
    ("18229", "Thị trấn Đức Thọ", *DISTRICT, *PROVINCE, LEFT),
    ("18754", "Phường Kỳ Trinh", *OTHER, *PROVINCE, RIGHT),
]


def told(outcome):
    return outcome.findings[["row", "column", "rule", "refused"]].values.tolist()


def stored():
    """code -> level, name, kind, parent_code, area_km2, geom, geom_simple."""
    with db.engine().connect() as connection:
        rows = connection.execute(admin_unit.select().order_by(admin_unit.c.code)).mappings().all()
    return {
        row["code"]: {**row, "geom": to_shape(row["geom"]), "geom_simple": to_shape(row["geom_simple"])} for row in rows
    }


def wavy(count, seed=3):
    """A row of `count` communes whose shared borders are crooked, with many vertices."""
    noise = np.random.default_rng(seed)
    heights = np.linspace(18, 18.2, 400)
    lines = [
        105 + place / 10 + 0.01 * np.sin(heights * 100 + place) + noise.normal(0, 0.0001, 400)
        for place in range(count + 1)
    ]
    return [
        shapely.Polygon([*zip(west, heights), *zip(east[::-1], heights[::-1])]) for west, east in zip(lines, lines[1:])
    ]


FILES = [
    ("units.gpkg", {"layer": "xã"}), ("units.geojson", {}), ("UNITS.GPKG", {"driver": "GPKG"}), ("units.json", {"driver": "GeoJSON"}),
    ("units.shp.zip", {"encoding": "utf-8"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), FILES)
def test_every_format_gives_the_same_units(empty, write_units, name, options):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Column names longer than 10")  # of a shapefile, when it is written
        warnings.filterwarnings("ignore", message="Normalized/laundered field name")
        path = write_units(TWO, name, **options)
    outcome = load_boundaries(path, DAY)
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
    with pytest.raises(FileError, match=r"thiếu cột commune_name \(Tên xã\); thiếu cột province_code"):
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
        (("18754", "Xã", None, "Huyện", *PROVINCE, RIGHT), "district_code", "missing"),
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
    outcome = load_boundaries(write_units([TWO[0], row], engine="pyogrio"), DAY)
    assert told(outcome) == [[2, column, rule, True]]
    assert (outcome.rows_in, outcome.rows_loaded, outcome.rows_refused) == (2, 1, 1)
    assert sorted(stored()) == ["18229", "42", "440"]


def test_metres_said_to_be_degrees_are_refused(empty, write_units, read_rows):
    metres = [(*row[:6], shapely.transform(row[6], lambda points: points * 5000)) for row in TWO]
    outcome = load_boundaries(write_units(metres), DAY)
    assert outcome.findings["rule"].tolist() == ["not_in_country"] * 2
    # a vintage without a unit would stand in the way of every other load
    assert len(read_rows("boundary_vintage")) == 0


def test_a_bow_tie_is_repaired_and_only_its_areas_kept(empty, write_units):
    tie = shapely.Polygon([(105.1, 18), (105.2, 18.1), (105.2, 18), (105.1, 18.1)])
    spiked = shapely.Polygon([(105, 18), (105.1, 18), (105.1, 18.1), (105.1, 18.15), (105.1, 18.1), (105, 18.1)])
    load_boundaries(write_units([(*TWO[0][:6], spiked), (*TWO[1][:6], tie)]), DAY)
    units = stored()
    assert all(shapely.is_valid(unit["geom"]) for unit in units.values())
    assert units["18754"]["geom"].area == pytest.approx(0.005)
    assert units["18229"]["geom"].equals(LEFT)


def test_heights_are_dropped(empty, write_units):
    load_boundaries(write_units([(*row[:6], shapely.force_3d(row[6], 7)) for row in TWO]), DAY)
    assert not any(shapely.has_z(unit["geom"]) for unit in stored().values())


def test_parents_cover_their_children_and_the_map_has_no_gaps(empty, write_units):
    shapes = wavy(6)
    districts = [DISTRICT, OTHER]
    rows = [(f"1800{n}", f"Xã {n}", *districts[n // 3], *PROVINCE, shape) for n, shape in enumerate(shapes)]
    assert told(load_boundaries(write_units(rows), DAY)) == []
    units = stored()
    communes = [unit for unit in units.values() if unit["level"] == 3]
    drawn = [unit["geom_simple"] for unit in communes]
    assert shapely.get_num_coordinates(drawn).sum() < shapely.get_num_coordinates(shapes).sum() / 2
    assert shapely.coverage_is_valid(drawn) and shapely.is_valid(drawn).all()
    for unit in units.values():
        children = [other for other in units.values() if other["parent_code"] == unit["code"]]
        for column in ("geom", "geom_simple"):
            if children:
                assert unit[column].equals(shapely.union_all([child[column] for child in children]))
    assert shapely.hausdorff_distance(units["42"]["geom"], units["42"]["geom_simple"]) < 0.005


def test_borders_that_do_not_meet_are_flagged(empty, write_units):
    rows = [TWO[0], (*TWO[1][:6], translate(RIGHT, -0.001))]
    assert told(load_boundaries(write_units(rows), DAY)) == [
        [1, "commune_name", "uneven_border", False], [2, "commune_name", "uneven_border", False],
    ]  # fmt: skip
    assert all(shapely.is_valid(unit["geom_simple"]) for unit in stored().values())


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
    whole = {code: (unit["geom"].wkt, unit["geom_simple"].wkt) for code, unit in stored().items()}
    later = date(2022, 1, 1)
    load_boundaries(write_units(rows[:2], "first.gpkg"), later)
    load_boundaries(write_units(rows[2:], "second.gpkg"), later)
    with db.engine().connect() as connection:
        query = admin_unit.select().where(admin_unit.c.vintage == 2)
        apart = {row.code: (to_shape(row.geom).wkt, to_shape(row.geom_simple).wkt) for row in connection.execute(query)}
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
