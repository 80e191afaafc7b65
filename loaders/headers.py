"""A file's headers told apart: which title stands for which canonical column, by its known forms or by a --map file."""

import json
import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from rapidfuzz import fuzz

from geo.errors import FileError
from geo.names import fold, strip_marks
from loaders.findings_file import ADDED_TITLES
from loaders.personal import holds_person

_BRACKETS = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")
_LISTED = 20  # unknown titles told of: a sheet of a hundred columns would hide what is wrong
_NEAR = 75  # of 100, by rapidfuzz's WRatio: "ngay thang quet" is near "ngay quet", "ghi chu" is near nothing
_SECTIONS = {
    "columns": '[columns] ("tiêu đề trong tệp" = "cột")',
    "values": '[values.cột] ("giá trị trong tệp" = "giá trị đã biết")',
}


@dataclass(frozen=True)
class Mapping:
    """What a --map file says. columns: title in the file -> canonical column. values: canonical column -> value -> value.

    text: the file as written, for the run log.
    """

    name: str
    text: str = field(repr=False)
    columns: dict[str, str]
    values: dict[str, dict[str, str]]

    def apply_values(self, rows):
        """The rows (text, canonical columns) with the values that the file names put in place of the file's own.

        Case, blanks and where in a syllable the tone stands do not matter; an empty cell goes by "".
        """
        rows = rows.copy()
        for column in self.values.keys() & set(rows.columns):
            known = {fold(value): wanted for value, wanted in self.values[column].items()}
            text = rows[column]
            replaced = {typed: known[fold(typed)] for typed in text.unique() if fold(typed) in known}
            rows[column] = text.mask(text.isin(list(replaced)), text.map(replaced))
        return rows


