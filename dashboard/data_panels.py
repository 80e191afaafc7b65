"""The pieces of HTML that the data page is made of; every text that may come from a file is escaped here."""

import re
from html import escape

import pandas as pd

from geo.quality import LATE_DAYS, SHARES, divide


def plain(said):
    """A text as Streamlit's labels take it, which are Markdown: no link, picture or colour of a file's making."""
    return re.sub(r"([\\`*_{}\[\]()#+.!<>|$:~&-])", r"\\\1", said)


# What the command says of its options -> what it says where these are not at hand.
_OPTIONS = {
    ", hoặc ghi --max-refused với mức cao hơn": "",
    "nạp với --map và một tệp": "chọn ở trên một tệp ánh xạ tiêu đề cột",
    "tệp --map": "tệp ánh xạ tiêu đề cột",
}


def in_page(said):
    """A sentence of the command without its options."""
    for words, others in _OPTIONS.items():
        said = said.replace(words, others)
    return said


def section(title):
    """The heading of a part of the page."""
    return f'<h4 class="phuqr-section">{escape(title)}</h4>'


def notice(mood, title, lines):
    """A box with a title and sentences; mood: good, calm or bad."""
    said = "".join(f"<p>{escape(line)}</p>" for line in lines)
    role = "alert" if mood == "bad" else "status"
    return f'<section class="phuqr-notice phuqr-{mood}" role="{role}"><h3>{escape(title)}</h3>{said}</section>'


def download(address, label):
    """A link that looks like a button and takes a file away."""
    return f'<a class="phuqr-button" href="{escape(address)}" target="_self" download>{escape(label)}</a>'


def tally(result, text):
    """The counts of rows of a check or load: what came in is what was accepted and what was refused."""
    shown = ["rows_in", "rows_loaded", "rows_refused", "rows_changed", "warnings"]
    shown += [name for name in ("rows_taken_back", "rows_kept") if result[name]]
    counts = "".join(
        f'<div class="phuqr-{name}"><dt>{escape(text(f"load.{name}"))}</dt><dd>{escape(text.number(result[name]))}</dd></div>'
        for name in shown
    )
    return f'<section class="phuqr-tally"><dl>{counts}</dl><p>{escape(_equation(result, text))}</p></section>'


def _equation(result, text):
    """What came in is what was accepted and what was refused; of a file refused as a whole, what of it was."""
    values = {name: text.number(result[name]) for name in ("rows_in", "rows_loaded", "rows_refused")}
    return text("load.equation_none" if result["error"] else "load.equation", **values)


