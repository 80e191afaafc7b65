"""Personal data kept out: a file whose headers or cells look like persons' is refused, and nothing of it is repeated."""

import re
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.errors import FileError
from geo.names import strip_marks
from geo.personal import ANY, BORN, MAIL, MOBILE, NEUTRAL, NOT_ROUND, PAYLOAD, PROVINCE, RULES, holds_person
from loaders.cells import cells_of, letters_of

# Headers, without marks and punctuation, that tell of persons. Counts of people and a venue's own codes are none.
_PERSONAL = re.compile(
    r"\b(dien thoai(?! thong minh)|so dt|sdt|dtdd|di dong|(tele)?phone\w*|tel|mobile\w*|e ?mail|thu dien tu|zalo"
    r"|cccd|cmnd|cmt|cmtnd|can cuoc|chung minh (nhan dan|thu)|ho chieu|passport|identity (number|card|no)|id number"
    r"|so dinh danh(?! (dia diem|diem|co so|don vi|to chuc|doanh nghiep))|dinh danh ca nhan|(bhxh|bhyt|bao hiem) (so|ma)"
    r"|(so|ma) (the )?(bhxh|bhyt|bao hiem)|ho (va )?ten|(full|first|last|sur) ?name|ten (nguoi(?! (giam sat|kiem tra))|benh nhan|ca benh)"
    r"|(?<!so )(?<!luot )nguoi (dang ky|khai|dai dien|lien he)|(thong tin|so|dau moi) lien he|contact|registrant"
    r"|chu (ho|co so|nha|cua hang|doanh nghiep|so huu|phuong tien|xe)|owner name|patient"
    r"|dob|(ngay|nam|noi) sinh|birth ?da(te|y)|date of birth|year of birth|gioi tinh|que quan|thuong tru|ho khau"
    r"|so tai khoan|(noi dung|chuoi|du lieu) (ma )?qr|noi dung quet|\w*payload)\b"
)
# Without their marks the same as "chủ quản", which is an office, and as DT, which is an area.
_MARKED = re.compile(r"\bchủ quán\b|^\W*đt\W*$")
_TAX = re.compile(r"\b(ma so thue|mst|tax (code|number|id)|ma so (doanh nghiep|dn)|msdn)\b")
_FOUNDED = re.compile(r"\b(thanh lap|cap|hoat dong|khai truong|xay dung|khanh thanh|cong nhan|ban hanh|quyet dinh)\b")
# Columns that hold codes, counts, days or places on earth: single values of them mean nothing, see _are_of_persons.
CODED = {
    "day", "created_on", "closed_on", "inspected_on", "arrived_at", "left_at", "onset_on", "from_vintage", "to_vintage",
    "venue_code", "case_code", "case_class", "commune_code", "district_code", "province_code", "obligation_group", "level",
    "hour", "lon", "lat", "scans", "total_scans", "people", "venues_with_scans", "obliged", "population", "households", "posted",
    "minutes", "head_count", "scanned", "share", "from_code", "to_code", "returned_on", "staff", "installed",
    "assessed_on", "points", "supervisors", "entrants",
}  # fmt: skip

_BIRTH = (
    r"^(?:[0-3]?[0-9][/.-][01]?[0-9][/.-](?:19[0-9]{2}|200[0-9])|(?:19[0-9]{2}|200[0-9])[/.-][01]?[0-9][/.-][0-3]?[0-9]"
    r"|[0-3][0-9][01][0-9](?:19[0-9]{2}|200[0-9]))(?:[ T][0-9:.]+)?$"
)
# Whole cells of digits that could be a person's number, a zero in front perhaps lost to a spreadsheet; what tells
# people apart in it (carrier, year of birth and sex, place of issue) is the first group of digits.
_NUMBERS = [
    rf"^(?:0|\+?84)?(?P<kind>{MOBILE})(?P<rest>[0-9]{{7}})$",
    rf"^(?:{PROVINCE}|[1-8][0-9]|9[0-6])(?P<kind>{BORN})(?P<rest>[0-9]{{6}})$",
    rf"^(?P<kind>(?:0[1-9]|[12][0-9]|3[0-8])[0-9]{{2}})(?P<rest>[0-9]{{2}}{NOT_ROUND})$",
]
HIDDEN = "(đã che)"  # in place of a person's number in a cell that was to hold a code, a count or a day
_SHORTEST = 9  # digits of a person's number, at least
_SAMPLE = 5_000  # cells that tell whether a whole column is worth a closer look


