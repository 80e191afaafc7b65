"""Any text goes through COPY as it is; empty text is null; numbers and days go in PostgreSQL's own binary form."""

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import psycopg2
import pytest
import sqlalchemy as sa

from geo import db
from loaders.copying import Copier, copy_rows

TEXTS = [
    "\t", "a\tb", "a\nb", "a\r\nb", "\r", "\\", "\\N", "\\.", "a\n\\.\nb", "\\t", '"', '""', 'a"b', '"a","b"', "'", ",", "NULL", "nan",
    " a ", "\u00a0", "\u2028", "\ufeffa", "\x01\x1f\x7f\x85", "𠀀", "😀👩‍👩‍👧", "Đ\u0300", "e\u0302\u0301", "{}", "%s", ":name", "$1", "\ufffe",
    "x" * 1_000_000,
]  # fmt: skip


@pytest.fixture
def connection(database):
    with db.engine().connect() as connection:
        yield connection


@pytest.fixture
def copied(connection):
    """A function that copies a frame into a table of these columns, and gives its rows."""

    def copy(columns, rows):
        connection.execute(sa.text(f"CREATE TEMP TABLE target ({columns}) ON COMMIT DROP"))
        copy_rows(connection.connection, "target", rows)
        return [tuple(row) for row in connection.execute(sa.text("SELECT * FROM target"))]

    return copy


@pytest.mark.parametrize("dtype", ["str", "object"])
def test_any_text_is_what_it_was(copied, dtype):
    rows = pd.DataFrame({"number": range(len(TEXTS)), "words": pd.Series(TEXTS, dtype=dtype)})
    assert dict(copied("number int, words text", rows)) == dict(enumerate(TEXTS))


def test_a_text_alone_in_its_row_is_what_it_was(copied):
    assert copied("words text", pd.DataFrame({"words": TEXTS})) == [(text,) for text in TEXTS]


@pytest.mark.parametrize("dtype", ["str", "object"])
def test_empty_and_missing_texts_are_null(copied, dtype):
    rows = pd.DataFrame({"a": pd.Series(["", None, "x"], dtype=dtype), "b": pd.Series(["y", "", None], dtype=dtype)})
    assert copied("a text, b text", rows) == [(None, "y"), (None, None), ("x", None)]


@pytest.mark.parametrize("text", ["\0", "a\0b"])
def test_a_text_that_postgresql_cannot_hold_is_refused(connection, copied, text):
    with pytest.raises(psycopg2.DataError, match="0x00"):
        copied("words text", pd.DataFrame({"words": ["good", text]}))
    connection.rollback()


def test_columns_are_told_by_their_names_whatever_these_are(copied):
    rows = pd.DataFrame({"Select": ["b"], "row": [1]})
    assert copied('row int, "Select" text, more int', rows) == [(1, "b", None)]


INTEGERS = [0, 1, -1, 255, 65_536, 2**31 - 1, -(2**31)]
DAYS = ["2000-01-01", "1999-12-31", "1970-01-01", "2021-11-26", "2024-02-29", "0001-01-01", "9999-12-31"]


def test_whole_numbers_and_days_are_what_they_were(copied):
    rows = pd.DataFrame({"day": np.array(DAYS, "datetime64[s]"), "number": INTEGERS, "small": np.arange(7, dtype="i2")})
    found = copied("number int, small int, day date", rows[["day", "number", "small"]])
    assert found == [
        (number, place, date.fromisoformat(day)) for place, (day, number) in enumerate(zip(DAYS, INTEGERS, strict=True))
    ]


def test_values_that_may_be_missing_are_null_there(copied):
    rows = pd.DataFrame({
        "number": pd.array([1, None], dtype="Int64"), "flag": pd.array([None, False], dtype="boolean"),
        "share": [0.1, np.nan], "moment": pd.to_datetime(["2021-11-26T17:00:00Z", None]), "day": pd.array([date(2021, 11, 26), None], dtype="date32[pyarrow]"),
    })  # fmt: skip
    assert copied("number bigint, flag boolean, share float, moment timestamptz, day date", rows) == [
        (1, None, 0.1, datetime(2021, 11, 26, 17, tzinfo=UTC), date(2021, 11, 26)),
        (None, False, None, None, None),
    ]


def test_frames_are_copied_in_turn(connection):
    connection.execute(sa.text("CREATE TEMP TABLE target (number int) ON COMMIT DROP"))
    with Copier(connection) as copier:
        copier.put("target", pd.DataFrame({"number": [1, 2]}))
        copier.put("target", pd.DataFrame({"number": [3]}))
        copier.put("target", pd.DataFrame({"number": []}))
        copier.wait()
    assert connection.scalars(sa.text("SELECT number FROM target ORDER BY 1")).all() == [1, 2, 3]


def test_a_fault_in_one_frame_is_met_at_the_next_call(connection):
    connection.execute(sa.text("CREATE TEMP TABLE target (number int CHECK (number > 0)) ON COMMIT DROP"))
    with Copier(connection) as copier:
        copier.put("target", pd.DataFrame({"number": [0]}))
        with pytest.raises(psycopg2.errors.CheckViolation):
            copier.put("target", pd.DataFrame({"number": [1]}))
    connection.rollback()
