"""The map of communes: its geometry travels once, its values travel with each choice of the reader.

`encode_topojson` makes what a route of the app serves, `commune_map` the empty map, and `paint` what it shows: where its
borders are and the few values that colour them. streamlit-folium shows the second and evaluates the third in the same frame:

    st_folium(commune_map(...), key="map", height=480, use_container_width=True, returned_objects=[],
              feature_group_to_add=paint(...))

Both must be built anew for each run: st_folium writes into what it is given.
"""

import json
import math
import re
from importlib.resources import files

import folium
import topojson
from branca.element import MacroElement
from folium.template import Template

QUANTISATION = 100_000

# Classes that are not a place on the scale. The browser draws them as patterns; these are the same looks for a legend.
NO_DATA = "none"
TOO_FEW = "few"
OUTSIDE = "out"
SWATCHES = {
    OUTSIDE: "#e3e8ee",
    NO_DATA: "repeating-linear-gradient(135deg, #ffffff 0 4px, #98a4b3 4px 5.2px)",
    TOO_FEW: "radial-gradient(circle, #8290a2 1.2px, #f3f5f8 1.4px) 0 0 / 6px 6px",
}
# Marks over a class's colour: ink beside white, so that they are seen on the lightest colour and on the darkest.
LAGGING = "lagging"
WATCH = "watch"
MARKS = {
    LAGGING: "repeating-linear-gradient(135deg, #ffffff00 0 4.6px, #14213d 4.6px 6.6px, #ffffff 6.6px 7.8px)",
    WATCH: "repeating-linear-gradient(0deg, #ffffff00 0 5.6px, #14213d 5.6px 6.6px, #ffffff 6.6px 7.4px)",
}
# The map's own scripts, in the order in which they need each other.
SCRIPTS = (
    "phuqr-topology",
    "phuqr-furniture",
    "phuqr-player",
    "phuqr-cameras",
    "phuqr-tiles",
    "phuqr-venues",
    "phuqr-map",
)
# Each commune's class, mark and number of venues is one letter of a text, in the order of the geometry.
_LETTERS = {NO_DATA: "n", TOO_FEW: "f", OUTSIDE: "o"}
_MARK_LETTERS = {LAGGING: "l", WATCH: "w"}
_STEPS = "0123456789abcdefghijklmnopqrstuvwxyz"

# <, > and & could end a script. { before {, % or # begins an expression, since branca compiles each script as a Jinja
# template of its own: a name could run code on the server. (In JSON itself { is never before one of these.) _ because
# streamlit-folium rewrites _x and leaves such parts out of the key by which it tells two maps apart.
_UNSAFE = re.compile(r"[<>&_]|\{(?=[{%#])")


def encode_topojson(units, names=None):
    """The units as quantised TopoJSON: each border between two of them is stored once, delta-encoded.

    units: GeoDataFrame with code, name, parent_code (text) and geometry (EPSG:4326, polygons that form a clean
    coverage: neighbours share their vertices). names: code -> (name, parent's code or None) of the units above them.
    Returns bytes, UTF-8 JSON: one object "communes", whose geometries carry code, name and parent, in the order of
    `units`; of a unit without geometry the type is null, so that values can follow that order. Beside it `above`: `names`.
    Coordinates are rounded to 1/100,000 of the extent.
    Raises ValueError for another CRS.
    """
    if units.crs is None or units.crs.to_epsg() != 4326:
        raise ValueError(f"the geometry of a map is in EPSG:4326, these units are in {units.crs}")
    communes = {"type": "GeometryCollection", "geometries": []}
    topology = {"type": "Topology", "objects": {"communes": communes}, "arcs": [], "above": names or {}}
    there = ~(units.geometry.isna() | units.geometry.is_empty)
    encoded = iter(())
    if there.any():
        shapes = units.geometry[there].reset_index(drop=True).to_frame("geometry")
        topology |= topojson.Topology(shapes, prequantize=QUANTISATION, object_name="communes").to_dict()
        encoded = iter(topology["objects"]["communes"]["geometries"])
        topology["objects"]["communes"] = communes
    for is_there, code, name, parent in zip(there, units["code"], units["name"], units["parent_code"], strict=True):
        drawn = next(encoded) if is_there else {"type": None}
        shape = {part: drawn[part] for part in ("type", "arcs") if part in drawn}
        communes["geometries"].append(shape | {"properties": {"code": code, "name": name, "parent": parent}})
    return json.dumps(topology, ensure_ascii=False, separators=(",", ":")).encode()


