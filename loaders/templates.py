"""Empty files with the headers that a loader takes, an invented row as example, and what each column means."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import xlsxwriter

from geo.errors import FileError

GUIDE, LISTS = "Hướng dẫn", "Danh mục"
_LAST_ROW = 1_048_575  # of a sheet, counted from 0
_DAY, _MOMENT = "dd/mm/yyyy", "dd/mm/yyyy hh:mm"


@dataclass(frozen=True)
class Column:
    """What a canonical column means (Vietnamese), a plainly invented example, and its values where these are fixed.

    example: a number, day or moment where cells are such; text else, also for codes, so that zeros in front stay.
    """

    meaning: str
    example: str | int | float | date | datetime
    allowed: tuple[str, ...] = ()


_YES_NO = ("có", "không")
COLUMNS = {
    "venue_code": Column("Mã của địa điểm trong hệ thống mã QR; giữ nguyên các số 0 ở đầu", "VIDU-0001"),
    "name": Column("Tên địa điểm hoặc tên đơn vị; không ghi tên, số điện thoại của cá nhân", "Quán cà phê Ví Dụ"),
    "kind": Column("Loại hình trong danh mục; loại hình lạ được xếp vào Khác", "Quán cà phê"),
    "organisation": Column("Cơ quan, đơn vị chủ quản của địa điểm, không phải một cá nhân", "Công ty Ví Dụ"),
    "commune_code": Column("Mã xã 5 chữ số theo danh mục của Tổng cục Thống kê; không có mã thì ghi tên xã và huyện", "18229"),
    "commune": Column("Tên xã, phường, thị trấn; bỏ trống được nếu đã ghi mã xã", "Thị trấn Đức Thọ"),
    "district": Column("Tên huyện, quận, thị xã, thành phố của xã; để trống từ 01/07/2025", "Huyện Đức Thọ"),
    "province": Column("Tên tỉnh, thành phố; cần khi dữ liệu có nhiều tỉnh", "Tỉnh Hà Tĩnh"),
    "address": Column("Số nhà, đường, thôn của địa điểm; không ghi địa chỉ nhà riêng của cá nhân", "Đường Ví Dụ"),
    "lon": Column("Kinh độ WGS 84, độ thập phân, từ 102 đến 118", 105.59),
    "lat": Column("Vĩ độ WGS 84, độ thập phân, từ 6 đến 24", 18.532),
    "created_on": Column("Ngày tạo mã QR của địa điểm", date(2021, 11, 26)),
    "closed_on": Column("Ngày cuối cùng địa điểm còn hoạt động; để trống nếu còn hoạt động", date(2022, 3, 31)),
    "solution": Column("Cách quét: mã QR dán cho khách quét, hoặc thiết bị quét mã của khách", "Mã QR dán", ("Mã QR dán", "Thiết bị")),
    "day": Column("Ngày quét, theo giờ Việt Nam", date(2021, 12, 1)),
    "hour": Column("Giờ quét trong ngày, từ 0 đến 23: 9 là từ 9:00 đến trước 10:00", 9),
    "scans": Column("Số lượt quét", 12),
    "total_scans": Column("Số lượt quét lũy kế đến hết ngày, để đối chiếu; không có thì để trống", 240),
    "people": Column("Số người khác nhau đã quét, không nhiều hơn số lượt quét", 10),
    "venues_with_scans": Column("Số địa điểm của xã có lượt quét trong ngày", 5),
    "obligation_group": Column("Nhóm đối tượng phải tạo mã: A cơ quan, C cơ sở; hoặc nhóm của tỉnh", "C"),
    "obliged": Column("Số địa điểm của nhóm trong xã thuộc diện phải tạo mã", 40),
    "case_code": Column("Mã quy ước của ca; không dùng số giấy tờ, số điện thoại hay tên người", "VIDU-F0-01"),
    "case_class": Column("F0 hoặc F1", "F0", ("F0", "F1")),
    "place": Column("Nơi đến khi không có mã địa điểm; không ghi tên, địa chỉ nhà của cá nhân", "Chợ Ví Dụ"),
    "arrived_at": Column("Lúc đến, có cả giờ, theo giờ Việt Nam", datetime(2021, 11, 28, 9, 15)),
    "left_at": Column("Lúc rời đi; để trống nếu không rõ", datetime(2021, 11, 28, 10, 30)),
    "source": Column("Nguồn: declared là do khai báo, scanned là do quét mã", "declared", ("declared", "scanned")),
    "onset_on": Column("Ngày ca khởi phát, hoặc ngày lấy mẫu dương tính; để trống nếu không rõ", date(2021, 11, 30)),
    "inspected_on": Column("Ngày kiểm tra", date(2021, 12, 1)),
    "campaign": Column("Tên hoặc số của đợt kiểm tra", "Đợt ví dụ"),
    "outcome": Column("Kết quả kiểm tra", "đạt", ("đạt", "nhắc nhở", "đề nghị tạm dừng", "đề nghị xử phạt")),
    "posted": Column("Mã QR dán đúng quy định hay không", "có", _YES_NO),
    "minutes": Column("Số phút đã đếm người ra vào, từ 30 đến 60", 30),
    "head_count": Column("Số người vào địa điểm lúc kiểm tra", 20),
    "scanned": Column("Trong đó số người có quét mã", 12),
    "supervisor": Column("Có người hướng dẫn, giám sát việc quét hay không", "có", _YES_NO),
    "note": Column("Ghi chú; không ghi dữ liệu cá nhân", "Dòng ví dụ, xóa trước khi nạp"),
    "population": Column("Dân số của xã", 8000),
    "households": Column("Số hộ của xã", 2100),
    "returned_on": Column("Ngày của báo cáo, theo giờ Việt Nam", date(2021, 12, 1)),
    "staff": Column("Số cán bộ, công chức, viên chức, người lao động của cơ quan", 40),
    "installed": Column("Trong đó số người đã cài đặt ứng dụng", 36),
    "assessed_on": Column("Ngày mà cơ quan tự đánh giá, theo giờ Việt Nam", date(2021, 12, 7)),
    "points": Column("Số điểm kiểm soát người ra vào của cơ quan", 3),
    "supervisors": Column("Số người hướng dẫn, giám sát việc quét tại các điểm đó; không ghi tên người", 4),
    "system": Column("Hệ thống đang dùng", "Thiết bị", ("Mã QR dán", "Thiết bị", "Mã QR dán và thiết bị", "Khác", "Chưa có")),
    "entrants": Column("Số người ra vào trong ngày; để trống nếu không đếm", 150),
    "commune_name": Column("Tên xã, phường, thị trấn", "Thị trấn Đức Thọ"),
    "commune_kind": Column("Loại đơn vị, nếu tên xã không ghi", "Thị trấn", ("Xã", "Phường", "Thị trấn")),
    "district_code": Column("Mã huyện 3 chữ số; không có mã thì ghi tên huyện; để trống từ 01/07/2025", "440"),
    "district_name": Column("Tên huyện, quận, thị xã, thành phố; để trống từ 01/07/2025", "Huyện Đức Thọ"),
    "province_code": Column("Mã tỉnh 2 chữ số; không có mã thì ghi tên tỉnh", "42"),
    "province_name": Column("Tên tỉnh, thành phố", "Tỉnh Hà Tĩnh"),
    "from_vintage": Column("Ngày đầu hiệu lực của bộ địa giới cũ", date(2021, 11, 1)),
    "from_code": Column("Mã đơn vị trong bộ địa giới cũ", "18229"),
    "from_name": Column("Tên xã cũ; không có mã thì ghi đủ tên xã, huyện và tỉnh", "Thị trấn Đức Thọ"),
    "from_district": Column("Tên huyện của xã cũ", "Huyện Đức Thọ"),
    "from_province_code": Column("Mã tỉnh của xã cũ", "42"),
    "from_province": Column("Tên tỉnh của xã cũ", "Tỉnh Hà Tĩnh"),
    "to_vintage": Column("Ngày đầu hiệu lực của bộ địa giới mới", date(2025, 7, 1)),
    "to_code": Column("Mã đơn vị trong bộ địa giới mới đã nhận đơn vị cũ hoặc một phần của nó", "18229"),
    "to_name": Column("Tên xã mới", "Xã Đức Thọ"),
    "to_district_code": Column("Mã huyện của xã mới; để trống từ 01/07/2025", ""),
    "to_district": Column("Tên huyện của xã mới; để trống từ 01/07/2025", ""),
    "to_province_code": Column("Mã tỉnh của xã mới", "42"),
    "to_province": Column("Tên tỉnh của xã mới", "Tỉnh Hà Tĩnh"),
    "estimated": Column("Tỷ lệ là ước tính hay không; để trống nếu không", "không", _YES_NO),
    "share": Column("Phần số liệu của đơn vị cũ chuyển sang đơn vị mới, trên 0 đến 1; để trống thì ước tính theo diện tích", 1),
    "decree": Column("Số nghị quyết hoặc nghị định; để trống nếu không rõ", "Nghị quyết ví dụ"),
    "alias": Column("Cách gọi khác của đơn vị, như trong các tệp được gửi đến", "TT Ví Dụ"),
    "level": Column("Cấp của đơn vị: 1 tỉnh, 2 huyện, 3 xã", "3", ("1", "2", "3")),
}  # fmt: skip


def write_template(path, title, columns, allowed=None):
    """Write an .xlsx with the headers of `columns`, one invented row, and a sheet that explains each column.

    title: name of the sheet to fill in. columns: canonical column -> (required, forms), as for map_headers; the first
    form is the header. allowed: canonical column -> values that take the place of the column's own, such as the kinds
    of venue in the database. Codes are text cells, days are date cells. FileError where the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise FileError(f"{path.name}: mẫu là bảng tính; hãy đặt tên có đuôi .xlsx")
    values = {column: (allowed or {}).get(column, COLUMNS[column].allowed) for column in columns}
    try:
        path.open("wb").close()  # a book that cannot be written leaves its open files behind
    except OSError as error:
        raise FileError(
            f"{path}: không ghi được tệp ({error.strerror}); hãy đóng tệp đang mở hoặc đổi đường dẫn"
        ) from None
    with xlsxwriter.Workbook(path) as book:
        _write_form(book, title, columns, values)
        _write_guide(book, columns, values)
        _write_lists(book, columns, values)


