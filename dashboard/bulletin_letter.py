"""The daily bulletin as an official letter, in the manner of Hà Nội's: what is told of a day, made of the figures of geo.daily."""

import pandas as pd

from dashboard.report_letter import Letter, say_invented, write_definitions, write_foot, write_head
from dashboard.report_sections import lower
from geo.asking import Window
from geo.trends import MEANS

_BY_UNIT = ("created", "new", "active", "regular", "scans", "people")


def write_bulletin(bulletin, picture, text):
    """The docx (bytes) of a geo.daily.Bulletin; picture: PNG of its days, None where there is none."""
    letter = Letter(bulletin, text)
    paper = letter.paper
    write_head(letter)
    say_invented(letter)
    letter.say("opening", unit=letter.unit, day=text.day(bulletin.day))
    letter.section("results")
    for said in say_results(bulletin, text):
        paper.write(said)
    letter.caption("means", first=text.day(bulletin.week.first), last=text.day(bulletin.day))
    names = ("figure", "today", "mean7", "before", "change")
    paper.table([text(f"bulletin.column.{name}") for name in names], (4.4, 2.4, 2.9, 2.9, 3.4), mean_rows(bulletin, text), size=11.5)
    if picture:
        days = bulletin.days["day"]
        letter.picture(picture, "chart", Window(days.iloc[0], days.iloc[-1]))
        if bulletin.days["active"].isna().any():
            paper.write(text("report.chart.missing"))
    letter.section("units")
    letter.caption("units", level=name_level(bulletin, text))
    rows = unit_rows(bulletin, text)
    paper.table(unit_columns(bulletin, text), (3.6, 1.8, 1.6, 2.8, 2.8, 1.7, 1.7), rows, size=11, bold=(len(rows) - 1,))
    letter.section("silent")
    _write_silent(letter)
    letter.section("again")
    for said in say_again(bulletin, text):
        paper.write(said)
    letter.say("closing", unit=letter.unit, day=text.day(bulletin.day))
    write_foot(letter, ("blank", "kept"))
    write_definitions(letter, list_definitions(bulletin, text))
    return paper.save()


def say_results(bulletin, text):
    """The sentences on what is created and scanned; what is not known is said to be so."""
    total, day = bulletin.total, text.day(bulletin.day)
    given = {"unit": lower(bulletin.unit.name), "day": day}
    if pd.isna(total["created"]):
        said = [text("bulletin.created.unknown", **given)]
    else:
        said = [text("bulletin.created", created=text.number(total["created"]), new=text.number(total["new"]), **given)]
    if pd.isna(total["active"]):
        said.append(text("bulletin.active.unknown", **given))
    else:
        said.append(text("bulletin.active", active=text.number(total["active"]), created=text.number(total["created"]),
                         rate=text.percent(total["active_rate"]), **given))  # fmt: skip
    week = {"first": text.day(bulletin.week.first), "last": day}
    if pd.isna(total["regular"]):
        said.append(text("bulletin.regular.unknown", **week))
    else:
        said.append(text("bulletin.regular", regular=text.number(total["regular"]), rate=text.percent(total["regular_rate"]), **week))
    for name in ("scans", "people"):
        if pd.isna(total[name]):
            continue
        mean = bulletin.means.loc[name]
        told = text(f"bulletin.{name}", count=text.number(total[name]))
        said.append(f"{told} {text('bulletin.mean', mean=text.decimal(mean['mean7']), change=say_change(mean, text))}"
                    if pd.notna(mean["mean7"]) else f"{told} {text('bulletin.mean.unknown')}")  # fmt: skip
    return said


def say_change(mean, text):
    """How a mean of seven days differs from the one before: a row of geo.daily.Bulletin.means."""
    if pd.isna(mean["change"]):
        return text("bulletin.change.unknown")
    key = "up" if mean["change"] > 0 else "down" if mean["change"] < 0 else "same"
    share = text.percent(abs(mean["share"])) if pd.notna(mean["share"]) else None
    said = text(f"bulletin.change.{key}", count=text.decimal(abs(mean["change"])), before=text.decimal(mean["before"]))
    return f"{said} ({text(f'bulletin.share.{key}', share=share)})" if share and key != "same" else said


def sign(mean, text):
    """The change of a mean with its sign and share, for a table."""
    if pd.isna(mean["change"]):
        return text("no_data")
    mark = "+" if mean["change"] > 0 else "–" if mean["change"] < 0 else ""
    said = f"{mark}{text.decimal(abs(mean['change']))}"
    return f"{said} ({mark}{text.percent(abs(mean['share']))})" if pd.notna(mean["share"]) else said


