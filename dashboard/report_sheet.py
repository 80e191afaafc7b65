"""The appendix of a weekly report as xlsx: summary, communes, days, departments and definitions, numbers as numbers."""

import io
from contextlib import contextmanager
from datetime import timezone

import pandas as pd
import xlsxwriter

from dashboard.reasons import reasons
from dashboard.report_letter import list_definitions
from dashboard.report_paper import moment_of
from dashboard.report_sections import CHANGES
from dashboard.text import printable
from geo.coverage import COUNTS, RATES
from geo.lagging import QUESTIONS

_FORMS = {
    "title": {"bold": True, "font_size": 14}, "bold": {"bold": True}, "wrap": {"text_wrap": True, "valign": "top"},
    "head": {"bold": True, "text_wrap": True, "valign": "top", "border": 1}, "cell": {"border": 1},
    "count": {"border": 1, "num_format": "#,##0"}, "percent": {"border": 1, "num_format": "[Red][>1]0.0%;0.0%"},
    "share": {"border": 1, "num_format": "+0.0%;[Red]-0.0%;0.0%"},
    "mean": {"border": 1, "num_format": "#,##0.0"}, "day": {"border": 1, "num_format": "dd/mm/yyyy", "align": "right"},
}  # fmt: skip


class Sheet:
    """A worksheet that is written from its top; texts are written as texts, so that none becomes a formula or an address."""

    def __init__(self, book, name, forms):
        self.sheet, self.forms, self.line = book.add_worksheet(name), forms, 0
        self.sheet.set_landscape()
        self.sheet.set_paper(9)  # A4
        self.sheet.fit_to_pages(1, 0)

    def say(self, *cells, form=None):
        for place, said in enumerate(cells):
            self.sheet.write_string(self.line, place, printable(said), self.forms[form] if form else None)
        self.line += 1

    def table(self, columns, rows, widths):
        """columns: their names; rows: a list of (value, form) each, None an empty cell."""
        top = self.line
        for place, name in enumerate(columns):
            self.sheet.write_string(top, place, printable(name), self.forms["head"])
        for row in rows:
            self.line += 1
            for place, (value, form) in enumerate(row):
                self._write(place, value, form)
        self.line += 2
        self.sheet.freeze_panes(top + 1, 2)
        self.sheet.repeat_rows(top)
        for place, width in enumerate(widths):
            self.sheet.set_column(place, place, width)

    def _write(self, place, value, form):
        cell = self.forms[form]
        if value is None or value is pd.NA or value != value:
            self.sheet.write_blank(self.line, place, None, cell)
        elif form == "day":
            self.sheet.write_datetime(self.line, place, value, cell)
        elif form == "cell":
            self.sheet.write_string(self.line, place, printable(value), cell)
        else:
            self.sheet.write_number(self.line, place, float(value), cell)


def write_sheet(weekly, text):
    """The xlsx (bytes) of a Weekly, the same for the same figures."""
    file = io.BytesIO()
    with open_book(file, weekly, text("report.appendix"), text) as sheet:
        _write_total(sheet("total"), weekly, text)
        _write_communes(sheet("communes"), weekly, text)
        write_days(sheet("days"), weekly, text)
        _write_departments(sheet("departments"), weekly, text)
        write_paragraphs(sheet("definitions"), list_definitions(weekly, text))
    return file.getvalue()


@contextmanager
def open_book(file, found, title, text):
    """A function that adds a Sheet to a new workbook, by the name that the texts report.sheet have; it says it was made as its letter does."""
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        made = moment_of(found.on).astimezone(timezone.utc).replace(tzinfo=None)
        book.set_properties({"title": printable(f"{title} – {found.unit.name}"), "created": made})
        forms = {name: book.add_format({"font_name": "Times New Roman", "font_size": 12} | form) for name, form in _FORMS.items()}
        yield lambda name: Sheet(book, text(f"report.sheet.{name}"), forms)


def write_paragraphs(sheet, paragraphs):
    """What each figure is, one below the other."""
    for said in paragraphs:
        sheet.say(said, form="wrap")
    sheet.sheet.set_column(0, 0, 130)


