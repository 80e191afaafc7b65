"""The worklist of a team as xlsx, to be filled in and loaded as a file of inspections; it tells of no cases."""

import io

import pandas as pd
import xlsxwriter

from dashboard.inspection_parts import say_reasons
from dashboard.text import printable

# Headers that the loader of inspections knows, in either language of the page: what is filled in is loaded as it is
FILLED = {
    "Ngày kiểm tra": 13, "Kết quả": 18, "Dán mã đúng quy định": 12, "Có người giám sát": 12, "Số phút đếm": 10, "Số người vào": 10,
    "Số người được quét": 12, "Ghi chú": 36,
}  # fmt: skip
_LISTS = {
    "Kết quả": ["đạt", "nhắc nhở", "đề nghị tạm dừng", "đề nghị xử phạt"], "Dán mã đúng quy định": ["có", "không"],
    "Có người giám sát": ["có", "không"],
}  # fmt: skip


def worklist_workbook(worklist, kinds, text):
    """An xlsx file (bytes): one row for each venue of a geo.plans.Worklist that has no result, its communes one after the other.

    kinds: code -> name. Texts are written as text, so that none becomes a formula.
    """
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Kiểm tra")
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1})
        fill = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1, "bg_color": "#FFF4E0"})
        cell = book.add_format({"border": 1, "text_wrap": True, "valign": "top"})
        day = book.add_format({"border": 1, "num_format": "dd/mm/yyyy", "valign": "top"})
        known = {
            text("inspection.sheet.place"): 6, "Mã địa điểm": 14, "Đợt kiểm tra": 26, text("inspection.sheet.name"): 32,
            text("inspection.sheet.kind"): 22, text("inspection.column.commune"): 22, text("inspection.sheet.address"): 28,
            text("inspection.sheet.team"): 22, text("inspection.sheet.why"): 44,
        }  # fmt: skip
        columns = known | FILLED
        for place, (name, width) in enumerate(columns.items()):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, name, fill if name in FILLED else head)
        rows = worklist.rows[worklist.rows["inspection"].isna()]
        for line, row in enumerate(rows.to_dict("records"), start=1):
            sheet.write_number(line, 0, line, cell)
            told = (
                row["code"], worklist.campaign.name, row["name"], kinds.get(row["kind"], row["kind"]), f"{row['commune']}, {row['district']}",
                "" if pd.isna(row["address"]) else row["address"], row["team"], "; ".join(say_reasons(row, text)),
            )  # fmt: skip
            for place, said in enumerate(told, start=1):
                sheet.write_string(line, place, printable(said), cell)
            for place, name in enumerate(FILLED, start=len(known)):
                sheet.write_blank(line, place, None, day if name == "Ngày kiểm tra" else cell)
        for place, name in enumerate(columns):
            if name in _LISTS and len(rows):
                sheet.data_validation(1, place, len(rows), place, {"validate": "list", "source": _LISTS[name]})
        sheet.freeze_panes(1, 4)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        help_sheet = book.add_worksheet("Hướng dẫn")
        help_sheet.set_column(0, 0, 110, book.add_format({"text_wrap": True}))
        help_sheet.write_string(0, 0, text("inspection.sheet.help"))
    return file.getvalue()
