"""The row of titles in a table, found below title lines and above the data, and each known column's title in it."""

from collections import Counter
from dataclasses import dataclass

from geo.errors import FileError
from geo.names import strip_marks
from loaders.headers import is_added, map_headers
from loaders.personal import refuse_personal_headers

SEARCHED = 30  # rows from the top in which the titles must stand
# Taken off the ends of every cell, in any order: all blanks, and marks of no width that were pasted along with text.
BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u200b\u200c\u200d\u2060\ufeff"


@dataclass(frozen=True)
class Heading:
    """How a table is headed. rows: records from the top to the last of the titles; known: how many columns were known.

    titles: unique, "" for one column without; those beyond the last title are left out. fault: why the
    titles do not fit, None where they do.
    """

    rows: int
    titles: tuple[str, ...]
    headers: dict[str, str]
    known: int
    fault: FileError | None = None

    @property
    def ignored(self):
        """Titles that no column was known for."""
        known = self.headers.values()
        return tuple(title for title in self.titles if title and title not in known and not is_added(title))

    @property
    def note(self):
        """What to tell of where the titles stand: nothing where it is the first row."""
        return (f"Tiêu đề ở dòng {self.rows}, các dòng trên được bỏ qua",) if self.rows > 1 else ()


def trim(text):
    """A cell's text without blanks and marks of no width around it."""
    return text.strip(BLANKS)


def find_heading(records, columns, name, mapping=None):
    """The first of the topmost records, alone or with the one below it, that names all required columns.

    records: lists of trimmed text, the first record of the file first. Where none fits, the Heading's fault is what is
    wrong with the record that names most. Raises FileError when the titles tell of personal data.
    """
    records = [_cut(record) for record in records[: SEARCHED + 1]]
    below = [*records[1:], []]
    tried = []
    for number, (record, next_record) in enumerate(zip(records[:SEARCHED], below, strict=False), start=1):
        if not record:
            continue
        alone = _map(record, number, columns, name, mapping)
        joined = _map(_join(record, next_record), number + 1, columns, name, mapping) if next_record else alone
        if not alone.fault:
            # a second row of titles stands beside those of the first, never under them; a row of data does
            named = [place for place, title in enumerate(record) if title in alone.headers.values()]
            beside = not any(next_record[place : place + 1] != [""] for place in named if place < len(next_record))
            return _check_personal(joined if beside and joined.known > alone.known else alone, record, name)
        if not joined.fault and _map(next_record, number + 1, columns, name, mapping).fault:
            return _check_personal(joined, record, name)
        tried.append((alone, record))
    if not tried:
        return Heading(0, (), {}, 0, FileError(f"{name}: tệp rỗng; cần một dòng tiêu đề và các dòng số liệu"))
    # titles of another table, perhaps of people, stand in the first row of several cells
    rows = [heading for heading in tried if sum(map(bool, heading[1])) > 1][:1] or tried[:1]
    best = max([*rows, *tried], key=lambda heading: heading[0].known)
    for _, record in (*rows, best):
        refuse_personal_headers(tuple(filter(None, record)), name)
    return best[0]


def _check_personal(heading, record, name):
    refuse_personal_headers(tuple(filter(None, dict.fromkeys([*heading.titles, *record]))), name)
    return heading


def _map(record, number, columns, name, mapping):
    try:
        headers = map_headers(tuple(record), columns, name, mapping)
    except FileError as fault:
        return Heading(number, _name_apart(record), {}, _count_known(record, columns, name, mapping), fault)
    return Heading(number, _name_apart(record), headers, len(headers))


def _count_known(record, columns, name, mapping):
    """How many of the titles are known, though others may be missing, or two the same."""
    optional = {column: (False, forms) for column, (_, forms) in columns.items()}
    mapped = {strip_marks(title) for title in mapping.columns} if mapping else set()
    return sum(strip_marks(title) in mapped or bool(map_headers((title,), optional, name)) for title in record if title)


def _join(upper, lower):
    """Titles of two rows: the lower one's, else the upper one's; group and title together where a title repeats."""
    width = max(len(upper), len(lower))
    upper, lower = upper + [""] * (width - len(upper)), lower + [""] * (width - len(lower))
    times = Counter(filter(None, lower))
    titles, group = [], ""
    for above, title in zip(upper, lower, strict=True):
        group = above or group
        titles.append(f"{group} {title}".strip() if times[title] > 1 else title or above)
    return titles


def _name_apart(record):
    """Titles made unique: "Ghi chú", "Ghi chú (2)"."""
    titles, next_number = {}, Counter()
    for title in record:
        form = title
        while form in titles:
            next_number[title] += 1
            form = f"{title} ({next_number[title] + 1})".strip()
        titles[form] = None
    return tuple(titles)


def _cut(record):
    end = len(record)
    while end and not record[end - 1]:
        end -= 1
    return list(record[:end])
