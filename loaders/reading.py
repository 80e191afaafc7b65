"""Users' files read into one table of text, headers named canonically and rows numbered as a spreadsheet numbers them."""

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from geo.errors import FileError
from geo.names import strip_marks

# Headers that tell that a file holds people: refused whole, before a row of it is kept.
_PERSONAL = re.compile(
    r"\b(dien thoai|so dt|sdt|(tele)?phone\w*|mobile\w*|e-?mail|zalo|cccd|cmnd|cmt|can cuoc|so dinh danh|dinh danh ca nhan"
    r"|identity (number|card|no)|id number|ho ten|ho va ten|nguoi (dang ky|khai|dai dien|lien he)|chu (ho|co so)"
    r"|registrant|ho chieu|passport|dob|so tai khoan|ho khau|(ngay|nam) sinh|birth ?da(te|y)|date of birth|noi dung qr|\w*payload)\b"
)
# Seen nowhere and pasted along with text: blanks of no width, and the mark that opens a file.
_BLANKS = "\u200b\u200c\u200d\u2060\ufeff"


@dataclass(frozen=True)
class Source:
    """A file as read: its name, the hash of its bytes, its rows and how it heads its columns.

    rows: text, stripped, "" where a cell is empty; index: row of the file, the first row after the header being 2.
    headers: canonical column -> header in the file. ignored: headers that no column was known for, and left unread.
    """

    name: str
    sha256: str
    rows: pd.DataFrame
    headers: dict[str, str]
    ignored: tuple[str, ...] = ()


def file_sha256(path):
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_table(path, columns):
    """Read a csv (UTF-8) or xlsx file.

    columns: canonical column -> (required, Vietnamese and other headers it goes by); diacritics and case do not matter.
    Raises FileError when the file cannot be read, lacks a required column, or has a column of personal data.
    """
    path = Path(path)
    readers = {".csv": _read_csv, ".xlsx": _read_xlsx}
    if path.suffix.lower() not in readers:
        raise FileError(f"{path.name}: không đọc được loại tệp này; hãy lưu thành {' hoặc '.join(readers)}")
    try:
        sha256 = file_sha256(path)
    except OSError as error:
        raise FileError(f"{path}: không mở được tệp ({error.strerror}); hãy kiểm tra đường dẫn") from None
    sheets = {title: records for title, records in readers[path.suffix.lower()](path).items() if records}
    if not sheets:
        raise FileError(f"{path.name}: tệp rỗng; cần một dòng tiêu đề và các dòng số liệu")
    for header, *_ in sheets.values():
        refuse_personal(header, path.name)
    (header, *records), headers = _choose_sheet(sheets, columns, path.name)
    width = len(header)
    long = next((number for number, record in enumerate(records, start=2) if any(record[width:])), None)
    if long:
        raise FileError(f"{path.name}: dòng {long} có nhiều ô hơn dòng tiêu đề; hãy kiểm tra dấu phân cách")
    rows = pd.DataFrame(
        [record[:width] + [""] * (width - len(record)) for record in records],
        columns=header,
        index=pd.RangeIndex(2, len(records) + 2),
        dtype=object,
    )
    rows = rows[(rows != "").any(axis=1)]
    chosen = rows[list(headers.values())].set_axis(list(headers), axis=1)
    for absent in columns.keys() - headers.keys():
        chosen[absent] = ""
    ignored = tuple(title for title in header if title and title not in headers.values())
    return Source(path.name, sha256, chosen, headers, ignored)


def _choose_sheet(sheets, columns, name):
    """The one sheet whose header has the columns, and that header mapped; sheets of notes and lists may stand beside it."""
    fitting, faults = {}, []
    for title, (header, *_) in sheets.items():
        while header and not header[-1]:
            header.pop()
        try:
            fitting[title] = map_headers(header, columns, name)
        except FileError as error:
            faults.append(error)
    if not fitting:
        raise faults[0]
    if len(fitting) > 1:
        raise FileError(f"{name}: nhiều trang tính có các cột này ({', '.join(fitting)}); hãy giữ một trang trong tệp")
    ((title, headers),) = fitting.items()
    return sheets[title], headers


def refuse_personal(header, name):
    """FileError where a header tells of personal data; it names the columns, never what is in them."""
    personal = [title for title in header if _PERSONAL.search(_key(title))]
    if personal:
        raise FileError(f"{name}: có cột dữ liệu cá nhân ({', '.join(personal)}); hãy xóa các cột này rồi nạp lại")


def map_headers(header, columns, name):
    """Canonical column -> the header in the file that stands for it; FileError lists all that is wrong with the header."""
    known = {_key(form): column for column, (_, forms) in columns.items() for form in (column, *forms)}
    found = {}
    for title in header:
        column = known.get(_key(title))
        if column and column in found:
            raise FileError(f"{name}: hai cột cùng là {column} ({found[column]}, {title}); hãy giữ lại một cột")
        if column:
            found[column] = title
    missing = [
        f"{column} ({forms[0]})" for column, (required, forms) in columns.items() if required and column not in found
    ]
    if missing and any(";" in title for title in header):
        raise FileError(f"{name}: các cột cách nhau bằng dấu chấm phẩy; hãy lưu lại với dấu phẩy")
    if missing and not found:  # perhaps no header but a row of data: not to be repeated
        raise FileError(f"{name}: dòng đầu không có tiêu đề nào đã biết; cần các cột {', '.join(missing)}")
    if missing:
        raise FileError(f"{name}: thiếu cột {', '.join(missing)}; các cột đang có: {', '.join(filter(None, header))}")
    return found


def _key(title):
    return strip_marks(title.replace("_", " "))


def _read_csv(path):
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(f"{path.name}: không phải mã UTF-8; hãy lưu lại thành CSV UTF-8") from None
    if "\0" in text:
        raise FileError(f"{path.name}: CSV hỏng (có ký tự rỗng); hãy mở và lưu lại tệp")
    try:
        records = csv.reader(io.StringIO(text, newline=""), strict=True)
        return {path.stem: [[_trim(cell) for cell in record] for record in records]}
    except csv.Error as error:
        raise FileError(f"{path.name}: CSV hỏng ({error}); hãy mở và lưu lại tệp") from None


def _read_xlsx(path):
    try:
        book = CalamineWorkbook.from_path(path)
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except CalamineError:
        raise FileError(f"{path.name}: không phải tệp Excel đọc được; hãy mở và lưu lại tệp") from None
    return {name: [[_cell_text(cell) for cell in record] for record in records] for name, records in sheets.items()}


def _cell_text(cell):
    """What a spreadsheet's cell says; whole numbers without the ".0" that Excel stores, days in ISO form."""
    if isinstance(cell, float) and cell.is_integer():
        # from the sixteenth digit on Excel has put zeros: the form says that the number is not what was typed
        return str(int(cell)) if abs(cell) < 1e15 else f"{cell:e}"
    if isinstance(cell, datetime):
        return (cell.date() if cell.time() == datetime.min.time() else cell).isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return _trim(str(cell))


def _trim(text):
    return text.strip().strip(_BLANKS).strip()
