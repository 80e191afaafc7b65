"""What travels to the map: shared borders once, the classes given, nothing that could run, nothing from outside."""

import json
import re
from importlib.resources import files
from itertools import pairwise

import geopandas
import numpy
import pytest
import shapely
import shapely.ops
import streamlit_folium

from dashboard.maps import (
    LABELS,
    LAGGING,
    MARKS,
    NO_DATA,
    OUTSIDE,
    SCRIPTS,
    SWATCHES,
    TOO_FEW,
    WATCH,
    commune_map,
    encode_topojson,
    map_script,
    paint,
)

NASTY = "</script><img src=x onerror=\"a('1')\"> & {{'x'}} {{{7*7}}} {% raw %} {# \u2028 _div Xã Đức Thọ"
TEXTS = dict.fromkeys(LABELS, "Đang tải bản đồ…") | {"language": "vi", "map": NASTY}
BOUNDS = (105.1, 17.9, 106.5, 18.8)
PALETTE = ["#d6ecef", "#9fd0d8", "#5fabbd", "#2c7f99", "#0f4c6b"]


def wavy_line(ends, steps=50):
    (x0, y0), (x1, y1) = ends
    share = numpy.linspace(0, 1, steps)
    wave = 0.05 * numpy.sin(share * 4 * numpy.pi)
    wave[[0, -1]] = 0
    return shapely.LineString(
        numpy.column_stack([x0 + share * (x1 - x0) + wave * (y1 != y0), y0 + share * (y1 - y0) + wave * (x1 != x0)])
    )


@pytest.fixture
def units():
    """Six communes of two districts, 2 by 3, with winding borders; one has an enclave of another, one an island."""
    corners = [[(105 + x, 18 + y) for y in range(3)] for x in range(4)]
    lines = [wavy_line(pair) for column in corners for pair in pairwise(column)]
    lines += [wavy_line(pair) for row in zip(*corners, strict=True) for pair in pairwise(row)]
    cells = sorted(shapely.ops.polygonize(lines), key=lambda cell: (round(cell.centroid.x), round(cell.centroid.y)))
    enclave, island = shapely.box(105.4, 18.4, 105.6, 18.6), shapely.box(108.5, 18.2, 108.7, 18.4)
    cells[0] = cells[0].difference(enclave)
    cells[1] = cells[1].union(enclave)
    cells[5] = cells[5].union(island)
    return geopandas.GeoDataFrame(
        {"code": [f"0{n}" for n in range(6)], "name": [NASTY, *"bcdef"], "parent_code": ["1", "1", "1", "1", "2", "2"]},
        geometry=cells,
        crs=4326,
    )


def decode(topology):
    scale, translate = (numpy.array(topology["transform"][part]) for part in ("scale", "translate"))
    arcs = [numpy.cumsum(arc, axis=0) * scale + translate for arc in topology["arcs"]]

    def ring(indices):
        return numpy.concatenate([arcs[~i][::-1] if i < 0 else arcs[i] for i in indices])

    def polygon(rings):
        return shapely.Polygon(ring(rings[0]), [ring(hole) for hole in rings[1:]])

    return {
        geometry["properties"]["code"]: polygon(geometry["arcs"])
        if geometry["type"] == "Polygon"
        else shapely.MultiPolygon([polygon(rings) for rings in geometry["arcs"]])
        for geometry in topology["objects"]["communes"]["geometries"]
        if geometry["type"]
    }


def arc_uses(topology):
    uses = numpy.zeros(len(topology["arcs"]), int)
    for number in re.findall(r"-?\d+", json.dumps([g["arcs"] for g in topology["objects"]["communes"]["geometries"]])):
        uses[int(number) if int(number) >= 0 else ~int(number)] += 1
    return uses


def test_topojson_gives_back_the_polygons(units):
    topology = json.loads(encode_topojson(units))
    decoded = decode(topology)
    assert list(decoded) == list(units["code"])
    step = max(topology["transform"]["scale"])
    for code, geometry in zip(units["code"], units.geometry, strict=True):
        assert decoded[code].is_valid
        assert shapely.hausdorff_distance(decoded[code], geometry) <= step
        assert decoded[code].area == pytest.approx(geometry.area, rel=1e-3)
    assert shapely.coverage_is_valid(list(decoded.values()))


def test_properties_are_code_name_and_parent(units):
    first = json.loads(encode_topojson(units))["objects"]["communes"]["geometries"][0]
    assert set(first) == {"type", "arcs", "properties"}
    assert first["properties"] == {"code": "00", "name": NASTY, "parent": "1"}