def mean_rows(bulletin, text):
    """The table of the day beside the means of seven days: texts by figure."""

    def told(value, write):
        return text("no_data") if pd.isna(value) else write(value)

    return [
        [text(f"bulletin.figure.{name}"), told(bulletin.total[name], text.number),
         *(told(bulletin.means.loc[name, mean], text.decimal) for mean in ("mean7", "before")), sign(bulletin.means.loc[name], text)]
        for name in MEANS
    ]  # fmt: skip


def name_level(bulletin, text):
    """What the rows of a bulletin are: districts or communes."""
    inside = bulletin.rows["code"].str.len() == 5
    return text("bulletin.column.commune" if inside.all() else "bulletin.column.district")


def capital(said):
    """A text that stands alone."""
    return said[:1].upper() + said[1:]


def unit_columns(bulletin, text):
    """The columns of unit_rows."""
    return [capital(name_level(bulletin, text)), *(text(f"bulletin.column.{name}") for name in _BY_UNIT)]


def unit_rows(bulletin, text):
    """The table by district or commune, and the sum: texts by unit."""

    def told(row, name):
        if pd.isna(row[name]):
            return text("no_data")
        if f"{name}_rate" in row and pd.notna(row[f"{name}_rate"]):
            return text("bulletin.of", count=text.number(row[name]), rate=text.percent(row[f"{name}_rate"]))
        return text.number(row[name])

    rows = [*bulletin.rows.to_dict("records"), bulletin.total.to_dict() | {"name": text("sheet.total")}]
    return [[row["name"], *(told(row, name) for name in _BY_UNIT)] for row in rows]


def say_silent(bulletin, text):
    """The sentence on communes without a scan that day."""
    day = text.day(bulletin.day)
    if bulletin.silent is None:
        return text("bulletin.silent.unknown", day=day)
    key = "bulletin.silent.some" if len(bulletin.silent) else "bulletin.silent.none"
    return text(key, count=text.number(len(bulletin.silent)), day=day)


def group_silent(bulletin, rows, text, days=False):
    """Communes of `rows` by the unit that they are in: its name, how many, and their names; days: each with its days running."""

    def call(row):
        said = [text("bulletin.silent.days", days=text.number(row["days"]))] * days + [text("bulletin.silent.empty")] * (row["created"] == 0)
        return f"{row['name']} ({'; '.join(said)})" if said else row["name"]

    return [
        (bulletin.names.get(parent, parent), len(of), ", ".join(call(row) for row in of.to_dict("records")))
        for parent, of in rows.groupby("parent_code", sort=False)
    ]  # fmt: skip


def say_again(bulletin, text):
    """The sentences on communes that the bulletin of the day before named, too."""
    if bulletin.silent is None:
        return [text("bulletin.silent.unknown", day=text.day(bulletin.day))]
    if bulletin.again.empty:
        return [text("bulletin.again.none")]
    said = [text("bulletin.again.some", count=text.number(len(bulletin.again)))]
    return said + [f"- {name}: {named}." for name, _, named in group_silent(bulletin, bulletin.again, text, days=True)]


def _write_silent(letter):
    bulletin, text = letter.weekly, letter.text
    letter.paper.write(say_silent(bulletin, text), keep=bulletin.silent is not None and len(bulletin.silent) > 0)
    if bulletin.silent is not None and len(bulletin.silent):
        letter.caption("silent")
        rows = [[name, text.number(count), named] for name, count, named in group_silent(bulletin, bulletin.silent, text)]
        columns = [text(f"bulletin.column.{name}") for name in ("within", "count", "communes")]
        letter.paper.table(columns, (3.6, 1.6, 10.8), rows, size=11.5)


def list_definitions(bulletin, text):
    """What each figure of a bulletin is, with its days, as paragraphs."""
    days = {"first": text.day(bulletin.week.first), "last": text.day(bulletin.day)}
    names = ("intro", "created", "active", "regular", "scans", "means", "silent", "again")
    said = [text(f"bulletin.definition.{name}", **days) for name in names]
    until = bulletin.scans_until
    when = text.moment(bulletin.holdings.as_of)
    return said + [text("report.as_of", when=when, day=text.day(until)) if until else text("report.as_of.none", when=when)]