def table(head, rows, name):
    """A table of texts; a cell of two has the second under the first, in small print."""
    top = "".join(f"<th scope='col'>{escape(title)}</th>" for title in head)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return (
        f'<div class="phuqr-table phuqr-{name}"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cell(said):
    said, small = (said, None) if isinstance(said, str) else said
    return f"<td>{escape(said)}{f'<small>{escape(small)}</small>' if small else ''}</td>"


def restated(figures, text):
    """By measure, what was known and how it comes out."""
    head = [text(f"load.{name}") for name in ("measure", "figures", "before", "after")]
    rows = [
        [text(f"measure.{each['measure']}"), *(text.number(each[name]) for name in ("figures", "before", "after"))]
        for each in figures
    ]
    return table(head, rows, "restated")


def commune_rows(rows, units, unplaced, text):
    """Rows of a file by commune, those with refused rows first, then the largest; unplaced: refused, of a commune not known."""
    head = [text("commune"), text("load.valid"), text("load.rows_refused"), text("load.warned")]
    ordered = sorted(rows.items(), key=lambda item: (-item[1]["refused"], -item[1]["loaded"], item[0]))
    cells = [[text("load.unplaced"), text.number(0), text.number(unplaced), text.number(0)]] if unplaced else []
    one_place = len({units[code].parent_code for code in rows}) == 1
    for code, row in ordered:
        name = units[code].name if one_place else f"{units[code].name}, {units[units[code].parent_code].name}"
        cells.append([name, *(text.number(row[count]) for count in ("loaded", "refused", "warned"))])
    return table(head, cells, "rows")


def findings(rule, text):
    """The first findings of a rule as a table."""
    head = [text(f"finding.{name}") for name in ("row", "column", "value", "remedy")]
    rows = [
        [text.number(found["row"]), *(str(found[name] or "") for name in ("column", "value", "remedy"))]
        for found in rule.first
    ]
    return table(head, rows, "findings")


def run(found, text):
    """One load in full. found: a row of geo.quality.list_runs."""
    lines = [
        f"{text(f'kind.{found.kind}')} · {text.moment(found.started_at)} · {found.loaded_by}",
        _equation(found, text),
    ]
    if found.error:
        lines.append(f"{text('run.error')}: {in_page(found.error)}")
    return notice("bad" if found.error else "calm", text("run.one", run=found.id, file=found.file_name), lines)


def sources(lines, text):
    """By kind of file its last load. lines: kind, when, hours since and newest day of each, as text."""
    head = [text("run.kind"), *(text(f"source.{name}") for name in ("loaded_at", "age", "last_day"))]
    return table(head, lines, "sources")


def quality_rows(found, text):
    """The shares of each unit of a geo.quality.Quality, with what they were divided from."""
    head = [
        text("quality.unit"),
        text("quality.communes"),
        text("quality.venues"),
        *(text(f"quality.{name}") for name in SHARES),
    ]
    rows = [
        [row["name"], text.number(row["communes"]), text.number(row["venues"]), *(_share_cell(name, row, text) for name in SHARES)]
        for row in found.rows.to_dict("records")
    ]  # fmt: skip
    return table(head, rows, "units")


def _share_cell(name, row, text):
    counts = [text.number(row[count]) for count in SHARES[name]]
    if pd.isna(row[name]):
        return text.number(None)
    return text.percent(row[name]), text("quality.fraction", numerator=counts[0], denominator=counts[1])


def quality_cards(total, sources, matched, hours, days, text):
    """The four headings of I15 as cards.

    total: of a geo.quality.Quality; sources: of list_sources; matched: rows with a known venue and rows in, of the last
    load of scans, or None; hours: kind -> hours since its last load; days: first, last, newest for the definitions.
    """
    taken = sources[sources["run"].notna()]
    refused, rows_in = (int(taken[name].sum()) if len(taken) else None for name in ("rows_refused", "rows_in"))
    cards = {
        "right": [_share("points_inside", total, days, text), _share("points_right", total, days, text),
                  _measure("refused", refused, rows_in, days, text)],
        "full": [_share(name, total, days, text) for name in ("venues_told", "scans_told", "points_known")],
        "timely": [_hours(hours, text), _share("communes_behind", total, days, text)],
        "linked": [_measure("matched", *(matched or (None, None)), days, text), _share("placed_by_code", total, days, text)],
    }  # fmt: skip
    shown = (
        f'<section class="phuqr-card"><h3>{escape(text(f"quality.{name}"))}</h3>{"".join(parts)}</section>'
        for name, parts in cards.items()
    )
    return f'<div class="phuqr-cards phuqr-quality">{"".join(shown)}</div>'


def _share(name, total, days, text):
    return _measure(name, *(total[count] for count in SHARES[name]), days, text)


def _measure(name, numerator, denominator, days, text):
    rate = divide(numerator, denominator)
    fraction = text("quality.fraction", numerator=text.number(numerator), denominator=text.number(denominator))
    shown = text.percent(rate)
    said = text(f"quality.{name}.definition", days=LATE_DAYS, **days)
    return (
        f'<div class="phuqr-measure"><h4>{escape(text(f"quality.{name}"))}</h4>'
        f"<b>{escape(shown)}</b><span>{escape(fraction) if rate is not None else ''}</span><p>{escape(said)}</p></div>"
    )


def _hours(hours, text):
    """Of one kind a line: hours since its last load."""
    lines = "".join(
        f"<li><span>{escape(text(f'kind.{kind}'))}</span>"
        f"<b>{escape(text('quality.hours_value', hours=text.number(count)) if count is not None else text('source.never'))}</b></li>"
        for kind, count in hours.items()
    )
    return (
        f'<div class="phuqr-measure"><h4>{escape(text("quality.hours"))}</h4><ul>{lines}</ul>'
        f"<p>{escape(text('quality.hours.definition'))}</p></div>"
    )