def test_borders_between_neighbours_travel_once(units):
    topology = json.loads(encode_topojson(units))
    uses = arc_uses(topology)
    assert set(uses) == {1, 2}
    assert (uses == 2).sum() == 7 + 1, "seven borders between six cells, and that of the enclave"
    assert sum(map(len, topology["arcs"])) < shapely.get_num_coordinates(units.geometry.values).sum()
    assert len(encode_topojson(units)) < len(units.to_json(to_wgs84=True).encode()) / 2


def test_units_without_geometry_keep_their_place(units):
    whole = decode(json.loads(encode_topojson(units)))
    units.loc[[1, 4], "geometry"] = [None, shapely.MultiPolygon()]
    topology = json.loads(encode_topojson(units))
    geometries = topology["objects"]["communes"]["geometries"]
    assert [each["properties"]["code"] for each in geometries] == list(units["code"])
    assert [each["type"] is None for each in geometries] == [code in ("01", "04") for code in units["code"]]
    found = decode(topology)
    assert list(found) == ["00", "02", "03", "05"]
    assert found["05"].area == pytest.approx(whole["05"].area, rel=1e-6), "of its own code, not of its neighbour's"


def test_the_names_of_the_units_above_travel_along(units):
    above = {"1": (NASTY, "42"), "42": ("Tỉnh Hà Tĩnh", None)}
    assert json.loads(encode_topojson(units, above))["above"] == {"1": [NASTY, "42"], "42": ["Tỉnh Hà Tĩnh", None]}
    assert json.loads(encode_topojson(units))["above"] == {}


def test_no_units_is_an_empty_map(units):
    topology = json.loads(encode_topojson(units.iloc[:0]))
    assert topology["arcs"] == [] and topology["objects"]["communes"]["geometries"] == []


def test_another_crs_is_refused(units):
    with pytest.raises(ValueError, match="EPSG:4326"):
        encode_topojson(units.to_crs(32648))


@pytest.fixture
def sent(monkeypatch):
    """Returns what st_folium sends to the browser for a map and a paint, as the arguments of its component."""
    monkeypatch.setattr(streamlit_folium, "_component_func", lambda **arguments: arguments)

    def send(url="/geo/42", source=NASTY, texts=TEXTS, **values):
        values = {"codes": ["00"], "classes": {"00": 0}, "palette": PALETTE, "source": source} | values
        return streamlit_folium.st_folium(
            commune_map(texts),
            key="map",
            height=560,
            use_container_width=True,
            returned_objects=[],
            feature_group_to_add=paint(url, BOUNDS, **values),
        )

    return send


def call(script, function):
    """The JSON arguments of one call in a script, the map's own name left out."""
    (inside,) = re.findall(rf"^\s*phuqr\.{function}\((.*)\);$", script, re.MULTILINE)
    return json.loads(f"[{inside.removeprefix('map_div, ')}]")


def test_two_runs_send_the_same(sent):
    first, second = sent(), sent()
    for part in ("script", "header", "html", "feature_group", "key", "js_links", "css_links"):
        assert first[part] == second[part], part


@pytest.mark.parametrize(
    "values",
    [{"classes": {"00": 3}}, {"selected": "00"}, {"focus": (105.2, 18, 106, 18.5)}, {"indicator": "Tỷ lệ hoạt động"},
     {"url": "/geo/440"}, {"source": "another"}, {"caption": {"title": "x"}}],
    ids=lambda values: next(iter(values)),
)  # fmt: skip
def test_what_is_shown_changes_only_the_paint(sent, values):
    before, after = sent(), sent(**values)
    assert before["script"] == after["script"] and before["key"] == after["key"]
    assert before["feature_group"] != after["feature_group"]


def test_maps_of_two_languages_have_two_keys(sent):
    assert sent()["key"] != sent(texts=TEXTS | {"language": "en"})["key"]


def test_start_carries_the_labels(sent):
    assert call(sent()["script"], "start") == [TEXTS]