def _write_total(sheet, weekly, text):
    sheet.say(f"{text('report.appendix')} – {weekly.unit.name}", form="title")
    for name, said in _facts(weekly, text):
        sheet.say(name, said)
    before = weekly.change.before
    sheet.line += 1
    rows = []
    for name in CHANGES:
        form = "percent" if name in RATES else "count"
        values = weekly.now.total[name], before.total[name] if before else None, weekly.change.total[name]
        rows.append([(text(f"report.figure.{name}"), "cell"), *((value, form) for value in values)])
    sheet.table([text(f"report.column.{name}") for name in ("figure", "now", "before", "change")], rows, (44, 16, 16, 16))


def _facts(weekly, text):
    facts = [
        (text("sheet.window"), text.window(weekly.window)),
        (text("report.column.before"), text.window(weekly.window.previous())),
        (text("sheet.as_of"), text.moment(weekly.holdings.as_of)),
    ]
    notes = [text("banner_invented")] * weekly.holdings.invented + [text("banner_sketched")] * weekly.vintage.sketched
    return facts + [(text("sheet.note"), note) for note in notes]


def _write_communes(sheet, weekly, text):
    write_notes(sheet, weekly, text)
    verdicts, names = weekly.lagging.rows, weekly.names
    before = weekly.change.before
    earlier = before.rows.set_index("code")["activity_rate"] if before else pd.Series(dtype="Float64")
    columns = [(text("code"), "cell"), (text("commune"), "cell"), (text("district_short"), "cell")]
    columns += [(text(name), "count") for name in COUNTS] + [(text(name), "percent") for name in RATES]
    columns += [(text("report.sheet.before", name=text("activity_rate")), "percent")]
    columns += [(text(f"report.sheet.{question}"), "cell") for question in QUESTIONS] + [(text("report.column.reason"), "cell")]
    rows = []
    for row in weekly.now.rows.to_dict("records"):
        told = [verdicts.loc[row["code"], question] for question in QUESTIONS]
        rows.append([
            row["code"], row["name"], names.get(row["parent_code"], ""), *(row[name] for name in (*COUNTS, *RATES)), earlier.get(row["code"]),
            *(text(f"verdict.{verdict}") if isinstance(verdict, str) else None for verdict in told),
            ". ".join(reasons(weekly.lagging, row["code"], text)),
        ])  # fmt: skip
    total = weekly.now.total
    last = before.total["activity_rate"] if before else None
    rows.append([total["code"], text("sheet.total"), "", *(total[name] for name in (*COUNTS, *RATES)), last, None, None, ""])
    write_table(sheet, columns, rows, (9, 24, 20, *[11] * (len(COUNTS) + len(RATES) + 1), 16, 16, 80))


def write_days(sheet, weekly, text):
    """A row for each of the days, with the mean of seven."""
    write_notes(sheet, weekly, text)
    counts = ("created", "new", "active", "scans", "people")
    columns = [(text("report.sheet.day"), "day"), *((text(name), "count") for name in counts), (text("days.mean"), "mean")]
    rows = [[row["day"], *(row[name] for name in counts), row["active_mean7"]] for row in weekly.days.to_dict("records")]
    write_table(sheet, columns, rows, (13, *[13] * 6))


def _write_departments(sheet, weekly, text):
    write_notes(sheet, weekly, text)
    name_of = "name" if text.language == "vi" else "name_en"
    columns = [(text("report.column.department"), "cell"), *((text(name), "count") for name in COUNTS), *((text(name), "percent") for name in RATES)]
    rows = [[row[name_of], *(row[name] for name in (*COUNTS, *RATES))] for row in weekly.departments.to_dict("records")]
    write_table(sheet, columns, rows, (44, *[11] * (len(COUNTS) + len(RATES))))


def write_table(sheet, columns, rows, widths):
    """A table whose columns are (name, form) each."""
    names, forms = zip(*columns, strict=True)
    sheet.table(names, [list(zip(row, forms, strict=True)) for row in rows], widths)


def write_notes(sheet, weekly, text):
    """What stands over each table, so that a sheet that is printed alone still says what it is."""
    sheet.say(f"{weekly.unit.name}, {text.window(weekly.window)}", form="bold")
    if weekly.holdings.invented:
        sheet.say(text("banner_invented"))
