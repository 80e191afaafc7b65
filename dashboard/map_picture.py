"""The map as a picture or a sheet to print, by geopandas and matplotlib, with the classes and colours of the page."""

import io
import textwrap

import geopandas as gpd
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dashboard.islands import archipelagos
from dashboard.maps import LAGGING, MARKS, NO_DATA, SWATCHES, TOO_FEW, WATCH
from geo.units import WHOLE

UTM_48N = 32648  # in metres, so that the scale bar is right over the whole country to a percent
_INK, _SMALL = "#14213d", "#4a5568"
_HATCHES = {NO_DATA: "////", TOO_FEW: "....", LAGGING: "////", WATCH: "---"}
_SIZE = (11.69, 8.27)  # A4, inches


def picture(exported):
    """The map as PNG (bytes), 150 dots an inch."""
    return _draw(exported, FigureCanvasAgg, "png", dpi=150)


def sheet(exported):
    """The map as a PDF of one page A4 (bytes), its texts as texts."""
    return _draw(exported, FigureCanvasPdf, "pdf")


def plate(exported):
    """The map with its legend alone, as PNG (bytes) to stand in a letter, whose words say what it is; 16 cm wide, 200 dots an inch.

    exported: what has a layer (its classes, palette, marks and entries), polygons and text.
    """
    figure = Figure(figsize=(6.3, 3.9))
    FigureCanvasAgg(figure)
    place = figure.add_axes((0.0, 0.05, 0.64, 0.94))
    place.set_axis_off()
    _draw_communes(place, exported, exported.polygons.to_crs(UTM_48N))
    _draw_scale(place)
    figure.legend(
        handles=_patches(exported, 30), loc="center left", bbox_to_anchor=(0.645, 0.5), frameon=False, fontsize=8.5, handlelength=2.2,
        handleheight=1.3, labelspacing=0.7,
    )  # fmt: skip
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=200)
    return file.getvalue()


def _draw(exported, canvas, kind, **options):
    figure = Figure(figsize=_SIZE)
    canvas(figure)
    place = figure.add_axes((0.03, 0.07, 0.66, 0.78))
    place.set_axis_off()
    polygons = exported.polygons.to_crs(UTM_48N)
    _draw_communes(place, exported, polygons)
    if exported.filters.unit == WHOLE:
        _draw_islands(place, exported)
    _draw_scale(place)
    _write(figure, exported)
    file = io.BytesIO()
    figure.savefig(file, format=kind, metadata={"Title": exported.title} if kind == "pdf" else None, **options)
    return file.getvalue()


def _look(key, layer):
    """Fill, hatch and its colour of a class."""
    if key in (NO_DATA, TOO_FEW):
        return {"facecolor": "#ffffff" if key == NO_DATA else "#f3f5f8", "hatch": _HATCHES[key], "edgecolor": "#98a4b3"}
    return {"facecolor": layer.palette[key], "edgecolor": "#ffffff"}


def _draw_communes(place, exported, polygons):
    layer = exported.layer
    classes = layer.classes.reindex(polygons["code"]).fillna(NO_DATA).to_numpy()
    for key in dict.fromkeys(classes):
        polygons[classes == key].plot(ax=place, linewidth=0.3, aspect=None, **_look(key, layer))
    marks = polygons["code"].map(layer.marks or {})
    for mark in (LAGGING, WATCH):
        if (marks == mark).any():
            polygons[marks == mark].plot(ax=place, facecolor="none", edgecolor=_INK, hatch=_HATCHES[mark], linewidth=0, aspect=None)
    polygons.boundary.plot(ax=place, color="#ffffff", linewidth=0.3, aspect=None)
    polygons.dissolve("parent_code").boundary.plot(ax=place, color="#3d4a5c", linewidth=0.7, aspect=None)
    place.set_aspect("equal")


def _draw_islands(place, exported):
    for group in archipelagos(exported.text):
        lats, lons = ([island[at] for island in group["islands"]] for at in (1, 2))
        points = gpd.GeoSeries(gpd.points_from_xy(lons, lats), crs=4326).to_crs(UTM_48N)
        place.plot(points.x, points.y, ".", color=_INK, markersize=2)
        label = gpd.GeoSeries(gpd.points_from_xy([group["at"][1]], [group["at"][0]]), crs=4326).to_crs(UTM_48N)[0]
        place.text(label.x, label.y, group["name"], fontsize=7, ha="center", va="top", color=_INK)


def _draw_scale(place):
    """A bar of 1, 2 or 5 times a power of ten kilometres, about a fifth of the map's width."""
    west, east = place.get_xlim()
    south, north = place.get_ylim()
    wanted = (east - west) / 5 / 1000
    step = 10 ** np.floor(np.log10(wanted))
    length = max(n * step for n in (1, 2, 5) if n * step <= wanted)
    x, y = west + 0.02 * (east - west), south - 0.03 * (north - south)
    place.plot([x, x, x + 1000 * length, x + 1000 * length], [y + 0.01 * (north - south), y, y, y + 0.01 * (north - south)], color=_INK, linewidth=1.2, clip_on=False)
    place.text(x, y + 0.012 * (north - south), f" {length:g} km", fontsize=8, va="bottom", color=_INK)


def _write(figure, exported):
    layer, text = exported.layer, exported.text
    figure.text(0.03, 0.95, exported.title, fontsize=16, fontweight="bold", color=_INK, va="top", parse_math=False)
    figure.text(0.03, 0.905, "  ·  ".join(exported.lines[:3]), fontsize=9, color=_INK, va="top", parse_math=False)
    notes = " ".join(exported.lines[3:])
    if notes:
        figure.text(0.03, 0.88, notes, fontsize=9, color="#6b3a00", va="top", parse_math=False)
    patches = _patches(exported)
    legend = figure.legend(
        handles=patches, title=layer.title, loc="upper left", bbox_to_anchor=(0.7, 0.86), frameon=False, fontsize=8.5,
        title_fontsize=10, alignment="left", handlelength=2.2, handleheight=1.3,
    )  # fmt: skip
    for said in (legend.get_title(), *legend.get_texts()):
        said.set_parse_math(False)
    small = [layer.rule, text("legend.rule"), layer.definition]
    lines = [line for each in small for line in textwrap.wrap(each, 52)]
    figure.text(0.705, 0.8 - 0.026 * len(patches), "\n".join(lines), fontsize=7.5, color=_SMALL, va="top", linespacing=1.4, parse_math=False)
    figure.text(0.97, 0.03, exported.source, fontsize=7.5, color=_SMALL, ha="right", parse_math=False)


def _patches(exported, width=60):
    """The entries of the legend as matplotlib draws them, in lines of so many characters."""
    layer, text = exported.layer, exported.text
    hatched = {MARKS[LAGGING]: LAGGING, MARKS[WATCH]: WATCH}
    others = {SWATCHES[NO_DATA]: NO_DATA, SWATCHES[TOO_FEW]: TOO_FEW}
    patches = []
    for background, label, count in layer.entries:
        if background in hatched:
            look = {"facecolor": "#ffffff", "hatch": _HATCHES[hatched[background]], "edgecolor": _INK}
        elif background in others:
            look = _look(others[background], layer)
        else:
            look = {"facecolor": background, "edgecolor": "#7d8a9b"}
        patches.append(Patch(label=textwrap.fill(f"{label}: {text.number(count)}", width), **look))
    return patches
