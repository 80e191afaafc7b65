"""The pictures of a report: the map of its unit, and active venues by day."""

import io
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dashboard.legend import PALETTE, classify, legend_entries
from dashboard.map_picture import plate
from dashboard.maps import LAGGING, WATCH
from geo.units import read_polygons

RATE = "activity_rate"  # on the map
_INK, _BAR, _QUIET = "#14213d", "#9aa9bb", "#e2e8ef"


@dataclass(frozen=True)
class _Layer:
    """What dashboard.map_picture draws of dashboard.map_layers.Layer, which would bring Streamlit along."""

    classes: pd.Series
    palette: list
    entries: list
    marks: dict


@dataclass(frozen=True)
class _Plate:
    layer: _Layer
    polygons: gpd.GeoDataFrame
    text: object


def draw_map(connection, weekly, text):
    """The activity rate by commune, with those that lag in it hatched, as PNG; None where no borders are known."""
    polygons = read_polygons(connection, weekly.vintage.id, weekly.unit.code)
    if polygons.empty:
        return None
    classes = classify(weekly.now.rows.set_index("code"), RATE)
    verdicts = weekly.lagging.rows["activity"]
    marks = {code: verdict for code, verdict in verdicts.items() if verdict in (LAGGING, WATCH)}
    layer = _Layer(classes, PALETTE, legend_entries(classes, RATE, text, None, marks), marks)
    return plate(_Plate(layer, polygons, text))


def draw_days(days, text):
    """Active venues by day and their mean of seven days, of geo.trends.read_trend, as PNG; None where no scan of these days is loaded.

    Bars of a light grey, a line of a dark one with points: apart in a grey print, too. A day without data has none of them.
    """
    if days["active"].isna().all():
        return None
    figure = Figure(figsize=(6.3, 2.5))
    FigureCanvasAgg(figure)
    place = figure.add_axes((0.1, 0.2, 0.88, 0.68))
    known, mean = days["active"].notna(), days["active_mean7"].notna()
    at = days.index.to_numpy()
    place.bar(at[known], days.loc[known, "active"].astype(float), 0.7, color=_BAR, label=text("report.chart.bars"))
    if mean.any():
        place.plot(at[mean], days.loc[mean, "active_mean7"].astype(float), "o-", color=_INK, markersize=3, linewidth=1.3, label=text("report.chart.mean"))
    step = max(1, len(at) // 14 + (len(at) % 14 > 0))
    place.set_xticks(at[::step], [f"{day:%d/%m}" for day in days["day"][::step]], fontsize=7.5)
    place.set_xlim(-0.6, len(at) - 0.4)
    place.yaxis.set_major_formatter(FuncFormatter(lambda count, _: text.number(count)))
    place.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    place.tick_params(axis="y", labelsize=7.5)
    place.set_ylim(bottom=0)
    place.set_ylabel(text("report.chart.axis"), fontsize=8)
    place.grid(axis="y", color=_QUIET)
    place.set_axisbelow(True)
    for side in ("top", "right"):
        place.spines[side].set_visible(False)
    figure.legend(loc="upper right", ncols=2, frameon=False, fontsize=8, bbox_to_anchor=(0.99, 1.0))
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=200)
    return file.getvalue()
