"""Tables in workbooks, xlsx, xls and ods: the one sheet that has the columns, and what its typed cells say as text."""

import hashlib
import io
import re
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from itertools import islice, product
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

from geo.errors import FileError
from geo.names import strip_marks
from loaders.encodings import LABELS
from loaders.fonts import FONTS, ConvertedCells, FontWords, convert
from loaders.frames import make_frames
from loaders.titles import SEARCHED, trim

_TOTALS = {"cong", "tong", "tong cong", "tong so", "cong chung", "total"}
_EXACT = 1e15  # from the sixteenth digit on Excel has put zeros
_PLACE = re.compile("([A-Z]+)([0-9]+)")
# An error as a cell's value in the records BOOLERR and FORMULA of xls ([MS-XLS] 2.4.24, 2.4.127), and in ods.
_XLS_ERROR = re.compile(
    rb"\x05\x02\x08\x00.{6}[\x00\x07\x0f\x17\x1d\x24\x2a]\x01|\x06\x00..{7}.\x02\x00[\x00\x07\x0f\x17\x1d\x24\x2a]\x00{3}\xff\xff",
    re.DOTALL,
)
_BROKEN = (
    CalamineError,
    OSError,
    KeyError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
    ElementTree.ParseError,
)
_ODS_ERROR = re.compile(rb'value-type="error"')


@dataclass(frozen=True)
class _Sheet:
    """One sheet as calamine read it, its rows given as records of text from the file's first row and column on.

    errors: (row, column) from 0 -> the text of an error, "#N/A", where calamine has an empty cell.
    dropped: numbers of rows, from 1, to be given as empty. converted: of cells in a font of before Unicode.
    """

    sheet: object
    errors: dict[tuple[int, int], str]
    dropped: frozenset[int] = frozenset()
    converted: ConvertedCells | None = None

    @property
    def size(self):
        """Rows down to the last one that is used."""
        return self.sheet.start[0] + self.sheet.height if self.sheet.start else 0

    def read_cells(self):
        """Each row of the file: its number, and its cells as typed."""
        if self.sheet.start:
            left = [""] * self.sheet.start[1]  # calamine gives the empty rows above a table, not the columns beside it
            for number, cells in enumerate(self.sheet.iter_rows(), start=1):
                yield number, left + cells

    def read_records(self):
        """Each row of the file as text, empty ones too."""
        rows_with_errors = {row for row, _ in self.errors}
        for number, cells in self.read_cells():
            if number - 1 in rows_with_errors:
                cells = [self.errors.get((number - 1, place), cell) for place, cell in enumerate(cells)]
            record = [] if number in self.dropped else list(map(_cell_text, cells))
            yield self.converted.read(record) if self.converted else record


