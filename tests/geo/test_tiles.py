"""Vector tiles read back by GDAL: every venue in one tile of each zoom, its state, and nothing that the reader may not see."""

import math
from collections import Counter
from datetime import date

import numpy as np
import pyogrio
import pytest

from geo import db
from geo.accounts import everything
from geo.coverage import Window
from geo.scope import Scope
from geo.tiles import CELLS, NAMED, POINTS_FROM, STATES, draw_tile, read_places, sum_counts, tile_box
from geo.units import WHOLE, list_vintages
from geo.venues import Narrowed, count_venues
from loaders.venues import load_venues

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
MANY = 400  # venues of Hòa Lạc, all with a point
HEAD = "Mã địa điểm,Tên địa điểm,Loại hình,Xã/phường/thị trấn,Quận/huyện,Ngày tạo,Kinh độ,Vĩ độ\n"


@pytest.fixture(scope="module")
def points(small_province, tmp_path_factory):
    """The small province with many venues in Hòa Lạc, and one of Kỳ Lợi whose point lies in Đức Thọ; id -> (lon, lat)."""
    rng = np.random.default_rng(1)
    rows = [
        f"M{number},Quán {number},Quán cà phê,Xã Hòa Lạc,Huyện Đức Thọ,01/12/2021,{105.71 + 0.08 * x:.6f},{18.51 + 0.08 * y:.6f}"
        for number, (x, y) in enumerate(rng.random((MANY, 2)))
    ]
    rows.append("AWAY,Xa,Trụ sở làm việc,Xã Kỳ Lợi,Thị xã Kỳ Anh,01/12/2021,105.55,18.52")
    path = tmp_path_factory.mktemp("points") / "venues.csv"
    path.write_text(HEAD + "\n".join(rows), encoding="utf-8")
    load_venues(path)
    with db.engine().connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT id, ST_X(point), ST_Y(point) FROM venue WHERE point IS NOT NULL"
        ).all()
    assert len(found) == MANY + 2
    return {number: (x, y) for number, x, y in found}


@pytest.fixture(scope="module")
def draw(points, tmp_path_factory):
    """A function that draws tiles of a unit as a reader of another one sees it: (tile) -> layer -> frame, x and y in tile units."""
    path, kept = tmp_path_factory.mktemp("tiles") / "tile.mvt", {}

    def prepare(connection, unit, narrowed, scans_known):
        vintage = list_vintages(connection)[-1]
        places = read_places(connection, vintage)
        counts = count_venues(connection, vintage, None if unit == WHOLE else unit, WINDOW, narrowed, scans_known)
        return places, sum_counts(places, counts, unit)

    def draw(tile, unit=WHOLE, narrowed=Narrowed(), scans_known=True, reader=()):
        with db.gating() as connection:
            whole = everything(connection)
        scope = Scope("leader", tuple((whole[0][0], code) for code in reader) or whole)
        with db.reading(scope) as connection:
            key = unit, narrowed, scans_known, tuple(reader)
            if key not in kept:
                kept[key] = prepare(connection, unit, narrowed, scans_known)
            body = draw_tile(connection, *kept[key], WINDOW, narrowed, scans_known, tile)
        if not body:
            return {}
        path.write_bytes(body)
        return {str(layer): pyogrio.read_dataframe(path, layer=str(layer)) for layer, _ in pyogrio.list_layers(path)}

    return draw


def tile_of(lon, lat, z):
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return z, int((lon + 180) / 360 * 2**z), int(y * 2**z)


def tiles_over(z, west=105.45, south=18.45, east=105.85, north=18.75):
    _, x0, y1 = tile_of(west, south, z)
    _, x1, y0 = tile_of(east, north, z)
    return [(z, x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1)]


@pytest.mark.parametrize("z", [12, 13, 14])
def test_every_point_is_in_one_tile_drawn_or_counted(draw, points, z):
    found = [draw(tile).get("venues") for tile in tiles_over(z)]
    assert sum(int(frame["n"].sum()) for frame in found if frame is not None) == len(points)


def test_points_stand_where_they_are(draw, points):
    tile = tile_of(105.75, 18.55, 14)
    west, south, east, north = tile_box(*tile)
    frame = draw(tile)["venues"]
    assert len(frame) > 20
    for row in frame.itertuples():
        lon, lat = points[row.mvt_id]
        assert row.geometry.x == pytest.approx((lon - west) / (east - west) * 4096, abs=2)
        assert row.geometry.y == pytest.approx((lat - south) / (north - south) * 4096, abs=8), (
            "a Mercator's tile is not quite even"
        )


