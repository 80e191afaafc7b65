"""Pieces of HTML about the self-assessment of agencies; every text that may come from a file is escaped here."""

from html import escape

import pandas as pd

from dashboard.data_panels import table
from dashboard.tracing_panels import card, cards

LISTED = 100  # agencies that a page lists, those without an answer first


def summary(found, text):
    """Who has answered, and the share of entrants scanned, of a geo.assessments.Assessments."""
    total = found.total
    days = {"first": text.day(found.window.first), "last": text.day(found.window.last)}
    counts = {name: text.number(total[name]) for name in ("agencies", "answered", "others", "points", "supervisors", "entrants", "scanned")}
    figures = {
        "answered": text.percent(total["answered_rate"]), "scanned": text.percent(total["scanned_rate"]), "points": text.number(total["points"]),
    }  # fmt: skip
    return cards(
        card(text(f"assess.{name}"), figure, text(f"assess.{name}.of", **counts), text(f"assess.{name}.definition", **days))
        for name, figure in figures.items()
    )


def by_unit(found, text):
    """The same by commune or district: those that have anything to tell."""
    rows = found.rows[(found.rows[["agencies", "others"]].fillna(0) > 0).any(axis=1)]
    head = [text(f"assess.column.{name}") for name in ("unit", "answered", "scanned")]
    told = [
        [row["name"], _share(row, "answered", "agencies", text), _share(row, "scanned", "entrants", text)] for row in rows.to_dict("records")
    ]  # fmt: skip
    return table(head, told, "rows")


def _share(row, numerator, denominator, text):
    return text.percent(row[f"{numerator}_rate"]), f"{text.number(row[numerator])}/{text.number(row[denominator])}"


def agencies(found, text):
    """The agencies, those without an answer first."""
    head = [text(f"assess.column.{name}") for name in ("agency", "day", "system", "points", "scanned")]
    told = []
    for row in found.agencies.head(LISTED).to_dict("records"):
        place = f"{row['commune']}, {row['district']}" + ("" if row["registered"] else f" · {text('assess.unregistered')}")
        if pd.isna(row["assessed_on"]):
            told.append([(row["organisation"], place), text("assess.silent"), "", "", ""])
            continue
        people = text("assess.supervised", count=text.number(row["supervisors"]))
        fraction = f"{text.number(row['scanned'])}/{text.number(row['entrants'])}" if pd.notna(row["entrants"]) else text("assess.uncounted")
        told.append([
            (row["organisation"], place), text.day(row["assessed_on"]), text(f"assess.system.{row['system']}"),
            (text.number(row["points"]), people), (text.percent(row["scanned_rate"]), fraction),
        ])  # fmt: skip
    cut = len(found.agencies) > LISTED
    note = f'<p class="phuqr-rule">{escape(text("assess.cut", shown=text.number(LISTED), count=text.number(len(found.agencies))))}</p>' if cut else ""
    return table(head, told, "agencies") + note