def test_paint_carries_exactly_what_was_given(sent):
    values = dict(
        url="/geo/42_a?x=1&y=2",
        codes=["00", "01", "02", "03", "04", "05"],
        classes={"00": 0, "01": numpy.int64(4), "02": NO_DATA, "03": TOO_FEW, "05": OUTSIDE},
        palette=PALETTE,
        marks={"00": LAGGING, "03": WATCH, "99": WATCH},
        sizes={"00": 400, "01": 100, "02": 0, "03": 1},
        rates={"00": "29,9 %", "02": "chưa có dữ liệu"},
        fractions={"00": "570/1.904", "01": "9/9"},
        labels={0: "dưới 10 %"},
        indicator=NASTY,
        caption={"title": NASTY, "lines": [NASTY]},
        selected="01",
        focus=(105.2, 18, 106.1234567, 18.5),
        size_title="Số địa điểm",
    )
    (painted,) = call(sent(**values)["feature_group"], "paint")
    assert painted == {
        "geometry": "/geo/42_a?x=1&y=2",
        "home": [[17.9, 105.1], [18.8, 106.5]],
        "focus": [[18.0, 105.2], [18.5, 106.12346]],
        "classes": "04nfno",
        "marks": "l..w..",
        "sizes": "zi0200",
        "largest": 400,
        "size_title": "Số địa điểm",
        "rates": ["29,9 %", "", "chưa có dữ liệu", "", "", ""],
        "fractions": ["570/1.904", "9/9", "", "", "", ""],
        "labels": {"0": "dưới 10 %"},
        "palette": PALETTE,
        "indicator": NASTY,
        "caption": {"title": NASTY, "lines": [NASTY]},
        "source": NASTY,
        "selected": "01",
    }


def test_values_of_a_country_travel_in_one_letter_a_commune(sent):
    codes = [f"{number:05}" for number in range(11_163)]
    classes = {code: number % 5 for number, code in enumerate(codes)}
    plain = len(sent(codes=[], classes={})["feature_group"])
    assert len(sent(codes=codes, classes=classes)["feature_group"]) <= plain + len(codes) + 2


def test_bounds_of_nothing_are_refused():
    with pytest.raises(ValueError, match="none of its units has geometry"):
        paint("/geo/42", (float("nan"),) * 4, [], {}, PALETTE)


@pytest.mark.parametrize("key", [5, -1])
def test_a_class_without_a_colour_is_refused(key):
    with pytest.raises(ValueError, match=f"commune 00 has class {key}"):
        paint("/geo/42", BOUNDS, ["00"], {"00": key}, PALETTE)


def test_a_missing_label_is_refused():
    with pytest.raises(ValueError, match="failed"):
        commune_map({name: text for name, text in TEXTS.items() if name != "failed"})


def test_names_cannot_leave_the_script(sent):
    scripts = sent(indicator=NASTY, rates={"00": NASTY}, caption={"title": NASTY})
    for part in ("script", "feature_group"):
        calls = "\n".join(re.findall(r"^\s*phuqr\..*$", scripts[part], re.MULTILINE))
        assert calls and not re.search(r"[<>&\u2028\u2029]|[^\x00-\x7f]", calls)


def test_nothing_comes_from_outside(sent):
    arguments = sent()
    assert arguments["js_links"] == ["/lib/leaflet/leaflet.js", "/lib/phuqr.js"]
    assert arguments["css_links"] == ["/lib/leaflet/leaflet.css", "/lib/phuqr/phuqr-map.css"]
    page = commune_map(TEXTS).get_root().render()
    static = files("dashboard") / "static"
    texts = [
        page,
        *(arguments[part] for part in ("header", "html", "script", "feature_group")),
        *(path.read_text() for path in static.iterdir()),
    ]
    for text in texts:
        assert not re.search(r"https?:|[\"'(]//", text)


def test_the_browser_asks_once_for_all_scripts_of_the_map():
    parts = {path.name: path.read_bytes() for path in (files("dashboard") / "static").iterdir() if path.name.endswith(".js")}
    del parts["phuqr-marks.js"]  # of the map of hotspots
    assert parts.keys() == {f"{name}.js" for name in SCRIPTS}
    assert all(part in map_script() for part in parts.values())


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_browser_sets_texts_as_text(name):
    script = (files("dashboard") / "static" / f"{name}.js").read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", script)


def test_the_legend_and_the_map_share_the_looks_of_what_is_no_class():
    script = (files("dashboard") / "static" / "phuqr-map.js").read_text()
    for name, look in SWATCHES.items():
        assert (f"{name}: () => pattern(" if "gradient" in look else f'{name}: () => "{look}"') in script
        for colour in set(re.findall(r"#\w{6}", look)):
            assert colour in script


def test_the_legend_and_the_map_share_the_inks_of_the_marks():
    script = (files("dashboard") / "static" / "phuqr-map.js").read_text()
    for mark, look in MARKS.items():
        assert f"{mark}: (ground) => pattern(" in script and f'"{mark}"' in script
        for colour in set(re.findall(r"#\w{6}(?!\w)", look)):
            assert f'"{colour}"' in script
