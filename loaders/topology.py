"""Polygons repaired, measured and cleaned as a coverage: a surface without overlaps, whose neighbours share one border.

Areas and widths are taken in one equal-area projection; borders are cut in degrees, in which the files' straight lines are
straight. A coverage is cleaned by cutting all polygons at all
borders and giving each piece to one unit: what two claim to the one it borders on longest, and so what nobody claims,
where it is a sliver.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer

_METRES = CRS.from_proj4(
    "+proj=laea +lat_0=16 +lon_0=107 +datum=WGS84 +units=m"
)  # equal-area, in the middle of the country
_TO_METRES = Transformer.from_crs(4326, _METRES, always_xy=True)
_GRID_DEGREES = 1e-7  # borders nearer than this centimetre are one: below what any survey of communes tells apart
_NOISE_M2 = 1.0  # what that rounding leaves
# Thinner than 1.5 mm on a map of 1:100,000, the scale that borders of communes are drawn at: a fault of drawing. A lake
# that belongs to nobody, or a commune that the file leaves out, is wider.
SLIVER_WIDTH_M = 150.0
SLIVER_KM2 = 1.0
# A ring that crosses itself by a slip of the hand changes by less; above, what was meant cannot be told from the ring.
REPAIR_LIMIT = 0.01
DUPLICATE_SHARE = 0.5  # more of a unit inside another one is no slip at a border but the same place twice

KINDS = ("overlap", "gap", "hole")


@dataclass(frozen=True)
class Faults:
    """What keeps polygons from being a coverage.

    table: one row per fault: kind, sliver (bool), area_km2, width_m (mean), units (places in the array measured of those that
    overlap, or that lie around). Kinds: "overlap"; "gap", a sliver that no unit holds and units enclose; "hole", a wider
    one, which may be a lake. What is open to the outside is no fault: the sea is.
    """

    table: pd.DataFrame

    def totals(self):
        """kind -> (number, how many of them slivers, km2)."""
        return {
            kind: (len(of), int(of["sliver"].sum()), float(of["area_km2"].sum()))
            for kind in KINDS
            for of in [self.table[self.table["kind"] == kind]]
        }

    def of_units(self, kind):
        """Frame by place of unit: number and area_km2 of its faults of that kind, the largest first."""
        of = self.table.loc[self.table["kind"] == kind, ["units", "area_km2"]].explode("units")
        return (
            of.groupby("units")["area_km2"].agg(number="size", area_km2="sum").sort_values("area_km2", ascending=False)
        )


def repair_polygons(shapes):
    """Valid polygons in two dimensions (None where there is no area), and by which part each one's area changed.

    shapes: array of geometries or None, in any unit. The change is NaN where nothing had to be repaired; what a repair
    leaves of lines and points is dropped.
    """
    shapes = shapely.force_2d(shapes)
    coordinates, places = shapely.get_coordinates(shapes, return_index=True)
    shapes[places[~np.isfinite(coordinates).all(axis=1)]] = None
    polygonal = np.isin(shapely.get_type_id(shapes), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    broken = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    before = shapely.area(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    for place in np.flatnonzero(~polygonal | broken):
        parts = shapely.get_parts(shapes[place])
        shapes[place] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    shapes[shapely.is_empty(shapes)] = None
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(broken & ~shapely.is_missing(shapes), shapely.area(shapes) / before - 1, np.nan)
    return shapes, change


def find_faults(shapes):
    """The Faults of polygons (EPSG:4326, valid)."""
    if not _is_clean(shapes):
        return _Pieces(shapes).faults()
    outline = shapely.union_all(shapely.boundary(shapely.coverage_union_all(shapes)))
    rings = shapely.get_parts(shapely.polygonize(shapely.get_parts(outline)))
    tree = shapely.STRtree(shapes)
    holes = np.delete(rings, tree.query(shapely.point_on_surface(rings), predicate="intersects")[0])
    around = pd.DataFrame(dict(zip(("piece", "unit"), tree.query(holes, predicate="intersects"))))
    return _as_faults(holes, np.zeros(len(holes), dtype=int), around)


def clean_coverage(shapes):
    """The polygons (EPSG:4326, valid) as a coverage, by which part each one's area changed, and the Faults there were.

    Polygons that are a coverage already, without slivers between them, come back as they are. None for a unit of which
    nothing is left, since others hold all of it.
    """
    faults = find_faults(shapes)
    if _is_clean(shapes) and not (faults.table["kind"] == "gap").any():
        return shapes, np.zeros(len(shapes)), faults
    cleaned = _Pieces(shapes).dissolve()
    return cleaned, np.nan_to_num(shapely.area(_to_metres(cleaned))) / shapely.area(_to_metres(shapes)) - 1, faults


def find_duplicates(shapes):
    """Place of each unit that lies more than half inside another -> place of that one; of two alike the later is told."""
    if _is_clean(shapes):
        return {}
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    areas, both = shapely.area(shapes), shapely.area(shapely.intersection(shapes[one], shapes[other]))
    found = {}
    for i, j, area in zip(one, other, both):
        small, large = (i, j) if areas[i] < areas[j] else (j, i)
        if area > DUPLICATE_SHARE * areas[small]:
            found[int(small)] = int(large)
    return found


def simplify_coverage(shapes, tolerance_m):
    """The polygons of a coverage (EPSG:4326) with fewer vertices, neighbours still sharing one border."""
    return _to_degrees(shapely.coverage_simplify(_to_metres(shapes), tolerance_m))


class _Pieces:
    """The pieces that all borders together cut the surface into, and who claims each."""

    def __init__(self, shapes):
        self.shapes = shapes
        lines = shapely.union_all(shapely.boundary(shapes), grid_size=_GRID_DEGREES)
        self.pieces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
        piece, unit = shapely.STRtree(shapes).query(shapely.point_on_surface(self.pieces), predicate="within")
        self.claims = pd.DataFrame({"piece": piece, "unit": unit})
        self.count = np.bincount(piece, minlength=len(self.pieces))
        self.borders = _measure_borders(self.pieces)

    def faults(self):
        """Overlaps, gaps and holes; a gap's units are those it borders on."""
        around = self.borders.merge(self.claims.set_index("piece"), left_on="other", right_index=True)
        empty = around[self.count[around["piece"]] == 0].drop_duplicates(["piece", "unit"])
        return _as_faults(self.pieces, self.count, pd.concat([self.claims, empty[["piece", "unit"]]]))

    def dissolve(self):
        """The shapes as a coverage."""
        owners = np.full(len(self.pieces), -1)
        claimed = self.claims.drop_duplicates("piece").set_index("piece")["unit"]
        single = np.flatnonzero(self.count == 1)
        owners[single] = claimed[single]
        self._give(owners, np.flatnonzero(self.count > 1), self.claims)
        rest = np.flatnonzero((owners < 0) & (self.count > 1))  # two units in one place, and nothing else of either
        owners[rest] = claimed[rest]
        gaps = (self.count == 0) & _is_sliver(_to_metres(self.pieces))
        self._give(owners, np.flatnonzero(gaps), None)
        held = pd.Series(np.flatnonzero(owners >= 0)).groupby(owners[owners >= 0]).agg(list)
        whole = np.full(len(self.shapes), None, dtype=object)
        for unit, places in held.items():
            whole[unit] = shapely.coverage_union_all(self.pieces[places])
        return whole

    def _give(self, owners, pending, claims):
        """Give each pending piece to the unit it borders on longest, of those that claim it; from the known ones inwards."""
        while len(pending):
            near = self.borders[self.borders["piece"].isin(pending)]
            near = near.assign(unit=owners[near["other"]])
            near = near[near["unit"] >= 0]
            if claims is not None:
                near = near.merge(claims, on=["piece", "unit"])
            lengths = near.groupby(["piece", "unit"])["length"].sum().reset_index().sort_values("length", kind="stable")
            longest = lengths.drop_duplicates("piece", keep="last")
            if longest.empty:
                return
            owners[longest["piece"]] = longest["unit"]
            pending = np.setdiff1d(pending, longest["piece"])