def refuse_personal_headers(titles, name):
    """FileError where a header tells of personal data; it names the columns, never what is in them."""
    personal = [_show(title, place) for place, title in enumerate(titles, start=1) if _is_personal(title)]
    if personal:
        raise FileError(f"{name}: có cột dữ liệu cá nhân ({', '.join(personal)}); hãy xóa các cột này rồi nạp lại")


def hide_persons(values, column=None):
    """Texts (Series) with HIDDEN in place of those that look like a person's; never those of a system with such codes.

    column: all cells of the column, where one of codes: if half of those filled look so, it is such a system's, since
    PersonalWatch has refused columns of persons.
    """
    found = _find(cells_of(values), ANY)
    if not found.any():
        return values
    if column is not None and 2 * _find(cells_of(column), ANY).sum() >= (column != "").sum() > 2:
        return values
    return values.mask(found, HIDDEN)


def hide_in_rows(rows, headers, chunk):
    """Some rows of a chunk with what is a person's hidden in the columns that hold codes, counts and days.

    headers: canonical column -> title. Of the others PersonalWatch has refused what is.
    """
    hidden = {
        title: hide_persons(rows[title], chunk[title] if column == "venue_code" else None)
        for column, title in headers.items()
        if column in CODED
    }
    return rows.assign(**hidden)


class PersonalWatch:
    """Looks at every cell of a file, also of the columns left unread, for what is a person's.

    headers: canonical column -> title. Free text is refused for one telephone or identity number, e-mail address or
    payload of a person's QR code. Codes, counts and days are refused for a payload, or where the column's numbers as a
    whole are telephones or identity numbers (see _are_of_persons); columns of tax codes for payloads and e-mail only.
    """

    def __init__(self, name, headers):
        self.name = name
        self._columns = {title: column for column, title in headers.items()}

    def look(self, chunk):
        """Raise FileError where cells of the chunk (text, columns = titles, index = row of the file) are personal."""
        faults = []
        for place, title in enumerate(chunk.columns, start=1):
            what, hits = self._look_at(title, cells_of(chunk.iloc[:, place - 1]))
            if what:
                rows = chunk.index[hits].tolist()
                more = f" và {len(rows) - 5} dòng nữa" if len(rows) > 5 else ""
                at = f" (dòng {', '.join(map(str, rows[:5]))}{more})" if rows else ""
                faults.append(f"cột {_show(title, place)} có {what}{at}")
        if faults:
            raise FileError(f"{self.name}: {'; '.join(faults)}; hãy xóa dữ liệu cá nhân khỏi tệp rồi nạp lại")

    def _look_at(self, title, cells):
        """What of persons the cells hold, None if nothing, and the places of the cells (empty: the whole column)."""
        column = self._columns.get(title)
        words = _words(title)
        coded = column in CODED
        if coded:
            rules = PAYLOAD
        elif _TAX.search(words):
            rules = f"{PAYLOAD}|{MAIL}"
        else:
            rules = ANY
        hits = np.flatnonzero(_find(cells, rules))
        if column is None and len(hits):  # a column left unread may be numbers of any meaning: judged as a whole
            bare = pc.match_substring_regex(cells.take(pa.array(hits)), r"^\+?[0-9]+$").to_numpy()
            if bare.any() and not _are_of_persons(cells, strict=False):
                hits = hits[~bare]
        if len(hits):
            found = cells.take(pa.array(hits))
            return " và ".join(what for what, rule in RULES.items() if _find(found, rule).any()), hits
        numeric = (coded or column is None) and not _TAX.search(words)
        if numeric and _are_of_persons(cells, strict=column != "case_code" and coded):
            return "số điện thoại hoặc số giấy tờ tùy thân", hits
        if not coded and not _FOUNDED.search(words) and _are_birth_dates(cells):
            return "ngày sinh", hits
        return None, hits


