"""The map to take away: what a file holds, that it asks for nothing from outside, that names stay texts, and who is given which."""

import json
import re
from datetime import date
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import sqlalchemy as sa
from PIL import Image
from xstatic.pkg import leaflet

from dashboard.exports import FILES
from geo import db
from geo.accounts import everything
from geo.audit import Actor, list_events
from geo.coverage import Window
from geo.scope import Scope

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
DAYS = "from=2021-11-26&to=2021-12-08"
NASTY = "</script><img src=x onerror=alert(1)> {{7*7}} $x$ 'a' \"b\""


@pytest.fixture
def reader(small_province):
    def reader(*codes):
        with db.gating() as connection:
            ((vintage, _), *_) = everything(connection)
        return Actor("taker", Scope("admin", tuple((vintage, code) for code in codes)), "127.0.0.1")

    return reader


@pytest.fixture
def nasty_names(small_province):
    """A commune and a district of which the names hold HTML and script, as long as a test runs."""
    names = {"18235": "Xã Quang Vĩnh", "440": "Huyện Đức Thọ"}
    change = sa.text("UPDATE admin_unit SET name = :name WHERE code = :code")
    with db.engine().begin() as connection:
        connection.execute(change, [{"code": code, "name": NASTY} for code in names])
    yield
    with db.engine().begin() as connection:
        connection.execute(change, [{"code": code, "name": name} for code, name in names.items()])


def test_every_file_has_the_name_of_what_it_shows_and_is_on_record(ask, reader):
    for name, (_, media) in FILES.items():
        status, headers, body = ask(f"/export/{name}?unit=440&{DAYS}&indicator=creation_rate", reader("42"))
        stem, _, suffix = name.partition(".")
        given = f"phu-qr_{stem}_440_creation_rate_2021-11-26_2021-12-08.{suffix}"
        assert (status, headers["content-type"], bool(body)) == (200, media, True)
        assert headers["content-disposition"] == f'attachment; filename="{given}"'
        assert headers["cache-control"] == "no-store"
        with db.reading(reader("42").scope) as connection:
            assert list_events(connection, limit=1)["detail"].tolist() == [given]


def test_the_page_holds_all_that_it_needs(ask):
    page = ask(f"/export/map.html?unit=440&{DAYS}")[2].decode()
    assert not re.search(r"<(script|link|img|iframe)[^>]*\b(src|href)=", page)
    # Leaflet's script names addresses that it never asks for, as the test in a browser shows
    library = (Path(leaflet.BASE_DIR) / "leaflet.js").read_text(encoding="utf-8")
    assert library in page
    assert not re.search(r"https?:|[\"'(]//|url\(|@import", page.replace(library, ""))
    assert "phuqr.paint(" in page and "<title>" in page and "Số bên phải là số đơn vị cấp xã." in page


def test_the_page_carries_the_borders_and_figures_of_the_unit(ask):
    page = ask(f"/export/map.html?unit=440&{DAYS}")[2].decode()
    painted = json.loads(re.search(r"phuqr\.paint\((\{.*\})\);", page)[1])
    geometries = painted["geometry"]["objects"]["communes"]["geometries"]
    assert [each["properties"]["code"] for each in geometries] == ["18229", "18235", "18280"]
    assert painted["classes"] == "ffn" and painted["fractions"][0] == "2 hoạt động / 4 đã tạo"
    assert painted["caption"]["title"] == "Tỷ lệ hoạt động – Huyện Đức Thọ"
    assert painted["caption"]["lines"][0] == "26/11/2021 – 08/12/2021 (13 ngày)"


@pytest.mark.parametrize("layer", ["rates", "change", "clusters", "weeks"])
def test_a_picture_is_one_and_of_a_sheet_the_words_are_words(ask, tmp_path, layer):
    (tmp_path / "map.png").write_bytes(ask(f"/export/map.png?unit=42&{DAYS}&layer={layer}")[2])
    with Image.open(tmp_path / "map.png") as picture:
        assert picture.size[0] > 1500
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 20
    assert ask(f"/export/map.pdf?unit=42&{DAYS}&layer={layer}")[2].startswith(b"%PDF-")


def test_communes_have_their_figures_and_say_what_they_are(ask, tmp_path):
    found = json.loads(ask(f"/export/communes.geojson?unit=440&{DAYS}")[2])
    assert found["facts"]["boundaries"] == "2021-11-01" and found["facts"]["definition of activity_rate"] == "I4 = active / created"
    (tmp_path / "communes.gpkg").write_bytes(ask(f"/export/communes.gpkg?unit=440&{DAYS}")[2])
    for frame in (gpd.GeoDataFrame.from_features(found["features"]), gpd.read_file(tmp_path / "communes.gpkg", layer="communes")):
        rows = frame.set_index("code")
        assert rows.index.tolist() == ["18229", "18235", "18280"]
        assert rows.loc["18229", ["created", "active", "activity_rate", "district"]].tolist() == [4, 2, 0.5, "Huyện Đức Thọ"]
        assert rows.loc["18280", "activity_rate"] is None or rows["activity_rate"].isna()["18280"]
        assert (rows["first_day"] == "2021-11-26").all() and rows.geometry.is_valid.all()
    told = pyogrio.read_dataframe(tmp_path / "communes.gpkg", layer="facts")
    assert dict(zip(told["name"], told["said"], strict=True))["boundaries"] == "2021-11-01"


def test_names_of_files_are_texts_in_each(ask, nasty_names, tmp_path):
    page = ask(f"/export/map.html?unit=440&{DAYS}")[2].decode()
    assert "<img" not in page and "49" not in re.search("<title>(.*?)</title>", page)[1]
    painted = json.loads(re.search(r"phuqr\.paint\((\{.*\})\);", page)[1])
    assert painted["geometry"]["objects"]["communes"]["geometries"][1]["properties"]["name"] == NASTY
    assert json.loads(ask(f"/export/communes.geojson?unit=440&{DAYS}")[2])["features"][1]["properties"]["name"] == NASTY
    (tmp_path / "communes.gpkg").write_bytes(ask(f"/export/communes.gpkg?unit=440&{DAYS}")[2])
    assert gpd.read_file(tmp_path / "communes.gpkg", layer="communes")["name"].tolist()[1] == NASTY
    for name in ("map.png", "map.pdf"):  # $x$ would be set as mathematics, a lone $ be an error
        assert ask(f"/export/{name}?unit=440&{DAYS}")[0] == 200


@pytest.mark.parametrize("name", FILES)
def test_a_unit_out_of_scope_is_one_that_does_not_exist(ask, reader, name):
    answers = [ask(f"/export/{name}?unit={unit}&{DAYS}", reader("440"))[0] for unit in ("440", "449", "42", "999", "all")]
    assert answers == [200, 404, 404, 404, 404]


@pytest.mark.parametrize("name", ["map", "map.svg", "..%2fapp.py", "coverage.csv", "%00"])
def test_there_is_no_other_file(ask, name):
    assert ask(f"/export/{name}?unit=440&{DAYS}")[0] == 404


@pytest.mark.parametrize("query", ["unit=440&from=x&to=y", "unit=440&indicator=1", "unit=440&group=Z", "unit=440&layer=all"])
def test_an_address_of_nonsense_is_not_found(ask, query):
    assert ask(f"/export/map.png?{query}")[0] == 404


def test_all_in_scope_can_be_taken_at_once(ask):
    found = json.loads(ask(f"/export/communes.geojson?unit=all&{DAYS}")[2])
    assert len(found["features"]) == 6 and found["facts"]["title"].endswith("Toàn địa bàn")
