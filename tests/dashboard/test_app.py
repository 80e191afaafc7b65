"""The app's own routes: geometry that a browser may keep, the map's files, health; nothing else and no fault of ours."""

import gzip
import json
import socket
from contextlib import closing
from types import SimpleNamespace

import pytest
from streamlit.web.server.starlette import starlette_server

from dashboard import app
from geo import db
from geo.accounts import operator_scope
from geo.units import list_vintages


@pytest.fixture(autouse=True)
def nothing_kept():
    app._encoded_geometry.cache_clear()
    yield
    app._encoded_geometry.cache_clear()


def vintage():
    with db.reading(operator_scope()) as connection:
        return list_vintages(connection)[-1]


def codes(body):
    return [geometry["properties"]["code"] for geometry in json.loads(body)["objects"]["communes"]["geometries"]]


def test_geometry_is_zipped_and_kept_by_one_reader(small_province, ask):
    status, headers, body = ask(app.geometry_url(vintage(), "42"), accept_encoding="gzip, br")
    assert (status, headers["content-encoding"], headers["content-type"]) == (200, "gzip", "application/json")
    assert headers["cache-control"] == "private, max-age=31536000, immutable"
    assert headers["vary"] == "Accept-Encoding, Cookie", "the next to sign in at this browser is not given what it kept"
    assert codes(gzip.decompress(body)) == ["18229", "18235", "18280", "18754", "18757"]
    assert ask(app.geometry_url(vintage(), "42"), accept_encoding="gzip")[1]["etag"] == headers["etag"]


def test_geometry_for_who_cannot_unzip(small_province, ask):
    status, headers, body = ask(app.geometry_url(vintage(), "440"))
    assert status == 200 and "content-encoding" not in headers
    assert codes(body) == ["18229", "18235", "18280"]


def test_geometry_already_there_is_not_sent_again(small_province, ask):
    url = app.geometry_url(vintage(), "42")
    etag = ask(url)[1]["etag"]
    status, headers, body = ask(url, if_none_match=f'W/"other", {etag}')
    assert (status, headers["etag"], body) == (304, etag, b"")
    assert ask(url, if_none_match='"other"')[0] == 200


@pytest.mark.parametrize(
    "path",
    ["{id}/{version}/999", "999/{version}/42", "{id}/99999999999999/42", "{id}/99999999999999999999999/42",
     "99999999999999999999999/1/42", "-1/{version}/42", "x/{version}/42", "{id}/{version}/..%2F..%2Fapp",
     "{id}/{version}/'%20OR%20'1'='1", "{id}/{version}/%F0%9F%98%80", "{id}/{version}"],
)  # fmt: skip
def test_what_is_no_geometry_is_not_found(small_province, path, ask):
    now = vintage()
    assert ask(f"/geo/{path.format(id=now.id, version=now.version)}.topojson")[0] == 404


def test_borders_of_a_version_to_come_are_not_those_of_now(small_province, small_files, ask):
    from loaders.boundaries import load_boundaries

    before = vintage()
    load_boundaries(small_files["boundaries"], before.valid_from)
    after = vintage()
    assert ask(app.geometry_url(before, "42"))[0] == 200, "a page opened before the load still gets its map"
    assert ask(app.geometry_url(after, "42"))[0] == 200
    assert ask(f"/geo/{after.id}/{after.version + 1}/42.topojson")[0] == 404


@pytest.mark.parametrize(
    ("path", "kind"),
    [("leaflet/leaflet.js", "javascript"), ("leaflet/leaflet.css", "text/css"), ("phuqr/phuqr-map.js", "javascript"),
     ("phuqr/phuqr-map.css", "text/css")],
)  # fmt: skip
def test_the_files_of_the_map_are_served_and_asked_about_each_time(path, kind, ask):
    status, headers, body = ask(f"/lib/{path}")
    assert status == 200 and kind in headers["content-type"] and body
    assert headers["cache-control"] == "no-cache"
    assert ask(f"/lib/{path}", if_none_match=headers["etag"])[0] == 304


@pytest.mark.parametrize(
    "path", ["../app.py", "%2e%2e/app.py", "..%2fapp.py", "....//app.py", "/etc/passwd", "", "no.js"]
)
def test_no_other_file_is_served(path, ask):
    assert ask(f"/lib/phuqr/{path}")[0] in (400, 404)


def test_health_is_that_of_the_database(small_province, use_database, ask):
    assert ask("/health")[::2] == (200, b"ok")
    use_database(small_province.rsplit("/", 1)[0] + "/phuqr_test_nowhere")
    try:
        assert ask("/health")[0] == 503
        assert ask("/geo/1/1/42.topojson")[0] == 503
    finally:
        use_database(small_province)
    assert ask("/health")[0] == 200


def test_an_answer_is_sent_at_once(monkeypatch):
    monkeypatch.setattr(starlette_server, "_bind_socket", starlette_server._bind_socket)
    served = []
    app.run(SimpleNamespace(run=lambda config: served.append(config["server.port"])), "127.0.0.1", 8501)
    with closing(starlette_server._bind_socket("127.0.0.1", 0, 1)) as listening, socket.create_connection(listening.getsockname()):
        listening.settimeout(5)
        with closing(listening.accept()[0]) as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert served == [8501]