def test_points_of_one_cell_are_drawn_as_one_that_says_how_many(draw):
    near, far = draw(tile_of(105.75, 18.55, 16)), draw(tile_of(105.75, 18.55, 12))
    assert (near["venues"]["n"] == 1).all()
    drawn = far["venues"]
    cells = {(int(each.x * CELLS / 4096), int(each.y * CELLS / 4096)) for each in drawn.geometry}
    assert len(drawn) < drawn["n"].sum() and len(cells) >= len(drawn) - 4, (
        "GDAL turns y around, which moves those on an edge"
    )


def test_names_are_there_where_few_points_are(draw):
    assert draw(tile_of(105.75, 18.55, 16))["venues"]["name"].str.startswith("Quán").all()
    crowd = draw(tile_of(105.75, 18.55, POINTS_FROM))["venues"]
    assert len(crowd) > NAMED and "name" not in crowd


@pytest.mark.parametrize("state", STATES)
def test_a_state_draws_only_its_venues(draw, state):
    frames = [draw(tile, narrowed=Narrowed(state=state)).get("venues") for tile in tiles_over(13)]
    found = [int(s) for frame in frames if frame is not None for s in frame["s"]]
    assert set(found) <= {STATES[state]}
    assert Counter(found)[STATES["active"]] == (1 if state == "active" else 0), "V1 alone has a point and scans"


def test_without_scans_no_point_has_a_state(draw):
    frame = draw(tile_of(105.55, 18.55, 16), scans_known=False)["venues"]
    assert frame["s"].tolist() == [3]


def test_venues_without_a_point_are_one_number_at_their_commune(draw):
    frames = [draw(tile).get("rest") for tile in tiles_over(13)]
    rows = [row for frame in frames if frame is not None for row in frame.to_dict("records")]
    assert {row["name"]: row["n"] for row in rows} == {"Thị trấn Đức Thọ": 3, "Xã Quang Vĩnh": 5, "Phường Kỳ Trinh": 1}


@pytest.mark.parametrize(("z", "names"), [(5, {"Tỉnh Hà Tĩnh"}), (8, {"Huyện Đức Thọ", "Thị xã Kỳ Anh"}),
                                          (11, {"Thị trấn Đức Thọ", "Xã Quang Vĩnh", "Xã Hòa Lạc", "Phường Kỳ Trinh", "Xã Kỳ Lợi"})])  # fmt: skip
def test_from_afar_there_are_numbers_by_unit(draw, points, z, names):
    frames = [draw(tile).get("units") for tile in set(tiles_over(z))]
    rows = [row for frame in frames if frame is not None for row in frame.to_dict("records")]
    found = {row["name"]: (row["n"], row["p"]) for row in rows}
    assert found.keys() == names
    assert [sum(part) for part in zip(*found.values(), strict=True)] == [MANY + 1 + 10, len(points)]


def test_a_venue_away_from_its_commune_is_drawn_where_it_is_to_who_sees_its_commune(draw):
    tile = tile_of(105.55, 18.52, 15)
    assert draw(tile)["venues"]["name"].tolist() == ["Xa"]
    assert draw(tile, reader=["449"])["venues"]["name"].tolist() == ["Xa"]
    assert draw(tile, reader=["440"]).get("venues") is None
    assert draw(tile, unit="440").get("venues") is None, "it belongs to another district"
    assert draw(tile, narrowed=Narrowed(state="outside"))["venues"]["name"].tolist() == ["Xa"]
    assert draw(tile_of(105.75, 18.55, 14), narrowed=Narrowed(state="outside")) == {}


def test_no_point_narrows_to_the_numbers_of_communes(draw):
    found = draw(tile_of(105.55, 18.55, 12), narrowed=Narrowed(state="no_point"))
    assert "venues" not in found and found["rest"]["n"].tolist() == [3]


def test_kind_and_group_narrow(draw, points):
    frames = [draw(tile, narrowed=Narrowed(group="A")).get("venues") for tile in tiles_over(13)]
    assert sum(len(frame) for frame in frames if frame is not None) == 2, "V1 and the one away"
    assert draw(tile_of(105.75, 18.55, 14), narrowed=Narrowed(kind="bar")) == {}
    assert draw(tile_of(105.75, 18.55, 14), narrowed=Narrowed(department="health")) == {}


@pytest.mark.parametrize("z", [6, 11, 14])
def test_only_venues_in_scope_are_drawn(draw, z):
    for tile in set(tiles_over(z)):
        for frame in draw(tile, reader=["18235"]).values():
            assert set(frame["name"]) <= {"Xã Quang Vĩnh", "Huyện Đức Thọ", "Tỉnh Hà Tĩnh"} and frame["n"].sum() == 5


def test_a_tile_of_elsewhere_is_empty(draw):
    assert draw((14, 0, 0)) == {} and draw((5, 3, 3)) == {}