def map_script():
    """The map's own scripts as one, so that the browser asks once for what each of them needs of the others."""
    folder = files("dashboard") / "static"
    return "".join((folder / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS).encode()


def script_json(value):
    """The value as JSON that can stand in a script, whatever the texts in it contain; plain ASCII."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, separators=(",", ":")))


class CommuneMap(folium.Map):
    """A Leaflet map without tiles whose every file comes from the app itself.

    labels: see commune_map.
    """

    default_js = [("leaflet", "/lib/leaflet/leaflet.js"), ("phuqr", "/lib/phuqr.js")]
    default_css = [("leaflet_css", "/lib/leaflet/leaflet.css"), ("phuqr_css", "/lib/phuqr/phuqr-map.css")]

    def __init__(self, labels):
        # The attribution that Leaflet adds by itself links to a page outside; the script adds a plain line instead.
        # Wheel and double click are off: the first would catch a reader who scrolls the page, the second is two clicks.
        super().__init__(
            tiles=None,
            prefer_canvas=True,
            attribution_control=False,
            zoom_control=False,
            scroll_wheel_zoom=False,
            double_click_zoom=False,
            zoom_snap=0.25,
            font_size="13px",
        )
        self.options |= {"min_zoom": 4, "max_zoom": 18}  # folium keeps these two arguments for its tiles
        self.add_child(_Start(labels))


class _Start(MacroElement):
    _template = Template(
        """
        {% macro script(this, kwargs) %}
            phuqr.start({{ this._parent.get_name() }}, {{ this.labels }});
        {% endmacro %}
        """
    )

    def __init__(self, labels):
        super().__init__()
        self._name = "Start"
        self.labels = script_json(labels)


class _Paint(MacroElement):
    _template = Template(
        """
        {% macro script(this, kwargs) %}
            phuqr.paint({{ this.values }});
        {% endmacro %}
        """
    )

    def __init__(self, values):
        super().__init__()
        self._name = "Paint"
        self.values = script_json(values)


LABELS = ("language", "map", "loading", "failed", "zoom_in", "zoom_out", "search", "nothing_found")


def commune_map(labels):
    """The empty map; the same labels give the same script, so a rerun of the page keeps the frame and what it holds.

    labels: the texts of LABELS in the reader's language: its tag (such as vi), what the map shows for those who do not see it,
    what is said while borders are on their way or where they fail, and the names of buttons and of the search field. Beside them
    "islands" (see dashboard.islands), "base" (see dashboard.base_map) and what the layer of venues says.
    Raises ValueError for a missing label.
    """
    if missing := sorted(set(LABELS) - labels.keys()):
        raise ValueError(f"labels of the map lack {', '.join(missing)}")
    return CommuneMap(labels)


def box_of(bounds):
    """West, south, east and north, as total_bounds gives them, as Leaflet takes them.

    Raises ValueError for bounds that are no numbers.
    """
    if not all(map(math.isfinite, bounds)):
        raise ValueError(f"the bounds of a map are four numbers, not {tuple(bounds)}: none of its units has geometry")
    west, south, east, north = (round(float(degree), 5) for degree in bounds)
    return [[south, west], [north, east]]


def spell(codes, classes, palette):
    """One letter a commune, in the order of `codes`: its place in the palette, n, f or o; who is not in `classes`, n.

    Raises ValueError for a class that the palette does not have.
    """
    letters = []
    for code in codes:
        key = classes.get(code, NO_DATA)
        if key not in _LETTERS and not 0 <= int(key) < len(palette):
            raise ValueError(f"commune {code} has class {key}, the palette has 0 to {len(palette) - 1}")
        letters.append(_LETTERS.get(key) or _STEPS[int(key)])
    return "".join(letters)


def paint(
    geometry, home, codes, classes, palette, *, focus=None, marks=None, sizes=None, largest=None, rates=None, fractions=None,
    labels=None, indicator="", caption=None, source="", selected=None, **others,
):  # fmt: skip
    """What the map shows, for feature_group_to_add of st_folium.

    geometry: path of the TopoJSON on this app. home, focus: (west, south, east, north) of the whole and of what to bring into
    view (None: the whole); the view moves only when these change. codes: the communes in the order of the geometry.
    classes: code to class: an index into palette, NO_DATA, TOO_FEW or OUTSIDE; a commune that is not named has no data.
    palette: CSS colours, the lowest class first. labels: what stands for each of them, for the tooltip where no rate does.
    marks: code to LAGGING or WATCH. sizes: code to a count, drawn as a circle whose area is in proportion to it; largest: the count of the
    largest circle, where maps are to be compared.
    rates, fractions: code to the text of the tooltip, such as "29,9 %" and "570/1.904"; a code may be absent. indicator: the
    tooltip's name of the rate. caption: texts that stand on the map: "title", "lines", "definition". source: where the
    borders come from. selected: the code with a thick outline. others: further keys as they are.
    Raises ValueError for a class that palette does not have, or for bounds that are no numbers.
    """
    values = {
        "geometry": geometry,
        "home": box_of(home),
        "focus": None if focus is None else box_of(focus),
        "classes": spell(codes, classes, palette),
        "palette": list(palette),
        "indicator": indicator,
        "source": source,
        "selected": selected,
    } | others
    if marks:
        values["marks"] = "".join(_MARK_LETTERS.get(marks.get(code), ".") for code in codes)
    largest = largest or max((sizes or {}).values(), default=0)
    if sizes and largest > 0:
        share = (math.sqrt(min(max(sizes.get(code, 0), 0), largest) / largest) for code in codes)
        values |= {"sizes": "".join(_STEPS[math.ceil(35 * part)] for part in share), "largest": int(largest)}
    for name, texts in (("rates", rates), ("fractions", fractions)):
        if texts:
            values[name] = [texts.get(code, "") for code in codes]
    for name, given in (("labels", labels), ("caption", caption)):
        if given:
            values[name] = given
    group = folium.FeatureGroup(name="phuqr", control=False)
    group.add_child(_Paint(values))
    return group
