"""The file of findings that staff mend and load again: the refused rows as they came with the reasons, and the warnings."""

from pathlib import Path

import pandas as pd
import xlsxwriter

from geo.errors import FileError

ROW, REASON, REMEDY = ADDED_TITLES = ("Dòng gốc", "Lý do", "Cách sửa")  # behind the file's own titles; never read back
_WARNING_TITLES = ("Dòng", "Cột", "Giá trị", REASON, REMEDY)
_LIMIT = 1_000_000  # rows of a sheet; Excel has 1,048,576


def write_findings(path, titles, rows, table, limit=_LIMIT):
    """Write an .xlsx that the same loader takes once the rows in it are mended.

    titles: the file's own, in its order. rows: the refused rows as they came (text, columns = titles, index = row of the
    file). table: all findings, columns row, column, value, rule, refused, reason, remedy (see Findings.table).
    Everything is written as text, never as a formula. Beyond `limit` rows a sheet is cut, and the last sheet says so.
    FileError where the file cannot be written.
    """
    path = check_path(path)
    refused = table["refused"].astype(bool)
    warnings = table[~refused]
    try:
        path.open("wb").close()  # a book that cannot be written leaves its open files behind
    except OSError as error:
        raise FileError(
            f"{path}: không ghi được tệp ({error.strerror}); hãy đóng tệp đang mở hoặc đổi đường dẫn"
        ) from None
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        _write_refused(book, [title for title in titles if title not in ADDED_TITLES], rows[:limit], table[refused])
        _write_sheet(
            book, "Cảnh báo", _WARNING_TITLES, warnings[["row", "column", "value", "reason", "remedy"]][:limit]
        )
        notes = [
            f"Trang “{sheet}” chỉ ghi {limit} dòng đầu trong {len(frame)} dòng; sửa và nạp lại xong, hãy nạp lại tệp gốc để lấy các dòng còn lại"
            for sheet, frame in (("Từ chối", rows), ("Cảnh báo", warnings))
            if len(frame) > limit
        ]
        if notes:
            sheet = book.add_worksheet("Ghi chú")
            for number, note in enumerate(notes):
                sheet.write_string(number, 0, note)


def check_path(path):
    """The Path to write to; FileError where it is not that of a workbook, or of a folder that does not exist."""
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise FileError(f"{path.name}: tệp ghi các dòng phải sửa là bảng tính; hãy đặt tên có đuôi .xlsx")
    if not path.parent.is_dir():
        raise FileError(f"{path}: không ghi được tệp (không có thư mục này); hãy đổi đường dẫn")
    return path


def _write_refused(book, titles, rows, findings):
    findings = findings[findings["row"].isin(rows.index)]
    faulty = findings.groupby("row")["column"].agg(set).to_dict()
    told = (findings["column"] + ": " + findings["reason"]).groupby(findings["row"]).agg(_join).to_dict()
    remedies = findings.groupby("row")["remedy"].agg(_join).to_dict()
    text, fault = book.add_format({"num_format": "@"}), book.add_format({"num_format": "@", "bg_color": "#FFC7CE"})
    sheet = _add_sheet(book, "Từ chối", (*titles, *ADDED_TITLES), text)
    cells = rows[titles].to_numpy(dtype=object)
    # in constant memory cells are to be written row by row, from left to right
    for number, (row, values) in enumerate(zip(rows.index, cells), start=1):
        marked = faulty.get(row, ())
        for place, (title, value) in enumerate(zip(titles, values)):
            if value or title in marked:
                _write_text(sheet, number, place, value, fault if title in marked else text)
        for place, value in enumerate((str(row), told.get(row, ""), remedies.get(row, "")), start=len(titles)):
            sheet.write_string(number, place, value, text)


def _write_sheet(book, name, titles, frame):
    text = book.add_format({"num_format": "@"})
    sheet = _add_sheet(book, name, titles, text)
    for number, values in enumerate(frame.to_numpy(dtype=object), start=1):
        for place, value in enumerate(values):
            _write_text(sheet, number, place, value, text)


def _add_sheet(book, name, titles, text):
    """A sheet of text cells with its titles in the first row, which stays in sight."""
    sheet = book.add_worksheet(name)
    for place, title in enumerate(titles):
        sheet.set_column(place, place, 45 if title in (REASON, REMEDY) else min(max(len(title) + 2, 12), 40), text)
    bold = book.add_format({"bold": True, "num_format": "@", "bottom": 1})
    for place, title in enumerate(titles):
        sheet.write_string(0, place, title, bold)
    sheet.freeze_panes(1, 0)
    return sheet


def _write_text(sheet, number, place, value, form):
    value = "" if pd.isna(value) else str(value)
    if value:
        sheet.write_string(number, place, value, form)
    else:
        sheet.write_blank(number, place, None, form)


def _join(texts):
    return "; ".join(dict.fromkeys(texts))
