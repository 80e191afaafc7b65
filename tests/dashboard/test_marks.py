"""Marks over the map: what travels to the browser, and that no text of a file can run there."""

import json
import re
from importlib.resources import files

import pytest
import streamlit_folium

from dashboard.maps import LABELS, commune_map, paint
from dashboard.marks import GRADES, marks

NASTY = "</script><img src=x onerror=\"a('1')\"> & {{'x'}} {{{7*7}}} {% raw %} {# \u2028 _div Quán Hoa Sen"
SPOT = {"code": "V1", "lat": 18.5512345678, "lon": 105.55, "grade": 2, "count": 3, "title": NASTY, "lines": [NASTY], "located": True, "closed": False}
CLUSTER = {"outline": '{"type":"Polygon","coordinates":[[[105,18],[106,18],[106,19],[105,18]]]}', "title": NASTY}


@pytest.fixture
def sent(monkeypatch):
    """What st_folium sends to the browser for these marks."""
    monkeypatch.setattr(streamlit_folium, "_component_func", lambda **arguments: arguments)

    def send(*spots, clusters=(), selected=None):
        return streamlit_folium.st_folium(
            commune_map(dict.fromkeys(LABELS, "vi")), key="map", returned_objects=[],
            feature_group_to_add=[paint("/geo/42", (105, 18, 106, 19), ["00"], {"00": 0}, ["#fff"]), marks(spots, clusters, selected)],
        )  # fmt: skip

    return send


def shown(arguments):
    """The JSON of the call that shows the marks."""
    (inside,) = re.findall(r"^\s*phuqrMarks\.show\(map_div, (.*)\);$", arguments["feature_group"], re.MULTILINE)
    return inside


def test_marks_carry_exactly_what_was_given(sent):
    found = json.loads(shown(sent(SPOT, clusters=[CLUSTER], selected="V1")))
    assert found["spots"] == [SPOT | {"lat": 18.551235}]
    assert found["clusters"] == [{"outline": json.loads(CLUSTER["outline"]), "title": NASTY}]
    assert found["selected"] == "V1"


def test_texts_cannot_leave_the_script(sent):
    assert not re.search(r"[<>&\u2028\u2029]|[^\x00-\x7f]|\{[{%#]", shown(sent(SPOT, clusters=[CLUSTER])))


def test_the_same_marks_are_sent_alike_and_others_leave_the_map_as_it_is(sent):
    first, second, other = sent(SPOT), sent(SPOT), sent(SPOT | {"grade": 3}, selected="V1")
    assert first["feature_group"] == second["feature_group"] != other["feature_group"]
    assert (first["script"], first["key"]) == (other["script"], other["key"])


def test_their_files_come_from_the_app_itself(sent):
    arguments = sent(SPOT)
    assert arguments["js_links"] == ["/lib/leaflet/leaflet.js", "/lib/phuqr.js", "/lib/phuqr/phuqr-marks.js"]
    assert arguments["css_links"] == ["/lib/leaflet/leaflet.css", "/lib/phuqr/phuqr-map.css", "/lib/phuqr/phuqr-marks.css"]
    script = (files("dashboard") / "static" / "phuqr-marks.js").read_text()
    style = (files("dashboard") / "static" / "phuqr-marks.css").read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|https?:|url\(", script + style)
    for grade in GRADES:
        assert f".phuqr-grade-{grade}" in style


def test_a_grade_without_a_mark_is_refused():
    with pytest.raises(ValueError, match="venue V1 has grade 4, there are marks of 1 to 3"):
        marks([SPOT | {"grade": 4}], [])


def test_the_legend_has_the_colours_of_the_marks():
    static = files("dashboard") / "static"
    style, page = (static / "phuqr-marks.css").read_text(), (static / "phuqr.css").read_text()
    for grade in GRADES:
        (colour,) = re.findall(rf"\.phuqr-mark\.phuqr-grade-{grade} \{{[^}}]*background: (#\w+)", style)
        assert re.search(rf"\.phuqr-swatch\.phuqr-grade-{grade} \{{[^}}]*background: {colour}", page)
