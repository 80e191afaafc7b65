"""The pieces of HTML that the page of reports is made of; every text that may come from a file is escaped here."""

from datetime import date
from html import escape
from numbers import Integral, Number

import pandas as pd

from dashboard.bulletin_letter import group_silent, say_again, say_results, say_silent, unit_columns, unit_rows
from dashboard.report_sections import lower
from geo.quality import SHARES

_PERCENTS = {"low", "high", "share", "expected", "scanned_low", "scanned_high", *SHARES}
_SECTIONS = ("unit", "means", "units", "communes", "verdicts")  # that stand first, in this order
_FILES = ("docx", "xlsx", "pdf")


def links(folder, names, text):
    """The files of a report as links that look like buttons; folder: the address below which they are."""
    shown = sorted(names, key=lambda name: _FILES.index(suffix) if (suffix := _suffix(name)) in _FILES else len(_FILES))
    return '<p class="phuqr-files">' + " ".join(
        f'<a class="phuqr-button" href="{escape(f"{folder}/{name}")}" target="_self" download="{escape(name)}">'
        f"{escape(text(f'reports.file.{_suffix(name)}') if _suffix(name) in _FILES else name)}</a>"
        for name in shown
    ) + "</p>"  # fmt: skip


def _suffix(name):
    return name.rpartition(".")[2]


def _state(state, text):
    return f'<b class="phuqr-state phuqr-state-{escape(state.replace(" ", "-"))}">{escape(text(f"reports.state.{state}"))}</b>'


def _item(title, state, lines, files, text):
    small = "".join(f"<small>{escape(line)}</small>" for line in lines)
    return f"<li><h4>{escape(title)} {_state(state, text)}</h4>{small}{files}</li>"


def draft(made, text):
    """What was made and not issued: of what, and its files."""
    found = made.found
    lines = [text("reports.made", when=text.moment(found.holdings.as_of), on=text.day(found.on))]
    lines += [text("reports.cases")] * found.cases
    title = f"{found.unit.name}, {say_days(found.window, text)}"
    return f'<ol class="phuqr-reports">{_item(title, "draft", lines, links(made.folder, made.files, text), text)}</ol>'


def issued(rows, text):
    """Issued reports, rows of geo.reports.list_reports: each with its state and files."""
    items = []
    for row in rows.to_dict("records"):
        lines = [text("reports.issued", number=row["id"], when=text.moment(row["issued_at"]), account=row["issued_by"])]
        if pd.notna(row["supersedes"]):
            lines.append(text("reports.supersedes", number=int(row["supersedes"])))
        lines += [text("reports.cases")] if row["cases"] else []
        title = f"{row['unit_name']}, {say_issued_days(row, text)}"
        items.append(_item(title, row["state"], lines, links(f"/report/issued/{row['id']}", row["files"], text), text))
    return f'<ol class="phuqr-reports">{"".join(items)}</ol>'


def say_days(window, text):
    """A window as its one day, or as both."""
    return text.day(window.first) if window.first == window.last else f"{text.day(window.first)} – {text.day(window.last)}"


def say_issued_days(row, text):
    """The same of a row of geo.reports.list_reports."""
    first, last = text.day(row["first_day"]), text.day(row["last_day"])
    return first if first == last else f"{first} – {last}"


def _table(kind, columns, rows):
    """rows: lists of HTML."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="phuqr-table {kind}" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def filed(found, text):
    """Who filed the report of a week, a geo.reports.Filed: those that did not first."""
    order = ("missing", "open", "late", "on time")
    rows = sorted(found.rows.to_dict("records"), key=lambda row: order.index(row["state"]))
    told = [[escape(row["name"]), _state(row["state"], text), escape(text.moment(row["filed_at"]) if row["filed_at"] else "–")] for row in rows]
    return _table("phuqr-filed", [text(f"reports.column.{name}") for name in ("unit", "state", "filed")], told)


def sort_differences(rows):
    """Rows of geo.weekly.compare_figures, the figures of the whole unit first."""
    place = rows["figure"].str.partition("/")[0].map(lambda section: _SECTIONS.index(section) if section in _SECTIONS else len(_SECTIONS))
    return rows.loc[place.sort_values(kind="stable").index]


def differences(rows, names, text):
    """What was restated, rows of geo.weekly.compare_figures: as printed, as it is now, the difference; names: code -> name."""
    told = []
    for row in rows.to_dict("records"):
        of, figure = say_path(row["figure"], names, text)
        name = row["figure"].rpartition("/")[2]
        old, new = (say_value(name, row[which], text) for which in ("old", "new"))
        told.append([
            f"{escape(figure)}<small>{escape(of)}</small>", f"{escape(old)} → <b>{escape(new)}</b>",
            escape(_say_difference(name, row["difference"], text)),
        ])  # fmt: skip
    return _table("phuqr-differences", [text(f"reports.column.{name}") for name in ("figure", "values", "difference")], told)


def say_path(path, names, text):
    """What a figure's path is about, such as communes/18235/active: the section with the unit, kind or day, and the figure."""
    section, _, rest = path.partition("/")
    middle, _, figure = rest.rpartition("/")
    if section == "days":
        middle = _say_day(middle, text)
    elif section == "means":
        middle = text(f"bulletin.figure.{middle}")
    else:
        middle = names.get(middle, middle)
    of = text(f"reports.section.{section}")
    return f"{of}: {middle}" if middle else of, text(f"figure.{figure}")