def _write_form(book, title, columns, values):
    sheet = book.add_worksheet(title)
    sheet.freeze_panes(1, 0)
    heads = {
        required: book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "bg_color": colour})
        for required, colour in ((True, "#F8CBAD"), (False, "#E7E6E6"))
    }
    listed = [column for column in columns if values[column]]
    for place, (column, (required, _)) in enumerate(columns.items()):
        header, example = _header(column, columns), COLUMNS[column].example
        form = {"num_format": _number_format(example)}
        sheet.set_column(place, place, max(14, len(header) + 4), book.add_format(form))
        sheet.write_string(0, place, header, heads[required])
        invented = book.add_format({**form, "italic": True, "font_color": "#7F7F7F"})
        if isinstance(example, date):
            sheet.write_datetime(1, place, example, invented)
        elif isinstance(example, str):
            sheet.write_string(1, place, example, invented)
        else:
            sheet.write_number(1, place, example, invented)
        if column in listed:
            letter = xlsxwriter.utility.xl_col_to_name(listed.index(column), col_abs=True)
            source = f"='{LISTS}'!{letter}$2:{letter}${len(values[column]) + 1}"
            # a warning and no more: provinces have values of their own, which a --map file turns
            told = {"error_type": "warning", "error_title": header, "error_message": f"Xem trang {LISTS}"}
            sheet.data_validation(1, place, _LAST_ROW, place, {"validate": "list", "source": source, **told})


