"""One table written as text in any character set, or as a workbook, so that what is read of each can be compared."""

import csv
import io
import itertools
import unicodedata
from datetime import date, datetime, time

import xlsxwriter
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from loaders.encodings import decode

_FORMATS = {datetime: "dd/mm/yyyy hh:mm", date: "dd/mm/yyyy", time: "hh:mm"}


def write_table(path, rows, encoding="utf-8", **options):
    """Write rows of cells (str, int, float, bool, date, datetime, time, None) as the path's suffix says; gives it.

    encoding: of a csv or tsv, any codec of Python, "tcvn3" or "vni". options: of csv.writer. Workbooks keep the cells'
    types, text has days in ISO form.
    """
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        options = {"delimiter": "\t" if suffix == ".tsv" else ",", "lineterminator": "\n"} | options
        text = io.StringIO()
        csv.writer(text, **options).writerows(rows)
        path.write_bytes(encode(text.getvalue(), encoding))
    else:
        write_sheets(path, {"Trang 1": rows})
    return path


def write_sheets(path, sheets):
    """Write sheets (name -> rows of cells) to an xlsx, xls or ods file; gives the path."""
    {".xlsx": _write_xlsx, ".xls": _write_xls, ".ods": _write_ods}[path.suffix.lower()](path, sheets)
    return path


def encode(text, encoding):
    """Bytes of a text as an office would have typed it; a capital that TCVN3 lacks becomes a small letter."""
    if encoding == "cp1258":
        return b"".join(map(_encode_1258, unicodedata.normalize("NFC", text)))
    if encoding in ("tcvn3", "vni"):
        known = _invert(encoding)
        return b"".join(known.get(each) or known[each.lower()] for each in unicodedata.normalize("NFC", text))
    return text.encode(encoding)


def _invert(encoding):
    pairs = [bytes([code]) for code in range(256)]
    if encoding == "vni":
        letters = [base for base in b"aeouyAEOUY"] + list("ôöÔÖ".encode("cp1252"))
        marks = {base: range(0xE0, 0x100) if chr(base).islower() else range(0xC0, 0xE0) for base in letters}
        pairs += [bytes([base, mark]) for base in letters for mark in marks[base]]
    found = {}
    for pair in pairs:
        letter = decode(pair, encoding, "replace")
        if len(letter) == 1 and letter != "\ufffd":
            found[letter] = pair  # of two ways the later one, of two bytes: "é" alone is no letter of VNI
    return found


def _encode_1258(letter):
    try:
        return letter.encode("cp1258")
    except UnicodeEncodeError:
        decomposed = unicodedata.normalize("NFD", letter)
        tone = next(mark for mark in decomposed if mark in "\u0300\u0301\u0303\u0309\u0323")
        return (unicodedata.normalize("NFC", decomposed.replace(tone, "")) + tone).encode("cp1258")


def _write_xlsx(path, sheets):
    with xlsxwriter.Workbook(path) as book:
        formats = {kind: book.add_format({"num_format": form}) for kind, form in _FORMATS.items()}
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            for (number, row), place in _places(rows):
                if row[place] is not None:
                    sheet.write(number, place, row[place], formats.get(type(row[place])))


def _write_xls(path, sheets):
    book = xlwt.Workbook()
    styles = {kind: xlwt.easyxf(num_format_str=form) for kind, form in _FORMATS.items()}
    for title, rows in sheets.items():
        sheet = book.add_sheet(title)
        for (number, row), place in _places(rows):
            if row[place] is not None:
                sheet.write(number, place, row[place], styles.get(type(row[place]), xlwt.Style.default_style))
    book.save(str(path))


def _write_ods(path, sheets):
    document = OpenDocumentSpreadsheet()
    for title, rows in sheets.items():
        table = Table(name=title)
        document.spreadsheet.addElement(table)
        for row in rows:
            line = TableRow()
            table.addElement(line)
            for cell in row:
                line.addElement(_ods_cell(cell))
    document.save(str(path))


def _ods_cell(cell):
    if cell is None or cell == "":
        return TableCell()
    if isinstance(cell, bool):
        made = TableCell(valuetype="boolean", booleanvalue=str(cell).lower())
    elif isinstance(cell, int | float):
        made = TableCell(valuetype="float", value=repr(cell))
    elif isinstance(cell, date):
        made = TableCell(valuetype="date", datevalue=cell.isoformat())
    elif isinstance(cell, time):
        made = TableCell(valuetype="time", timevalue=f"PT{cell:%H}H{cell:%M}M{cell:%S}S")
    else:
        made = TableCell(valuetype="string")
    made.addElement(P(text=str(cell)))
    return made


def _places(rows):
    return itertools.chain.from_iterable(itertools.product([each], range(len(each[1]))) for each in enumerate(rows))
