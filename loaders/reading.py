"""Users' files opened as one table of text, whatever they are written in, rows numbered as in a spreadsheet."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa

from geo.errors import FileError
from loaders.frames import CHUNK, TEXT
from loaders.headers import Mapping
from loaders.sheets import read_sheets
from loaders.texts import file_sha256, read_text
from loaders.titles import find_heading

__all__ = ["CHUNK", "MAPS", "SUFFIXES", "Source", "expand_paths", "file_sha256", "open_source"]
_READERS = {".csv": read_text, ".tsv": read_text, ".xlsx": read_sheets, ".xls": read_sheets, ".ods": read_sheets}
SUFFIXES = tuple(_READERS)
MAPS = (".gpkg", ".zip", ".geojson", ".json", ".kml")  # read by loaders.layers


@dataclass(frozen=True)
class Source:
    """A file as opened: what it is, how it heads its columns, and its rows, given anew at each call of `chunks`.

    titles: headers in the file's order, made unique, "" for a column without. headers: canonical column -> title.
    ignored: titles that no column is known for. notes: what was recognised or converted, to be told to the user.
    decimals: title -> "." where cells were numbers, not text. size: rows, or lines, for a progress bar.
    chunks: frames of at most CHUNK rows, columns `titles`, dtype str, "" where empty, trimmed; index: row of the file,
    its first line being 1; wholly empty rows left out. Raises FileError at a row with more cells than there are titles,
    or with a quote that does not fit.
    """

    name: str
    sha256: str
    titles: tuple[str, ...]
    headers: dict[str, str]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    decimals: dict[str, str]
    size: int
    chunks: Callable[[], Iterator[pd.DataFrame]]
    columns: tuple[str, ...] = ()
    mapping: Mapping | None = None

    def canonical(self, chunk):
        """A chunk's rows under the canonical columns, all of `columns`: "" where the file has none."""
        empty = pd.array(pa.repeat("", len(chunk)), dtype=TEXT)
        cells = {column: chunk[title].array for column, title in self.headers.items()}
        cells |= dict.fromkeys(set(self.columns) - self.headers.keys(), empty)
        rows = pd.DataFrame(cells, index=chunk.index, copy=False)
        return self.mapping.apply_values(rows) if self.mapping else rows

    @property
    def rows(self):
        """All rows under the canonical columns: for sources of one chunk."""
        (chunk,) = self.chunks()
        return self.canonical(chunk)


def make_source(name, sha256, rows, headers, ignored=(), notes=()):
    """A Source of one chunk from rows already at hand: text under the canonical columns, "" where empty, index: row of the file.

    headers: canonical column -> title in the file; for columns that the file lacks there is none.
    """
    titles = tuple(headers.values())
    chunk = rows[list(headers)].set_axis(list(titles), axis=1)
    return Source(
        name=name, sha256=sha256, titles=titles, headers=headers, ignored=tuple(ignored), notes=tuple(notes),
        decimals=dict.fromkeys(titles, "."), size=len(rows), chunks=lambda: iter([chunk]), columns=tuple(rows),
    )  # fmt: skip


def open_source(path, columns, mapping=None):
    """Open a file of text (csv, tsv) or a workbook (xlsx, xls, ods) whose titles name the columns.

    columns: canonical column -> (required, Vietnamese and other titles it goes by). mapping: loaders.headers.Mapping.
    Raises FileError when the file cannot be read, lacks a required column, or has a column of personal data.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if not reader:
        *others, last = SUFFIXES
        wanted = f"{', '.join(others)} hoặc {last}"
        raise FileError(f"{path.name}: không đọc được loại tệp này; hãy lưu thành {wanted}")
    try:
        heading, parts = reader(path, partial(find_heading, columns=columns, name=path.name, mapping=mapping))
    except OSError as error:
        raise FileError(f"{path}: không mở được tệp ({error.strerror}); hãy kiểm tra đường dẫn") from None
    notes = (*parts.pop("notes"), *heading.note)
    told = {"titles": heading.titles, "headers": heading.headers, "ignored": heading.ignored, "notes": notes}
    return Source(name=path.name, columns=tuple(columns), mapping=mapping, **told, **parts)


def expand_paths(paths, suffixes=SUFFIXES):
    """The files that a path or several stand for, each once: a folder's files of these suffixes, sorted by name.

    Hidden files, and what Excel keeps beside an open workbook (~$x.xlsx), are left out. Raises FileError for a folder
    with no other.
    """
    files = {}
    for path in map(Path, [paths] if isinstance(paths, str | Path) else paths):
        found = [path]
        if path.is_dir():
            inside = (file for file in sorted(path.iterdir()) if not file.name.startswith((".", "~$")))
            found = [file for file in inside if file.suffix.lower() in suffixes and file.is_file()]
            if not found:
                raise FileError(f"{path}: thư mục không có tệp {', '.join(suffixes)} nào; hãy kiểm tra đường dẫn")
        files |= dict.fromkeys(found)
    return list(files)
