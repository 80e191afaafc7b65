"""Venues as vector tiles, drawn by PostGIS: counts by unit from afar, points from near.

`read_places` and `sum_counts` are kept by who serves tiles, for a version of the data and a reader's scope; each tile is then read from
the few communes that it touches. A point is found by its commune, since row-level
security keeps an index of points from being asked first.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo.db import statement
from geo.units import LEVELS

POINTS_FROM = 12  # the first zoom at which points are drawn
LAST = 18  # the last zoom there is
CELLS = 64  # of a tile's 256 pixels: one point every 4
NAMED = 150  # as many points carry their names
STATES = {"never": 0, "silent": 1, "active": 2}


@dataclass(frozen=True)
class Places:
    """Where the units of a vintage that a reader knows of lie, and the venues that lie elsewhere than in their commune.

    units: frame by code: id, level, name, parent_code, x, y (of a point inside), west, south, east, north. outside: frame id, unit, x, y.
    """

    units: pd.DataFrame
    outside: pd.DataFrame


def read_places(connection, vintage):
    """The Places of a vintage."""
    units, outside = (
        pd.DataFrame(found.all(), columns=list(found.keys()))
        for found in (
            connection.execute(statement(name), {"vintage": vintage.id})
            for name in ("list_unit_places", "list_outside")
        )
    )
    return Places(units.set_index("code"), outside)


def tile_box(z, x, y):
    """West, south, east and north of a tile, degrees."""

    def latitude(row):
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / 2**z))))

    return x / 2**z * 360 - 180, latitude(y + 1), (x + 1) / 2**z * 360 - 180, latitude(y)


def level_of(z):
    """The level of unit whose counts are drawn at a zoom; None where points are."""
    return (
        LEVELS["province"]
        if z < 7
        else LEVELS["district"]
        if z < 10
        else LEVELS["commune"]
        if z < POINTS_FROM
        else None
    )


def sum_counts(places, counts, unit):
    """What of the tiles of a unit (code, or WHOLE) stays the same: by level, its units with where they lie, venues and with_point.

    counts: as geo.venues.count_venues gives them for that unit. A unit that is smaller than a level stands there by itself.
    """
    counts = counts.set_index("code")[["venues", "with_point"]]
    summed = {}
    for level in LEVELS.values():
        sums = counts.groupby(_above(places.units, counts.index, level, unit)).sum()
        summed[level] = {
            name: column.to_numpy() for name, column in places.units.join(sums, how="inner").reset_index().items()
        }
    return summed


def draw_tile(connection, places, summed, window, narrowed, scans_known, tile):
    """The tile (z, x, y) of the venues that were counted, bytes; empty where there is nothing.

    summed: of sum_counts, of the venues that are `narrowed`. scans_known: whether scans of the window are loaded: without, no venue has
    a state. sql/draw_unit_tile.sql and draw_point_tile.sql say what is in a tile.
    """
    box = tile_box(*tile)
    level = level_of(tile[0])
    drawn = summed[level or LEVELS["commune"]]
    here = np.flatnonzero(
        (drawn["west"] <= box[2]) & (drawn["east"] >= box[0]) & (drawn["south"] <= box[3]) & (drawn["north"] >= box[1])
    )
    found = {name: column[here] for name, column in drawn.items()}
    if level is not None:
        names = {"xs": "x", "ys": "y", "codes": "code", "names": "name", "venues": "venues", "placed": "with_point"}
        asked = {name: found[column].tolist() for name, column in names.items()}
        return _draw(connection, "draw_unit_tile", tile, asked) if len(here) else b""
    away = places.outside
    away = away[away["x"].between(box[0], box[2]) & away["y"].between(box[1], box[3]) & away["unit"].isin(drawn["id"])]
    if not len(here) and away.empty:
        return b""
    missing = found["venues"] - found["with_point"]
    rest = missing > 0
    asked = {
        "outside_units": away["unit"].unique().tolist(), "first": window.first, "scans_known": scans_known,
        "units": found["id"].tolist() if narrowed.state not in ("no_point", "outside") else [],
        "outside": away["id"].tolist() if narrowed.state != "no_point" else [],
        "last": window.last, "kind": narrowed.kind, "group": narrowed.group, "department": narrowed.department, "wanted": STATES.get(narrowed.state),
        "cells": CELLS, "named": NAMED,
        "rest_x": found["x"][rest].tolist(), "rest_y": found["y"][rest].tolist(), "rest_n": missing[rest].tolist(),
        "rest_name": found["name"][rest].tolist(),
    }  # fmt: skip
    return _draw(connection, "draw_point_tile", tile, asked)


def _draw(connection, query, tile, asked):
    return bytes(connection.scalar(statement(query), asked | dict(zip("zxy", tile, strict=True))))


def _above(units, codes, level, unit):
    """For each commune the unit of that level that it is in, or `unit` where that is smaller."""
    levels, parents = units["level"].to_dict(), units["parent_code"].to_dict()

    def above(code):
        while levels[code] > level and code != unit:
            code = parents[code]
        return code

    return pd.Series([above(code) for code in codes], index=codes, name="code")
