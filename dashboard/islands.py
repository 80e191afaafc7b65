"""Hoàng Sa and Trường Sa, which every map of the country shows, from data/boundaries."""

import csv
from functools import cache
from itertools import groupby
from pathlib import Path

_FILE = Path(__file__).resolve().parents[1] / "data" / "boundaries" / "hoang_sa_truong_sa.csv"
COUNTRY_FROM = 5  # degrees from south to north: what is as tall as that is a map of the country


@cache
def _read():
    with _FILE.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def archipelagos(text):
    """Both archipelagos as the map draws them: name, the place of its label and its islands, each (name, latitude, longitude)."""
    found = []
    for name, rows in groupby(_read(), lambda row: row["archipelago"]):
        islands = [(row["name"], float(row["lat"]), float(row["lon"])) for row in rows]
        lats, lons = (sorted(island[place] for island in islands) for place in (1, 2))
        at = [round(lats[0] - 0.35, 2), round((lons[0] + lons[-1]) / 2, 2)]
        found.append({"name": text("map.archipelago", name=name), "at": at, "islands": islands})
    return found


def with_islands(bounds):
    """The bounds (west, south, east, north) of a map, wide enough for the islands where it is one of the country."""
    west, south, east, north = bounds
    if north - south < COUNTRY_FROM:
        return bounds
    lats, lons = ([float(row[name]) for row in _read()] for name in ("lat", "lon"))
    return min(west, min(lons)), min(south, min(lats) - 0.6), max(east, max(lons) + 0.4), max(north, max(lats))
