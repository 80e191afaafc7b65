"""The route of the tiles: an answer for who may see it, 304 for who has it, and 404 for what is no tile."""

from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboard import tiles
from geo import db
from geo.accounts import everything, operator_scope
from geo.audit import Actor
from geo.coverage import Window, read_holdings
from geo.scope import Scope
from geo.units import WHOLE, list_vintages
from geo.venues import Narrowed

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
TOWN = {"z": 12, "x": 3248, "y": 1833}  # around Thị trấn Đức Thọ, whose V1 has a point


@pytest.fixture(autouse=True)
def nothing_kept():
    tiles.forget()
    yield
    tiles.forget()


@pytest.fixture
def url(small_province):
    """A function that gives the address of a tile."""

    def url(unit=WHOLE, narrowed=Narrowed(), at=TOWN, scans_known=True):
        with db.reading(operator_scope()) as connection:
            held, vintage = read_holdings(connection), list_vintages(connection)[-1]
        return tiles.tiles_url(held, vintage, unit, WINDOW, narrowed, scans_known).format(**at)

    return url


@pytest.fixture
def reader():
    def reader(*codes):
        with db.gating() as connection:
            ((vintage, _), *_) = everything(connection)
        return Actor("reader", Scope("leader", tuple((vintage, code) for code in codes)), "127.0.0.1")

    return reader


def test_a_tile_is_kept_by_one_reader_and_asked_about_by_its_tag(ask, url):
    status, headers, body = ask(url())
    assert (status, headers["content-type"]) == (200, "application/vnd.mapbox-vector-tile")
    assert headers["cache-control"] == "private, max-age=600" and headers["vary"] == "Cookie"
    assert "Trụ sở".encode() in body and b"venues" in body
    status, again, nothing = ask(url(), if_none_match=headers["etag"])
    assert (status, again["etag"], nothing) == (304, headers["etag"], b"")


def test_the_address_says_what_is_meant(url):
    address = urlsplit(url("440", Narrowed("office", "A", "silent")))
    assert parse_qs(address.query) == {
        "from": ["2021-11-26"], "to": ["2021-12-08"], "kind": ["office"], "group": ["A"], "state": ["silent"], "scans": ["1"],
    }  # fmt: skip
    assert parse_qs(urlsplit(url(scans_known=False)).query).keys() == {"from", "to"}


def test_readers_are_not_given_each_others_tiles(ask, url, reader):
    body = ask(url())[2]
    assert ask(url(), reader("440"))[2] == body
    for codes in (["449"], ["18235"]):
        other = ask(url(), reader(*codes))[2]
        assert other != body and "Trụ sở".encode() not in other
    assert ask(url())[2] == body


def test_a_unit_out_of_scope_is_one_that_does_not_exist(ask, url, reader):
    assert [ask(url(code), reader("449"))[0] for code in ("449", "18754", "440", "18229", "42", "999")] == [
        200,
        200,
        404,
        404,
        404,
        404,
    ]


def test_what_is_narrowed_away_is_not_there(ask, url):
    assert (
        ask(url(narrowed=Narrowed(state="active")))[2] and not ask(url(narrowed=Narrowed(state="silent", group="A")))[2]
    )
    assert "Trụ sở".encode() not in ask(url(narrowed=Narrowed(kind="cafe")))[2]
    assert "Trụ sở".encode() not in ask(url(narrowed=Narrowed(department="transport")))[2]


@pytest.mark.parametrize(
    "at", [{"z": 19, "x": 0, "y": 0}, {"z": 3, "x": 8, "y": 0}, {"z": 3, "x": 0, "y": 8}, {"z": 3, "x": "x", "y": 0},
           {"z": 3, "x": -1, "y": 0}, {"z": "9" * 30, "x": 0, "y": 0}, {"z": 10**15, "x": 0, "y": 0}]
)  # fmt: skip
def test_what_is_no_tile_is_not_found(ask, url, at):
    assert ask(url(at=at))[0] == 404


@pytest.mark.parametrize(
    "change", [("from=2021-11-26", "from=x"), ("from=2021-11-26&", ""), ("to=2021-12-08", "to=2021-11-01"), ("2021-11-26", "0001-01-01"),
               ("/tiles/", "/tiles/999"), ("scans=1", "state=%27%20OR%201=1"), (f"/{WHOLE}/", "/%F0%9F%98%80/")]
)  # fmt: skip
def test_an_address_of_nonsense_is_not_found(ask, url, change):
    assert change[0] in url() and ask(url().replace(*change, 1))[0] == 404


@pytest.mark.parametrize("name", ["kind", "group", "state"])
def test_a_text_that_no_database_takes_is_not_found(ask, url, name):
    assert ask(f"{url()}&{name}=%00")[0] == 404


def test_a_kind_that_there_is_not_draws_nothing(ask, url):
    assert ask(url(narrowed=Narrowed(kind="'; DROP TABLE venue; --")))[::2] == (200, b"")