def read_sheets(path, find):
    """Open a workbook. find: function of the first records that gives their Heading.

    Returns the Heading and sha256, notes, decimals, size and chunks of a Source. Raises FileError, and OSError.
    """
    data = path.read_bytes()
    with _refuse_broken(path.name):
        book = _open_book(path, data)
        tables = [sheet.name for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        sheets = {name: book.get_sheet_by_name(name) for name in tables}
        _refuse_hidden_errors(data, path.name)
    name, heading, font = _choose_sheet(sheets, find, path.name)
    with _refuse_broken(path.name):
        sheet = _Sheet(sheets[name], _find_errors(data, name))
    fractions, dropped, words = _look_through(sheet, heading)
    converted = words.recognise(font)
    sheet = _Sheet(sheet.sheet, sheet.errors, frozenset(dropped), converted)
    others = [other for other in sheets if other != name and sheets[other].start]
    notes = ((f"Đọc trang tính “{name}”, bỏ qua {len(others)} trang khác",) if others else ()) + tuple(
        f"Bỏ dòng {number}: dòng tổng" for number in sorted(dropped)
    )
    fonts = sorted({font, converted and converted.font} - {None})
    notes += tuple(f"Chữ theo phông {LABELS[each]}, đã chuyển sang Unicode" for each in fonts)
    decimals = {title: "." for place, title in enumerate(heading.titles) if place in fractions}
    return heading, {
        "sha256": hashlib.sha256(data).hexdigest(),
        "notes": notes,
        "decimals": decimals,
        "size": max(sheet.size - heading.rows, 0),
        "chunks": partial(_read_chunks, sheet, heading, path.name),
    }


@contextmanager
def _refuse_broken(name):
    """Turns what calamine and zipfile raise at a broken workbook into a FileError."""
    try:
        yield
    except PasswordError:
        raise FileError(f"{name}: tệp đặt mật khẩu; hãy bỏ mật khẩu rồi lưu lại") from None
    except BaseException as error:
        # calamine panics at some broken files, in an exception that is no Exception and cannot be imported
        if not isinstance(error, _BROKEN) and type(error).__name__ != "PanicException":
            raise
        raise FileError(f"{name}: không phải tệp bảng tính đọc được; hãy mở và lưu lại tệp") from None


def _open_book(path, data):
    try:
        return CalamineWorkbook.from_path(path)
    except PasswordError:
        raise
    except CalamineError:  # perhaps of another kind than its suffix says
        return CalamineWorkbook.from_filelike(io.BytesIO(data))


def _choose_sheet(sheets, find, name):
    """The one sheet with the columns, its Heading, and the font of its titles, if any; other sheets may stand beside it."""
    headings, fonts = {}, {}
    for title, sheet in sheets.items():
        records = islice(_Sheet(sheet, {}).read_records(), SEARCHED + 1)
        headings[title], fonts[title] = _find_heading([list(map(trim, record)) for record in records], find)
    if not headings:
        raise FileError(f"{name}: tệp không có trang tính nào; hãy mở và lưu lại tệp")
    fitting = [title for title, heading in headings.items() if not heading.fault]
    # Words of another sheet may look like titles once they are read in a font that they are not written in
    fitting = [title for title in fitting if fonts[title] is None] or fitting
    if len(fitting) > 1:
        raise FileError(f"{name}: nhiều trang tính có các cột này ({', '.join(fitting)}); hãy giữ một trang trong tệp")
    if not fitting:
        raise max(headings.values(), key=lambda heading: (heading.known, heading.rows > 0)).fault
    return fitting[0], headings[fitting[0]], fonts[fitting[0]]


def _find_heading(records, find):
    """The Heading that knows most titles, read as they stand or in a font of before Unicode, and that font or None."""
    best, found = find(records), None
    for font, doubtful in product(FONTS, (False, True)):
        read = [
            [convert(text, font, doubtful) if text and not text.isascii() else text for text in record]
            for record in records
        ]
        if read != records:
            heading = find(read)
            if (not heading.fault, heading.known) > (not best.fault, best.known):
                best, found = heading, font
    return best, found


def _look_through(sheet, heading):
    """Places of columns with numbers that are not whole, the numbers of the rows of totals at the bottom, and FontWords."""
    fractions, last, words = set(), [], FontWords()
    wanted = [heading.titles.index(title) for title in heading.headers.values()]
    for number, cells in sheet.read_cells():
        if number <= heading.rows:
            continue
        fractions |= {place for place, cell in enumerate(cells) if isinstance(cell, float) and not cell.is_integer()}
        for place, cell in enumerate(cells):
            if isinstance(cell, str):
                words.take(place, cell)
        if any(cell != "" for cell in cells):
            last = [*last[-9:], (number, list(map(_cell_text, cells)))]
    dropped = []
    for number, record in reversed(last):
        if _is_total(record):
            dropped.append(number)
        elif all(place < len(record) and trim(record[place]) for place in wanted[:2]):
            break  # a row of data: only totals, notes and signatures were below it
    return fractions, dropped, words


def _is_total(record):
    first, *others = [text for text in map(trim, record) if text] or [""]
    return strip_marks(first.rstrip(":.")) in _TOTALS and not any(any(map(str.isalpha, text)) for text in others)


def _read_chunks(sheet, heading, name):
    records = islice(sheet.read_records(), heading.rows, None)
    return make_frames(records, heading.titles, heading.rows + 1, name)


def _cell_text(cell):
    """What a cell says; whole numbers without the ".0" that Excel stores, days and times in ISO form."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        if cell != int(cell):
            return repr(cell)
        return str(int(cell)) if abs(cell) < _EXACT else f"{cell:e}"  # the form says that it is not what was typed
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() < time(0, 0, 1) else cell.isoformat(timespec="seconds")
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return cell.isoformat(timespec="seconds") if isinstance(cell, time) else cell.isoformat()


def _refuse_hidden_errors(data, name):
    """FileError for an xls or ods with an error (#N/A) in a cell: calamine gives an empty cell for it."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            found = "content.xml" in parts.namelist() and _ODS_ERROR.search(parts.read("content.xml"))
    else:
        found = _XLS_ERROR.search(data)
    if found:
        raise FileError(
            f"{name}: có ô lỗi công thức (#N/A, #REF!…); hãy sửa ô đó, hoặc lưu thành .xlsx để biết dòng nào"
        )


def _find_errors(data, name):
    """(row, column) from 0 -> text of the cells of an xlsx sheet that hold an error."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return {}
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        if "xl/workbook.xml" not in parts.namelist():
            return {}
        part, errors, ahead = _find_part(parts, name), {}, b""
        with parts.open(part) as file:
            if not any(b't="e"' in (ahead := ahead[-4:] + block) for block in iter(partial(file.read, 1 << 20), b"")):
                return {}
        with parts.open(part) as file:
            for _, element in ElementTree.iterparse(file):
                tag = element.tag.rpartition("}")[2]
                if tag == "c" and element.get("t") == "e":
                    letters, row = _PLACE.fullmatch(element.get("r")).groups()
                    column = sum((ord(each) - 64) * 26**power for power, each in enumerate(reversed(letters)))
                    errors[int(row) - 1, column - 1] = element.findtext("{*}v")
                if tag == "row":
                    element.clear()
    return errors


def _find_part(parts, name):
    """The part of an xlsx that holds the sheet of this name."""
    book = ElementTree.fromstring(parts.read("xl/workbook.xml"))
    kept = {sheet.get("name"): sheet for sheet in book.iter() if sheet.tag.endswith("}sheet")}[name]
    relations = ElementTree.fromstring(parts.read("xl/_rels/workbook.xml.rels"))
    targets = {relation.get("Id"): relation.get("Target") for relation in relations}
    target = targets[{key.rpartition("}")[2]: value for key, value in kept.items()}["id"]]
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