def say_value(name, value, text):
    """A figure as it is read, by its name: a share as percent, a verdict or a day in words."""
    if value is None:
        return text("no_data")
    if isinstance(value, str):
        if name in ("creation", "activity"):
            return text(f"verdict.{value}")
        return text(f"hotspots.state.{value}") if name == "state" else _say_day(value, text)
    if name.endswith("rate") or name in _PERCENTS:
        return text.percent(value)
    return text.number(value) if isinstance(value, Integral) else text.decimal(value)


def _say_difference(name, value, text):
    if not isinstance(value, Number):
        return "–"
    sign = "+" if value > 0 else "–"
    if name.endswith("rate") or name in _PERCENTS:
        return text("report.points", points=f"{sign}{text.decimal(abs(100 * value))}")
    return f"{sign}{text.number(abs(value)) if isinstance(value, Integral) else text.decimal(abs(value))}"


def _say_day(said, text):
    try:
        return text.day(date.fromisoformat(said))
    except ValueError:
        return said


def bulletin_cards(bulletin, text):
    """The figures of a day at a glance: created, scanned, regular, scans and people, each with what it is beside."""
    total, means = bulletin.total, bulletin.means
    beside = {"created": ("new", text.number(total["new"])), **{name: ("share", text.percent(total[f"{name}_rate"])) for name in ("active", "regular")},
              **{name: ("mean7", text.decimal(means.loc[name, "mean7"])) for name in ("scans", "people")}}  # fmt: skip
    cards = []
    for name, (key, said) in beside.items():
        figure = text("no_data") if pd.isna(total[name]) else text.number(total[name])
        small = "" if pd.isna(total[name]) else text(f"bulletin.{key}", **{key: said})
        cards.append(
            f'<section class="phuqr-card"><h3>{escape(text(f"bulletin.figure.{name}"))}</h3>'
            f'<div class="phuqr-figure">{escape(figure)}</div><div class="phuqr-fraction">{escape(small)}</div></section>'
        )
    return f'<div class="phuqr-cards phuqr-day">{"".join(cards)}</div>'


def paragraphs(lines):
    """Sentences one below the other."""
    return "".join(f'<p class="phuqr-rule">{escape(line)}</p>' for line in lines)


def bulletin(found, text):
    """The sentences and tables of a bulletin."""
    said = "".join(f"<p>{escape(line)}</p>" for line in say_results(found, text))
    units = _table("phuqr-units phuqr-rows", unit_columns(found, text), [[*map(escape, row)] for row in unit_rows(found, text)])
    silent = f"<p>{escape(say_silent(found, text))}</p>"
    if found.silent is not None and len(found.silent):
        rows = [[escape(name), escape(text.number(count)), escape(named)] for name, count, named in group_silent(found, found.silent, text)]
        silent += _table("phuqr-silent", [text(f"bulletin.column.{name}") for name in ("within", "count", "communes")], rows)
    again = "".join(f"<p>{escape(line)}</p>" for line in say_again(found, text))
    return (
        f'<section class="phuqr-bulletin">{said}<h4 class="phuqr-section">{escape(text("bulletin.silent"))}</h4>{silent}'
        f'<h4 class="phuqr-section">{escape(text("bulletin.again"))}</h4>{again}'
        f'<h4 class="phuqr-section">{escape(text("bulletin.units"))}, {escape(lower(found.unit.name))}</h4>{units}</section>'
    )
