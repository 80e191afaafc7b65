"""The pieces that a table is handed on in: rows of trimmed text, numbered as in the file, the empty ones left out."""

from itertools import islice

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.errors import FileError
from loaders.cells import letters_of
from loaders.titles import BLANKS, trim

CHUNK = 50_000  # rows read, checked and copied at a time
_PIECE = 2000  # records turned into columns at a time, few enough to stay in the processor's cache
TEXT = pd.StringDtype("pyarrow", na_value=np.nan)  # what pandas calls "str"


def make_frame(cells, titles, first, name):
    """Frame of one or more columns of text (pyarrow, all of one length); first: the file's number of their first row.

    Columns beyond the titles must be empty. Raises FileError naming the row where one is not.
    """
    cells = [_trim(column) for column in cells]
    filled = [pc.not_equal(pc.binary_length(column), 0).to_numpy(zero_copy_only=False) for column in cells]
    for beyond in filled[len(titles) :]:
        if beyond.any():
            raise _too_many_cells(name, first + int(beyond.argmax()))
    rows = pd.RangeIndex(first, first + len(filled[0]))
    frame = pd.DataFrame(
        {title: pd.array(column, dtype=TEXT) for title, column in zip(titles, cells, strict=False)}, index=rows
    )
    kept = np.logical_or.reduce(filled)
    return frame if kept.all() else frame[kept]


def _trim(column):
    """The cells (large_string) without blanks around them; a column of plain letters without one is left as it is."""
    letters = letters_of(column)
    if not len(letters) or (letters.min() > ord(" ") and letters.max() < 0x7F):
        return column
    return pc.utf8_trim(column, characters=BLANKS)


def make_frames(records, titles, first, name):
    """Frames of CHUNK rows of an iterator of records of text; first: the file's number of the first of them.

    Short records are filled up with ""; raises FileError naming the row where a cell beyond the titles is filled.
    """
    pieces, rows = [], 0
    while batch := list(islice(records, min(_PIECE, CHUNK - rows))):
        pieces.append(_make_columns(batch, len(titles), first + rows, name))
        rows += len(batch)
        if rows == CHUNK:
            yield _stack(pieces, titles, first, name)
            pieces, rows, first = [], 0, first + rows
    if pieces:
        yield _stack(pieces, titles, first, name)


def _stack(pieces, titles, first, name):
    return make_frame([pa.concat_arrays(column) for column in zip(*pieces, strict=True)], titles, first, name)


def _make_columns(records, width, first, name):
    if {*map(len, records)} != {width}:
        for row, record in enumerate(records, start=first):
            if len(record) > width and any(map(trim, record[width:])):
                raise _too_many_cells(name, row)
        records = [(*record[:width], *[""] * (width - len(record))) for record in records]
    return [pa.array(column, pa.large_string()) for column in zip(*records, strict=True)]


def _too_many_cells(name, row):
    return FileError(f"{name}: dòng {row} có nhiều ô hơn dòng tiêu đề; hãy kiểm tra dấu phân cách")
