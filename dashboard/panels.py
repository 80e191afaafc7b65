"""The pieces of HTML that pages are made of; every text that may come from a file is escaped here."""

from html import escape

import pandas as pd

from geo.coverage import RATES


def banner(texts):
    """A strip over the page that says what the figures are not."""
    return f'<div class="phuqr-banner" role="note">{" ".join(map(escape, texts))}</div>'


def header(title, place, lines):
    """The page's title, the unit it is about, and lines of small print."""
    small = "".join(f"<span>{escape(line)}</span>" for line in lines)
    return f'<header class="phuqr-header"><h1>{escape(title)}</h1><h2>{escape(place)}</h2><p>{small}</p></header>'


def _note(rate, text):
    above = pd.notna(rate) and rate > 1
    return f'<p class="phuqr-note">{escape(text("above_register"))}</p>' if above else ""


def figures(row, window, text):
    """The three rates of a unit, each with numerator, denominator and definition."""
    cards = []
    for rate, (numerator, denominator) in RATES.items():
        cards.append(
            f'<section class="phuqr-card"><h3>{escape(text(rate))}</h3>'
            f'<div class="phuqr-figure">{escape(text.percent(row[rate]))}</div>'
            f'<div class="phuqr-fraction">{escape(text.rate(row, rate, numerator, denominator))}</div>'
            f"<p>{escape(text.definition(rate, window))}</p>{_note(row[rate], text)}</section>"
        )
    return f'<div class="phuqr-cards">{"".join(cards)}</div>'


def legend(title, entries, text, rule=None):
    """The map's legend: a swatch, what it stands for and how many communes have it; rule: how its classes are made."""
    items = "".join(
        f'<li><i style="background:{escape(background)}"></i><span>{escape(label)}</span><b>{escape(text.number(count))}</b></li>'
        for background, label, count in entries
    )
    rule = escape(" ".join(filter(None, (rule, text("legend.rule")))))
    return f'<section class="phuqr-legend"><h3>{escape(title)}</h3><ul>{items}</ul><p>{rule}</p></section>'


def _compared(parent, rate, numerator, denominator, text):
    return text(
        "compared", unit=parent["name"], rate=text.percent(parent[rate]),
        numerator=text.number(parent[numerator]), denominator=text.number(parent[denominator]),
    )  # fmt: skip


def commune_panel(row, parents, text):
    """All that is known of one commune: its rates beside those of the units it lies in, and its counts.

    row: its row of a coverage; parents: the `total` of the coverage of each unit above it, smallest first.
    """
    rates = []
    for rate, (numerator, denominator) in RATES.items():
        beside = "".join(
            f"<small>{escape(_compared(parent, rate, numerator, denominator, text))}</small>" for parent in parents
        )
        rates.append(
            f"<tr><th>{escape(text(rate))}<small>{escape(text.rate(row, rate, numerator, denominator))}</small></th>"
            f"<td><b>{escape(text.percent(row[rate]))}</b>{beside}</td></tr>"
        )
    counts = "".join(
        f"<div><dt>{escape(text(count))}</dt><dd>{escape(text.number(row[count]))}</dd></div>"
        for count in ("obliged", "created", "new", "active", "never_scanned", "scans")
    )
    place = ", ".join(parent["name"] for parent in parents)
    return (
        f'<section class="phuqr-panel" id="commune-{escape(row["code"])}"><h2>{escape(row["name"])}</h2>'
        f"<p>{escape(place)} · {escape(text('code'))} {escape(row['code'])}</p>"
        f"<table>{''.join(rates)}</table>{_note(row['creation_rate'], text)}<dl>{counts}</dl></section>"
    )