def _measure_borders(pieces):
    """How long, in degrees, each two pieces border on each other: frame piece, other, length; each pair in both orders."""
    rings, of = shapely.get_rings(pieces, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    inside = ring[1:] == ring[:-1]
    ends = np.stack([points[:-1][inside], points[1:][inside]], axis=1)
    flipped = (ends[:, 0, 0] > ends[:, 1, 0]) | ((ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] > ends[:, 1, 1]))
    ends[flipped] = ends[flipped][:, ::-1]
    segments = pd.DataFrame(ends.reshape(-1, 4), columns=["x", "y", "x2", "y2"])
    segments["piece"] = of[ring[:-1][inside]]
    segments["length"] = np.hypot(segments["x2"] - segments["x"], segments["y2"] - segments["y"])
    segments = segments.sort_values(["x", "y", "x2", "y2"], ignore_index=True)
    same = (
        (segments[["x", "y", "x2", "y2"]].diff().iloc[1:] == 0).all(axis=1).to_numpy()
    )  # each lies on two pieces at most
    first, second = segments[:-1][same], segments[1:][same]
    pairs = pd.DataFrame({
        "piece": [*first["piece"], *second["piece"]], "other": [*second["piece"], *first["piece"]], "length": [*first["length"], *second["length"]],
    })  # fmt: skip
    return pairs.groupby(["piece", "other"], as_index=False)["length"].sum()


def _as_faults(pieces, count, claims):
    """Faults of those pieces that not exactly one unit claims; claims: frame piece, unit."""
    metres = _to_metres(pieces)
    told = np.flatnonzero((count != 1) & (shapely.area(metres) >= _NOISE_M2))
    sliver, metres = _is_sliver(metres[told]), metres[told]
    units = claims.groupby("piece")["unit"].agg(tuple).reindex(told)
    return Faults(pd.DataFrame({
        "kind": np.where(count[told] > 1, "overlap", np.where(sliver, "gap", "hole")), "sliver": sliver,
        "area_km2": shapely.area(metres) / 1e6, "width_m": _widths(metres), "units": units.to_numpy(),
    }))  # fmt: skip


def _is_sliver(pieces):
    return (_widths(pieces) < SLIVER_WIDTH_M) & (shapely.area(pieces) < SLIVER_KM2 * 1e6)


def _widths(pieces):
    """Mean width in metres: of a long strip its width, of a square half its side."""
    return 2 * shapely.area(pieces) / shapely.length(pieces)


def _is_clean(shapes):
    return bool(shapely.coverage_is_valid(shapes))


def _to_metres(shapes):
    return shapely.transform(shapes, _TO_METRES.transform, interleaved=False)


def _to_degrees(shapes):
    return shapely.transform(shapes, lambda x, y: _TO_METRES.transform(x, y, direction="INVERSE"), interleaved=False)
