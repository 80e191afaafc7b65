"""Spreadsheets to take away: the table of communes, which says what its figures are, and what was found in a load."""

import io

import pandas as pd
import xlsxwriter

from geo.coverage import COUNTS, RATES


def coverage_workbook(coverage, names, group, text):
    """An xlsx file (bytes): unit, window, as-of and definitions, then one row per commune and the total.

    names: code -> name of the district of each row's parent_code; group: the obligation group's name. Rates are numbers
    shown as percent; what is not known is an empty cell. Texts are written as text, so that none becomes a formula.
    """
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("phuqr")
        bold, wrap = (
            book.add_format({"bold": True}),
            book.add_format({"text_wrap": True, "bold": True, "valign": "top", "border": 1}),
        )
        title = book.add_format({"bold": True, "font_size": 14})
        cell, count = book.add_format({"border": 1}), book.add_format({"border": 1, "num_format": "#,##0"})
        percent = book.add_format({"border": 1, "num_format": "[Red][>1]0.0%;0.0%"})
        sheet.write_string(0, 0, f"{text('title')} – {coverage.unit.name}", title)
        facts = [
            (text("sheet.window"), text.window(coverage.window)),
            (text("sheet.group"), group),
            (text("sheet.as_of"), text.moment(coverage.holdings.as_of)),
            *((text(rate), text.definition(rate, coverage.window)) for rate in RATES),
        ]
        if coverage.holdings.invented:
            facts.append((text("sheet.note"), text("banner_invented")))
        if coverage.vintage.sketched:
            facts.append((text("sheet.note"), text("banner_sketched")))
        for place, (name, said) in enumerate(facts, start=1):
            sheet.write_string(place, 0, name, bold)
            sheet.write_string(place, 2, said)
        top = len(facts) + 2
        columns = ["code", "commune", "district_short", *COUNTS, *RATES]
        for column, name in enumerate(columns):
            sheet.write_string(top, column, text(name), wrap)
        total = {"code": coverage.unit.code, "name": text("sheet.total"), "parent_code": None}
        records = [*coverage.rows.to_dict("records"), coverage.total.to_dict() | total]
        for line, record in enumerate(records, start=top + 1):
            for column, name in enumerate((record["code"], record["name"], names.get(record["parent_code"], ""))):
                sheet.write_string(line, column, name, cell)
            for column, name in enumerate([*COUNTS, *RATES], start=3):
                form = percent if name in RATES else count
                if pd.isna(record[name]):
                    sheet.write_blank(line, column, None, form)
                else:
                    sheet.write_number(line, column, float(record[name]), form)
        sheet.freeze_panes(top + 1, 2)
        sheet.autofilter(top, 0, top + len(coverage.rows), len(columns) - 1)
        sheet.set_column(0, 0, 9)
        sheet.set_column(1, 2, 24)
        sheet.set_column(3, len(columns) - 1, 12)
    return file.getvalue()


def findings_workbook(findings, text):
    """An xlsx file (bytes) of what was found in a load, columns as geo.quality.list_findings; all is written as text."""
    file = io.BytesIO()
    columns = ["row", "column", "value", "rule", "refused", "remedy", "commune"]
    with xlsxwriter.Workbook(file, {"in_memory": True, "constant_memory": True}) as book:
        sheet = book.add_worksheet("phuqr")
        bold = book.add_format({"bold": True, "bottom": 1})
        for place, (name, width) in enumerate(zip(columns, (8, 24, 30, 24, 12, 50, 26), strict=True)):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, text(f"finding.{name}"), bold)
        for line, found in enumerate(findings[columns].itertuples(index=False), start=1):
            for place, value in enumerate(found):
                if place == 0:
                    sheet.write_number(line, place, value)
                elif place == 4:
                    sheet.write_string(line, place, text("finding.is_refused" if value else "finding.is_warning"))
                elif pd.notna(value):
                    sheet.write_string(line, place, text.rule(value) if place == 3 else str(value))
        sheet.freeze_panes(1, 0)
    return file.getvalue()