def _find(cells, rules):
    """Where cells match one of the rules, what is NEUTRAL set aside; numpy booleans. Each distinct text is looked at once."""
    if rules == PAYLOAD and not any((letters_of(part) == ord("|")).any() for part in cells.chunks):
        return np.zeros(len(cells), dtype=bool)
    distinct = pc.unique(cells)
    found = _find_in(distinct, rules)
    if not found.any():
        return np.zeros(len(cells), dtype=bool)
    return pc.is_in(cells, distinct.filter(pa.array(found))).to_numpy(zero_copy_only=False)


def _find_in(cells, rules):
    found = pc.match_substring_regex(cells, rules).fill_null(False).to_numpy(zero_copy_only=False)
    hits = np.flatnonzero(found)
    if len(hits):
        without = pc.replace_substring_regex(cells.take(pa.array(hits)), NEUTRAL, "")
        found = found.copy()
        found[hits] = pc.match_substring_regex(without, rules).to_numpy(zero_copy_only=False)
    return found


def _are_of_persons(cells, strict):
    """Whether a column's cells, taken together, are telephones or identity numbers and not a system's own codes.

    strict: at least 90 % of the filled cells have the form of one of the two, and there are five or more of them;
    else more than half of the cells that are nine digits alone or more. A system counts on, or begins its codes alike;
    people's numbers lie apart (half of the neighbours by 20 or more: a province numbers some 20,000 births a year on),
    begin with many carriers, years or places, and do not go on alike after that.
    """
    if (pc.max(pc.binary_length(cells)).as_py() or 0) < _SHORTEST:
        return False
    for sampled in (True, False) if len(cells) > _SAMPLE else (False,):
        looked = cells.take(pa.array(np.linspace(0, len(cells) - 1, _SAMPLE).astype(int))) if sampled else cells
        filled = looked.filter(pc.not_equal(looked, ""))
        if sampled and len(filled) < 0.1 * _SAMPLE:
            continue
        digits = filled if strict else filled.filter(pc.match_substring_regex(filled, r"^\+?[0-9]{9,}$"))
        shares = [pc.mean(pc.match_substring_regex(digits, form)).as_py() or 0 for form in _NUMBERS]
        best = int(np.argmax(shares))
        if shares[best] < (0.9 if strict else 0.5):
            return False
    numbers = pc.unique(digits.filter(pc.match_substring_regex(digits, _NUMBERS[best])))
    count = len(numbers)
    if strict and count < 5:
        return False
    parts = pc.extract_regex(numbers, _NUMBERS[best])
    kinds = len(pc.unique(pc.struct_field(parts, "kind")))
    starts = pc.value_counts(pc.utf8_slice_codeunits(pc.struct_field(parts, "rest"), 0, 3))
    alike = pc.max(pc.struct_field(starts, "counts")).as_py() / count
    gaps = np.diff(np.sort(pc.cast(pc.replace_substring(numbers, "+", ""), pa.int64()).to_numpy()))
    spread = kinds >= min(count, max(3, 0.4 * min(count, 20))) and (count < 3 or alike <= 0.5)
    return spread and (count == 1 or bool(np.median(gaps) >= 20))


def _are_birth_dates(cells):
    """Whether more than half of the filled cells, three or more of them, are days before 2010."""
    filled = cells.filter(pc.not_equal(cells, ""))
    if len(filled) > _SAMPLE:
        filled = filled.take(pa.array(np.linspace(0, len(filled) - 1, _SAMPLE).astype(int)))
    return len(filled) >= 3 and pc.mean(pc.match_substring_regex(filled, _BIRTH)).as_py() > 0.5


def _is_personal(title):
    return bool(_PERSONAL.search(_words(title)) or _MARKED.search(unicodedata.normalize("NFC", title).casefold()))


def _words(title):
    return " ".join(re.findall(r"[^\W_]+", strip_marks(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", title))))


def _show(title, place):
    """The column by its title, by its place where the title itself could be of a person."""
    shown = " ".join(title.split())
    return shown if shown and len(shown) <= 80 and not holds_person(title) else f"thứ {place}"
