"""The plain way: folium.GeoJson through st_folium, with the same communes, figures, classes and colours; built anew at each choice."""

import json

import folium
import streamlit as st
from branca.element import MacroElement
from folium.template import Template
from streamlit_folium import st_folium

from dashboard import data
from dashboard.legend import PALETTE, classify
from dashboard.state import read_window
from geo import db
from geo.coverage import RATES
from geo.units import WHOLE, read_polygons


class _Map(folium.Map):
    default_js = [("leaflet", "/lib/leaflet/leaflet.js")]
    default_css = [("leaflet_css", "/lib/leaflet/leaflet.css")]


class _Painted(MacroElement):
    """Says when the browser has drawn the map, as the map of communes does."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            requestAnimationFrame(() => requestAnimationFrame(() => {
                document.documentElement.dataset.phuqrPaints = (+(document.documentElement.dataset.phuqrPaints ?? 0)) + 1;
            }));
        {% endmacro %}
        """
    )


@st.cache_data(show_spinner=False)
def polygons(version, scope, vintage_id, unit):
    with db.reading(scope) as connection:
        found = read_polygons(connection, vintage_id, None if unit == WHOLE else unit)
    return json.loads(found[["code", "name", "geometry"]].to_json())


st.set_page_config(layout="wide")
rate = st.segmented_control("", list(RATES), key="rate", default="activity_rate", label_visibility="collapsed")
reader = data.reader()
held = data.holdings(reader.scope)
window, unit = read_window(st.query_params, held.scans_until), st.query_params["unit"]
coverage = data.coverage(held.version, reader.scope, unit, window.first, window.last, None)
classes = classify(coverage.rows.set_index("code"), rate).to_dict()
west, south, east, north = data.bounds(held.version, reader.scope, coverage.vintage.id, unit)
shown = _Map(tiles=None, prefer_canvas=True)
shown.fit_bounds([[south, west], [north, east]])
folium.GeoJson(
    polygons(held.version, reader.scope, coverage.vintage.id, unit),
    style_function=lambda feature: {
        "fillColor": PALETTE[key] if isinstance(key := classes.get(feature["properties"]["code"]), int) else "#ffffff",
        "color": "#ffffff", "weight": 0.5, "fillOpacity": 1,
    },
    tooltip=folium.GeoJsonTooltip(["name"]),
).add_to(shown)  # fmt: skip
shown.add_child(_Painted())
st_folium(shown, height=520, use_container_width=True, returned_objects=[])
