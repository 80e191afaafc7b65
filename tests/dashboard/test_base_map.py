"""The optional base map: tiles of a file handed out by the app, an address told to the browser, and what is wrong said at once."""

import sqlite3
import struct
import zlib
from contextlib import closing

import pytest
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from dashboard import base_map
from dashboard.map_panel import map_labels
from dashboard.text import Text
from geo.errors import PhuqrError


def make_png(grey):
    """A picture of one pixel."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes([0, grey]))) + chunk(b"IEND", b"")


TILES = {(0, 0, 0): make_png(10), (2, 3, 1): make_png(20), (2, 3, 2): b"no picture"}


def write_mbtiles(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)")
        rows = [(z, x, 2**z - 1 - y, body) for (z, x, y), body in TILES.items()]
        connection.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", rows)
        connection.commit()


def write_pmtiles(path):
    with path.open("wb") as file:
        writer = Writer(file)
        for (z, x, y), body in sorted(TILES.items(), key=lambda each: zxy_to_tileid(*each[0])):
            writer.write_tile(zxy_to_tileid(z, x, y), body)
        kind = {"tile_type": TileType.PNG, "tile_compression": Compression.NONE}
        bounds = dict.fromkeys(("min_lon_e7", "min_lat_e7", "max_lon_e7", "max_lat_e7", "center_lon_e7", "center_lat_e7"), 0)
        writer.finalize(kind | bounds | {"min_zoom": 0, "max_zoom": 2, "center_zoom": 0}, {})


@pytest.fixture
def use(monkeypatch):
    """A function that configures a base map."""

    def configure(place, credit="© Nhà xuất bản bản đồ"):
        for name, value in (("PHUQR_BASE_MAP", place), ("PHUQR_BASE_MAP_CREDIT", credit)):
            monkeypatch.setenv(name, str(value)) if value else monkeypatch.delenv(name, raising=False)

    configure(None, None)
    return configure


def test_without_one_the_map_knows_of_none(use, ask):
    assert base_map.base_map() is None and "base" not in map_labels(Text("vi"))
    assert ask("/base/0/0/0")[0] == 404


@pytest.mark.parametrize(("name", "write"), [("map.mbtiles", write_mbtiles), ("map.pmtiles", write_pmtiles)])
def test_tiles_of_a_file_come_from_the_app(use, ask, tmp_path, name, write):
    write(tmp_path / name)
    use(tmp_path / name)
    assert map_labels(Text("vi"))["base"] == {"url": "/base/{z}/{x}/{y}", "credit": "© Nhà xuất bản bản đồ", "last": 2}
    for (z, x, y), body in list(TILES.items())[:2]:
        status, headers, found = ask(f"/base/{z}/{x}/{y}")
        assert (status, headers["content-type"], found) == (200, "image/png", body)
    for at in ("2/0/0", "2/3/2", "2/4/0", "30/0/0", "1/0/0", "0/0/-1", "a/0/0"):
        assert ask(f"/base/{at}")[0] == 404, at


def test_an_address_is_told_to_the_browser_and_nothing_is_handed_out(use, ask):
    use("https://tiles.example/{z}/{x}/{y}.png")
    assert base_map.base_map()["url"] == "https://tiles.example/{z}/{x}/{y}.png"
    assert ask("/base/0/0/0")[0] == 404


@pytest.mark.parametrize(("place", "credit", "said"), [
    ("https://tiles.example/{z}/{x}.png", "©", "has {z}, {x} and {y}"),
    ("https://tiles.example/{z}/{x}/{y}.png", "  ", "PHUQR_BASE_MAP_CREDIT"),
    ("{folder}/nowhere.mbtiles", "©", "there is no file nowhere.mbtiles"),
    ("{folder}/other.mbtiles", "©", "other.mbtiles holds no tiles"),
    ("{folder}/other.pmtiles", "©", "other.pmtiles holds no tiles"),
])  # fmt: skip
def test_what_cannot_be_a_base_map_is_said_at_once(use, tmp_path, place, credit, said):
    for name in ("other.mbtiles", "other.pmtiles"):
        (tmp_path / name).write_text("mã,tên\n" * 100, encoding="utf-8")
    use(place.replace("{folder}", str(tmp_path)), credit)
    with pytest.raises(PhuqrError, match=said.replace("{", r"\{").replace("}", r"\}")):
        base_map.base_map()