def read_mapping(path):
    """The Mapping of a TOML file with the sections [columns] and [values.<canonical column>]; FileError if it is not one."""
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
        told = tomllib.loads(text)
    except OSError as error:
        raise FileError(f"{path}: không mở được tệp ({error.strerror}); hãy kiểm tra đường dẫn") from None
    except UnicodeDecodeError:
        raise FileError(f"{path.name}: không phải mã UTF-8; hãy lưu lại tệp --map thành UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise FileError(f"{path.name}: tệp --map không đúng cú pháp TOML ({error}); hãy sửa chỗ đó") from None
    faults = [f"mục lạ {_quote(section)}" for section in told.keys() - _SECTIONS.keys()]
    columns, values = told.get("columns", {}), told.get("values", {})
    if not _are_texts(columns):
        faults.append("mục [columns] không phải các dòng “tiêu đề” = “cột”")
    if not isinstance(values, dict) or not all(_are_texts(pairs) for pairs in values.values()):
        faults.append("mục [values] không phải các mục [values.cột] với các dòng “giá trị” = “giá trị”")
    if faults:
        raise FileError(f"{path.name}: {'; '.join(faults)}; hãy chỉ dùng các mục {' và '.join(_SECTIONS.values())}")
    return Mapping(path.name, text, columns, values)


def map_headers(header, columns, name, mapping=None):
    """Canonical column -> the title in `header` that stands for it, in the file's order.

    columns: canonical column -> (required, other forms of its title). Diacritics, case, blanks, punctuation and what
    stands in brackets do not matter. A title that `mapping` names goes before every other title of that column.
    Titles that a file of findings adds are passed over. FileError lists all that is wrong; where no title at all is
    known it repeats none, since the row may be data.
    """
    titles = [title for title in header if title and not is_added(title)]
    mapped, faults = _apply_mapping(titles, columns, mapping) if mapping else ({}, [])
    known = {_key(form): column for column, (_, forms) in reversed(columns.items()) for form in (column, *forms)}
    chosen = set(mapped.values())
    found = {column: [title for title in titles if mapped.get(title) == column] for column in chosen}
    unknown = []
    for title in titles:
        column = known.get(_key(title)) or known.get(_key(_BRACKETS.sub(" ", title)))
        if title in mapped:
            continue
        if column is None or column in chosen:
            unknown.append(title)
        else:
            found.setdefault(column, []).append(title)
    faults += [
        f"hai cột cùng là {column} ({', '.join(map(_quote, of))})" for column, of in found.items() if len(of) > 1
    ]
    missing = [column for column, (required, _) in columns.items() if required and column not in found]
    if missing and not found:
        wanted = ", ".join(_name(column, columns) for column in missing)
        fault = "".join(f"; {fault}" for fault in faults)
        raise FileError(
            f"{name}: dòng đầu không có tiêu đề nào đã biết; cần các cột {wanted}{fault}; "
            "hãy ghi dòng tiêu đề ở đầu bảng, hoặc ghi tên cột của tệp vào một tệp --map"
        )
    if missing or faults:
        raise FileError(f"{name}: {_describe(missing, faults, unknown, columns)}")
    places = {title: place for place, title in reversed(list(enumerate(header)))}
    return dict(sorted(((column, title) for column, (title,) in found.items()), key=lambda pair: places[pair[1]]))


def is_added(title):
    """Whether a title is one of those that a file of findings adds to the file's own."""
    return _key(title) in {_key(added) for added in ADDED_TITLES}


def _apply_mapping(titles, columns, mapping):
    """Title in the file -> canonical column as the mapping says, and what of the mapping does not fit."""
    mapped, faults = {}, []
    for column in (*mapping.columns.values(), *mapping.values):
        if column not in columns:
            near = _nearest([column], columns)
            asked = f": có phải {', '.join(near)}?" if near else f"; các cột là {', '.join(columns)}"
            faults.append(f"tệp {mapping.name} nhắc cột lạ {_quote(column)}{asked}")
    for title, column in mapping.columns.items():
        exact = [each for each in titles if each == title]
        meant = exact or [each for each in titles if _key(each) == _key(title)]
        if not meant:
            faults.append(f"tệp {mapping.name} nhắc tiêu đề {_quote(title)} mà tệp này không có")
        elif column in columns:
            mapped |= dict.fromkeys(meant, column)
    return mapped, faults


def _describe(missing, faults, unknown, columns):
    """What is wrong with the headers and what to do, as one sentence without the file's name."""
    parts, lines = list(faults), []
    shown = [title for title in unknown if not holds_person(title)]
    for column in missing:
        near = _nearest((column, *columns[column][1]), shown)
        asked = f": có phải {', '.join(map(_quote, near))}?" if near else ""
        parts.append(f"thiếu cột {_name(column, columns)}{asked}")
        lines.append(f"{_toml(near[0] if near else 'tiêu đề trong tệp')} = {_toml(column)}")
    if shown:
        more = f" và {len(unknown) - _LISTED} cột nữa" if len(unknown) > _LISTED else ""
        parts.append(f"các cột chưa biết: {', '.join(map(_quote, shown[:_LISTED]))}{more}")
    if lines:
        parts.append(
            f"hãy đổi tên cột, hoặc nạp với --map và một tệp có dòng [columns] rồi dòng {', dòng '.join(lines)}"
        )
    else:
        parts.append("hãy giữ lại một cột cho mỗi tên, hoặc sửa tệp --map")
    return "; ".join(parts)


def _nearest(forms, titles):
    """Up to three of the titles that come near one of the forms, the nearest first."""
    scores = {title: max(fuzz.WRatio(_words(form), _words(title)) for form in forms) for title in titles}
    return sorted((title for title in scores if scores[title] >= _NEAR), key=lambda title: -scores[title])[:3]


@lru_cache(maxsize=10_000)
def _words(title):
    """The title's letters and digits in words, without marks: "Số_lượt quét\\n(lượt)" gives "so luot quet luot"."""
    return " ".join(re.findall(r"[^\W_]+", strip_marks(title)))


def _key(title):
    return _words(title).replace(" ", "")


def _name(column, columns):
    forms = columns[column][1]
    return f"{column} ({forms[0]})" if forms else column


def _quote(title):
    return f"“{' '.join(title.split())[:80]}”"


def _toml(text):
    return json.dumps(" ".join(text.split()), ensure_ascii=False)  # a JSON string is a basic string of TOML


def _are_texts(pairs):
    return isinstance(pairs, dict) and all(isinstance(value, str) for value in pairs.values())
