"""The map of communes as one piece of SVG, which needs neither a script nor another file."""

from html import escape

import numpy as np
import shapely

from dashboard.map_picture import UTM_48N
from dashboard.maps import LAGGING, NO_DATA, TOO_FEW, WATCH
from geo.names import split_kind

WIDTH = 2000  # of the drawing, in its own units: a commune's border is a dozen of them apart from the next bend
_TILE = 32
_SLANT = "M0 32L32 0M-6 6L6 -6M26 38L38 26"
_PATTERNS = {
    NO_DATA: f'<rect width="32" height="32" fill="#fff"/><path d="{_SLANT}" stroke="#98a4b3" stroke-width="4"/>',
    TOO_FEW: '<rect width="32" height="32" fill="#f3f5f8"/><circle cx="16" cy="16" r="4" fill="#8290a2"/>',
    LAGGING: f'<path d="{_SLANT}" stroke="#fff" stroke-width="9"/><path d="{_SLANT}" stroke="#14213d" stroke-width="5"/>',
    WATCH: '<path d="M0 16H32" stroke="#fff" stroke-width="8"/><path d="M0 16H32" stroke="#14213d" stroke-width="4"/>',
}


def draw(polygons, classes, palette, marks, told, names, label):
    """The communes in the colours of their classes with their marks, and their names, or those of the units above where these are several.

    polygons: as geo.units.read_polygons. classes: Series by code, of indexes into palette, NO_DATA or TOO_FEW. marks: code -> LAGGING or
    WATCH. told: code -> what a pointer on it shows. names: code -> name of units. label: what the map shows, for those who do not see it.
    Empty where no unit has a geometry.
    """
    there = ~(polygons.geometry.isna() | polygons.geometry.is_empty)
    shapes = polygons[there].set_index("code").to_crs(UTM_48N)
    if shapes.empty:
        return ""
    west, south, east, north = shapes.total_bounds
    scale = WIDTH / (east - west)
    height = int(np.ceil((north - south) * scale))

    def place(points):
        return np.column_stack([(points[:, 0] - west) * scale, (north - points[:, 1]) * scale])

    drawn = {code: _path(shapely.transform(shape, place)) for code, shape in shapes.geometry.items()}
    parts = []
    for code, path in drawn.items():
        key = classes.get(code, NO_DATA)
        fill = f"url(#phuqr-{key})" if key in (NO_DATA, TOO_FEW) else palette[key]
        parts.append(f'<path d="{path}" fill="{fill}"><title>{escape(told.get(code, names[code]))}</title></path>')
    hatched = "".join(f'<path d="{drawn[code]}" fill="url(#phuqr-{mark})"/>' for code, mark in (marks or {}).items() if code in drawn)
    above = shapes.dissolve("parent_code").geometry
    wide = len(above) > 1
    borders = "".join(f'<path d="{_path(shapely.transform(shape, place))}"/>' for shape in above)
    written, named = [], (above if wide else shapes.geometry)
    bare = {code: split_kind(names[code])[1] for code in named.index}
    for code, shape in named.items():
        ((x, y),) = place(shapely.get_coordinates(shape.representative_point()))
        # where a town and a district, or a commune, have one name, their kinds tell them apart
        said = bare[code] if list(bare.values()).count(bare[code]) == 1 else names[code]
        written.append(f'<text x="{x:.0f}" y="{y:.0f}">{escape(said)}</text>')
    patterns = "".join(
        f'<pattern id="phuqr-{name}" width="{_TILE}" height="{_TILE}" patternUnits="userSpaceOnUse">{drawing}</pattern>'
        for name, drawing in _PATTERNS.items()
    )
    return (
        f'<svg class="phuqr-svg" viewBox="-8 -8 {WIDTH + 16} {height + 16}" role="img" aria-label="{escape(label)}"><defs>{patterns}</defs>'
        f'<g fill-rule="evenodd" stroke="#fff" stroke-width="2.4">{"".join(parts)}</g>'
        f'<g fill-rule="evenodd" pointer-events="none">{hatched}</g>'
        f'<g fill="none" stroke="#3d4a5c" stroke-width="5" pointer-events="none">{borders}</g>'
        f'<g class="phuqr-names" pointer-events="none">{"".join(written)}</g></svg>'
    )


def _path(shape):
    """Polygons as the path of whole numbers that SVG draws."""
    rings = []
    for ring in shapely.get_rings(shapely.get_parts(shape)):
        points = np.rint(shapely.get_coordinates(ring)).astype(int)
        moved = np.diff(points, axis=0)
        moved = moved[(moved != 0).any(axis=1)][:-1]  # z closes the ring
        rings.append(f"M{points[0][0]} {points[0][1]}l{' '.join(f'{x} {y}' for x, y in moved)}z" if len(moved) > 1 else "")
    return "".join(rings)
