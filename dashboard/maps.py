"""The map of communes: its geometry travels once, its values travel with each choice of the reader.

`encode_topojson` makes what a route of the app serves, `commune_map` the empty map that fetches it, and `paint` the
few values that colour it. streamlit-folium shows the second and evaluates the third in the same frame:

    st_folium(commune_map(...), key="map", height=480, use_container_width=True, returned_objects=[],
              feature_group_to_add=paint(...))

Both must be built anew for each run: st_folium writes into what it is given.
"""

import json
import math
import re

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

# <, > and & could end a script. { before {, % or # begins an expression, since branca compiles each script as a Jinja
# template of its own: a name could run code on the server. (In JSON itself { is never before one of these.) _ because
# streamlit-folium rewrites _x and leaves such parts out of the key by which it tells two maps apart.
_UNSAFE = re.compile(r"[<>&_]|\{(?=[{%#])")


def encode_topojson(units):
    """The units as quantised TopoJSON: each border between two of them is stored once, delta-encoded.

    units: GeoDataFrame with code, name, parent_code (text) and geometry (EPSG:4326, polygons that form a clean
    coverage: neighbours share their vertices). A unit without geometry is left out.
    Returns bytes, UTF-8 JSON: one object "communes", whose geometries carry code, name and parent. Coordinates are
    rounded to 1/100,000 of the extent.
    Raises ValueError for another CRS.
    """
    if units.crs is None or units.crs.to_epsg() != 4326:
        raise ValueError(f"the geometry of a map is in EPSG:4326, these units are in {units.crs}")
    drawn = units[~(units.geometry.isna() | units.geometry.is_empty)]
    communes = {"type": "GeometryCollection", "geometries": []}
    topology = {"type": "Topology", "objects": {"communes": communes}, "arcs": []}
    if len(drawn):
        shapes = drawn.geometry.reset_index(drop=True).to_frame("geometry")
        topology |= topojson.Topology(shapes, prequantize=QUANTISATION, object_name="communes").to_dict()
        properties = zip(drawn["code"], drawn["name"], drawn["parent_code"], strict=True)
        topology["objects"]["communes"]["geometries"] = [
            {
                "type": geometry["type"],
                "arcs": geometry["arcs"],
                "properties": {"code": code, "name": name, "parent": parent},
            }
            for geometry, (code, name, parent) in zip(
                topology["objects"]["communes"]["geometries"], properties, strict=True
            )
        ]
    return json.dumps(topology, ensure_ascii=False, separators=(",", ":")).encode()


def script_json(value):
    """The value as JSON that can stand in a script, whatever the texts in it contain; plain ASCII."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, separators=(",", ":")))


class CommuneMap(folium.Map):
    """A Leaflet map without tiles whose every file comes from the app itself.

    geometry_url: where the TopoJSON is. bounds: (west, south, east, north), degrees. labels, source: see commune_map.
    """

    default_js = [("leaflet", "/lib/leaflet/leaflet.js"), ("phuqr", "/lib/phuqr/phuqr-map.js")]
    default_css = [("leaflet_css", "/lib/leaflet/leaflet.css"), ("phuqr_css", "/lib/phuqr/phuqr-map.css")]

    def __init__(self, geometry_url, bounds, labels, source):
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
        self.options |= {"min_zoom": 4, "max_zoom": 16}  # folium keeps these two arguments for its tiles
        west, south, east, north = (round(float(degree), 5) for degree in bounds)
        self.add_child(_Start(geometry_url, {**labels, "source": source, "bounds": [[south, west], [north, east]]}))


class _Start(MacroElement):
    _template = Template(
        """
        {% macro script(this, kwargs) %}
            phuqr.start({{ this._parent.get_name() }}, {{ this.geometry_url }}, {{ this.labels }});
        {% endmacro %}
        """
    )

    def __init__(self, geometry_url, labels):
        super().__init__()
        self._name = "Start"
        self.geometry_url = script_json(geometry_url)
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


def commune_map(geometry_url, bounds, labels, source):
    """The empty map; the same arguments give the same script, so a rerun of the page keeps the frame and its geometry.

    geometry_url: path on this app. bounds: (west, south, east, north) of the view, degrees, as total_bounds gives.
    labels: texts in the reader's language: "language" (its tag, such as vi), "map" (what the map shows, for those who
    do not see it), "loading", "failed", "zoom_in", "zoom_out". source: where the boundaries come from, plain text.
    Raises ValueError for a missing label or bounds that are no numbers.
    """
    wanted = {"language", "map", "loading", "failed", "zoom_in", "zoom_out"}
    if missing := sorted(wanted - labels.keys()):
        raise ValueError(f"labels of the map lack {', '.join(missing)}")
    if not all(map(math.isfinite, bounds)):
        raise ValueError(f"the bounds of a map are four numbers, not {tuple(bounds)}: none of its units has geometry")
    return CommuneMap(geometry_url, bounds, labels, source)


def paint(classes, palette, *, rates=None, fractions=None, indicator="", selected=None, focus=None):
    """What colours the map: the class of each commune, for feature_group_to_add of st_folium.

    classes: code to class: an index into palette, NO_DATA or TOO_FEW; a commune that is not named has no data.
    palette: CSS colours, the lowest class first. rates, fractions: code to the text of the tooltip, such as "29,9 %"
    and "570/1.904"; a code may be absent. indicator: the tooltip's name of the rate. selected: the code with a thick
    outline. focus: codes to bring into view, None for all; the view moves only when this changes.
    Raises ValueError for a class that palette does not have.
    """
    rates, fractions = rates or {}, fractions or {}
    communes = {}
    for code, key in classes.items():
        if key not in SWATCHES:
            key = int(key)
            if not 0 <= key < len(palette):
                raise ValueError(f"commune {code} has class {key}, the palette has 0 to {len(palette) - 1}")
        row = [key, rates.get(code, ""), fractions.get(code, "")]
        while len(row) > 1 and not row[-1]:
            row.pop()
        communes[code] = row
    group = folium.FeatureGroup(name="phuqr", control=False)
    group.add_child(
        _Paint(
            {
                "communes": communes,
                "palette": list(palette),
                "indicator": indicator,
                "selected": selected,
                "focus": None if focus is None else list(focus),
            }
        )
    )
    return group
