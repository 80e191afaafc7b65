"""Marks over the map of communes: graded hotspots and clusters of exposed venues, in a script and a style of their own.

    st_folium(commune_map(...), feature_group_to_add=[paint(...), marks(...)], ...)

A click on a mark gives the component's value {"venue": code, "n": number}.
"""

import json

import folium
from branca.element import MacroElement
from folium.elements import JSCSSMixin
from folium.template import Template

from dashboard.maps import script_json

# Classes of phuqr-marks.css, for a legend beside the map. Grades differ by size and ring, not by colour alone.
GRADES = (1, 2, 3)


class _Marks(JSCSSMixin, MacroElement):
    default_js = [("phuqr_marks", "/lib/phuqr/phuqr-marks.js")]
    default_css = [("phuqr_marks_css", "/lib/phuqr/phuqr-marks.css")]
    _template = Template(
        """
        {% macro script(this, kwargs) %}
            phuqrMarks.show({{ this._parent._parent.get_name() }}, {{ this.values }});
        {% endmacro %}
        """
    )

    def __init__(self, values):
        super().__init__()
        self._name = "Marks"
        self.values = script_json(values)


def marks(spots, clusters, selected=None):
    """What draws the marks, for feature_group_to_add of st_folium.

    spots: one dictionary each: code, lat, lon, grade (1 to 3), count (the number in the mark), title and lines (texts of the tooltip),
    located (False: dashed, it lies somewhere in its commune) and closed (grey). Those of one place are set apart by the script.
    clusters: outline (GeoJSON, text) and title each. selected: the code with a thick ring, if any.
    Raises ValueError for a grade that there is no mark of.
    """
    for spot in spots:
        if spot["grade"] not in GRADES:
            raise ValueError(f"venue {spot['code']} has grade {spot['grade']}, there are marks of {GRADES[0]} to {GRADES[-1]}")
    drawn = [
        {**spot, "lat": round(float(spot["lat"]), 6), "lon": round(float(spot["lon"]), 6), "count": int(spot["count"])} for spot in spots
    ]
    outlines = [{"outline": json.loads(cluster["outline"]), "title": cluster["title"]} for cluster in clusters]
    group = folium.FeatureGroup(name="phuqr-marks", control=False)
    group.add_child(_Marks({"spots": drawn, "clusters": outlines, "selected": selected}))
    return group