def _write_guide(book, columns, values):
    sheet = book.add_worksheet(GUIDE)
    bold, wrap = book.add_format({"bold": True, "bottom": 1}), book.add_format({"text_wrap": True, "valign": "top"})
    for place, (head, width) in enumerate(
        (("Cột", 24), ("Tên chuẩn", 20), ("Bắt buộc", 10), ("Ý nghĩa", 70), ("Giá trị cho phép", 40), ("Ví dụ", 24))
    ):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, head, bold)
    for number, (column, (required, _)) in enumerate(columns.items(), start=1):
        known = COLUMNS[column]
        cells = (
            _header(column, columns), column, "có" if required else "", known.meaning, "; ".join(values[column]), _show(known.example),
        )  # fmt: skip
        for place, cell in enumerate(cells):
            sheet.write_string(number, place, cell, wrap)
    last = (
        "Cột màu cam là bắt buộc. Dòng chữ nghiêng là ví dụ bịa ra: hãy xóa trước khi nạp. Không ghi dữ liệu cá nhân."
    )
    sheet.write_string(len(columns) + 2, 0, last)


def _write_lists(book, columns, values):
    """The sheet that lists of allowed values are read from: written out in a cell's rule they may hold no comma."""
    listed = [column for column in columns if values[column]]
    if not listed:
        return
    sheet = book.add_worksheet(LISTS)
    for place, column in enumerate(listed):
        sheet.set_column(place, place, 36)
        for number, cell in enumerate((f"Danh mục: {_header(column, columns)}", *values[column])):
            sheet.write_string(number, place, cell)


def _header(column, columns):
    forms = columns[column][1]
    return forms[0] if forms else column


def _number_format(example):
    if isinstance(example, datetime):
        return _MOMENT
    if isinstance(example, date):
        return _DAY
    return "@" if isinstance(example, str) else "General"


def _show(example):
    if isinstance(example, datetime):
        return f"{example:%d/%m/%Y %H:%M}"
    return f"{example:%d/%m/%Y}" if isinstance(example, date) else str(example)
