"""The daily bulletin as xlsx: summary, units, communes without a scan, days and definitions, numbers as numbers."""

import io

from dashboard.bulletin_letter import capital, list_definitions, name_level
from dashboard.report_sheet import open_book, write_days, write_notes, write_paragraphs, write_table
from geo.daily import FIGURES
from geo.trends import MEANS


def write_bulletin_sheet(bulletin, text):
    """The xlsx (bytes) of a geo.daily.Bulletin, the same for the same figures."""
    file = io.BytesIO()
    with open_book(file, bulletin, text("bulletin.title"), text) as sheet:
        _write_total(sheet("total"), bulletin, text)
        _write_units(sheet("units"), bulletin, text)
        if bulletin.silent is not None:
            _write_silent(sheet("silent"), bulletin, text)
        write_days(sheet("days"), bulletin, text)
        write_paragraphs(sheet("definitions"), list_definitions(bulletin, text))
    return file.getvalue()


def _write_total(sheet, bulletin, text):
    sheet.say(f"{text('bulletin.title')} – {bulletin.unit.name}, {text.day(bulletin.day)}", form="title")
    sheet.say(text("sheet.as_of"), text.moment(bulletin.holdings.as_of))
    if bulletin.holdings.invented:
        sheet.say(text("sheet.note"), text("banner_invented"))
    sheet.line += 1
    rows = [[(text(f"bulletin.figure.{name}"), "cell"), (bulletin.total[name], _form(name))] for name in FIGURES]
    sheet.table([text("bulletin.column.figure"), text("bulletin.column.today")], rows, (44, 16, 16, 16, 16))
    rows = [
        [(text(f"bulletin.figure.{name}"), "cell"), (bulletin.total[name], "count"),
         *((bulletin.means.loc[name, mean], "mean") for mean in ("mean7", "before", "change")), (bulletin.means.loc[name, "share"], "share")]
        for name in MEANS
    ]  # fmt: skip
    columns = ("figure", "today", "mean7", "before", "change", "share")
    sheet.table([text(f"bulletin.column.{name}") for name in columns], rows, (44, 16, 16, 16, 16, 16))
    sheet.sheet.freeze_panes(0, 0)


def _form(name):
    return "percent" if name.endswith("_rate") else "count"


def _write_units(sheet, bulletin, text):
    write_notes(sheet, bulletin, text)
    columns = [(text("code"), "cell"), (capital(name_level(bulletin, text)), "cell")]
    columns += [(text(f"bulletin.figure.{name}"), _form(name)) for name in FIGURES]
    total = bulletin.total.to_dict() | {"name": text("sheet.total")}
    rows = [[row["code"], row["name"], *(row[name] for name in FIGURES)] for row in [*bulletin.rows.to_dict("records"), total]]
    write_table(sheet, columns, rows, (9, 26, *[13] * len(FIGURES)))


def _write_silent(sheet, bulletin, text):
    write_notes(sheet, bulletin, text)
    columns = [(text("code"), "cell"), (text("commune"), "cell"), (text("bulletin.column.within"), "cell")]
    columns += [(text("bulletin.figure.created"), "count"), (text("bulletin.column.days"), "count")]
    rows = [
        [row["code"], row["name"], bulletin.names.get(row["parent_code"], ""), row["created"], row["days"]]
        for row in bulletin.silent.to_dict("records")
    ]  # fmt: skip
    write_table(sheet, columns, rows, (9, 26, 26, 16, 18))
