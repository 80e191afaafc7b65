"""Many rows in and out of PostgreSQL by binary COPY, as NumPy arrays: numbers, days, and arrays and bits of them.

Days are whole numbers here, counted from 01/01/2000 as PostgreSQL counts them; NEVER is its infinity.
"""

import io
import struct
from contextlib import contextmanager

import numpy as np

NEVER = 2**31 - 1
EPOCH = np.datetime64("2000-01-01", "D")
_HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
_END = b"\xff\xff"
_TYPES = {"integer": 23, "date": 1082}  # their numbers, the same in every PostgreSQL


def read_numbers(connection, query, names):
    """The rows of a query of integers (4 bytes) and days, none null: a structured array with fields of these names."""
    out = io.BytesIO()
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT binary)", out)
    fields = (part for name in names for part in ((f"size of {name}", ">i4"), (name, ">i4")))
    return np.frombuffer(out.getbuffer()[len(_HEADER) : -len(_END)], np.dtype([("fields", ">i2"), *fields]))


def read_rows(connection, query):
    """The rows of a query as tuples of fields (bytes): see array and unpack."""
    out = io.BytesIO()
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT binary)", out)
    data, at = out.getvalue(), len(_HEADER)
    while (count := int.from_bytes(data[at : at + 2], "big", signed=True)) >= 0:
        at, fields = at + 2, []
        for _ in range(count):
            start = at + 4
            at = start + int.from_bytes(data[at:start], "big")
            fields.append(data[start:at])
        yield tuple(fields)


def array(field):
    """The integers or days of an array's field, none null."""
    return np.frombuffer(field, ">i4", offset=12 if len(field) == 12 else 20)[1::2]


def unpack(field):
    """The bits of a field, one byte each."""
    return np.unpackbits(np.frombuffer(field, "u1", offset=4))


def write_rows(connection, table, columns, rows):
    """Add encoded rows (an iterable of bytes) to a table; through a stage, since a guarded table takes no COPY."""
    with staged(connection, table, columns, rows) as stage:
        columns = ", ".join(columns)
        connection.exec_driver_sql(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {stage}")


@contextmanager
def staged(connection, table, columns, rows):
    """Encoded rows in a temporary table with some of a table's columns; its name."""
    columns, stage = ", ".join(columns), f"stage_{table}"
    connection.exec_driver_sql(f"CREATE TEMP TABLE {stage} AS SELECT {columns} FROM {table} WITH NO DATA")
    with connection.connection.cursor() as cursor:
        data = io.BytesIO(b"".join((_HEADER, *rows, _END)))
        cursor.copy_expert(f"COPY {stage} FROM STDIN (FORMAT binary)", data, size=1 << 20)
    yield stage
    connection.exec_driver_sql(f"DROP TABLE {stage}")


def encode_rows(*columns):
    """Rows of columns whose values are all as long: arrays of i4 or i8, of ASCII (S), or of packed bits (2-D, uint8)."""
    record = [("fields", ">i2")]
    for n, column in enumerate(columns):
        record.append((f"size{n}", ">i4"))
        if column.ndim == 2:
            record += [(f"bits{n}", ">i4"), (f"value{n}", "u1", column.shape[1:])]
        else:
            record.append((f"value{n}", column.dtype.newbyteorder(">")))
    rows = np.empty(len(columns[0]), record)
    rows["fields"] = len(columns)
    for n, column in enumerate(columns):
        if column.ndim == 2:
            rows[f"size{n}"], rows[f"bits{n}"] = 4 + column.shape[1], 8 * column.shape[1]
        else:
            rows[f"size{n}"] = column.itemsize
        rows[f"value{n}"] = column
    return rows.tobytes()


def encode_row(*fields):
    """One row of fields (bytes) as PostgreSQL has them: see number, bits and Arrays."""
    return b"".join(
        (struct.pack(">h", len(fields)), *(part for field in fields for part in (struct.pack(">i", len(field)), field)))
    )


def number(value):
    """An integer (4 bytes) as a field."""
    return struct.pack(">i", value)


def bits(packed):
    """Packed bits (uint8) as a field."""
    return struct.pack(">i", 8 * len(packed)) + packed.tobytes()


class Arrays:
    """Parts of an array of integers or days as fields."""

    def __init__(self, values, of):
        """of: "integer" or "date"."""
        elements = np.empty(len(values), [("size", ">i4"), ("value", ">i4")])
        elements["size"], elements["value"] = 4, values
        self._data, self._type = elements.tobytes(), _TYPES[of]

    def take(self, start, stop):
        if start == stop:
            return struct.pack(">3i", 0, 0, self._type)
        return struct.pack(">5i", 1, 0, self._type, stop - start, 1) + self._data[8 * start : 8 * stop]
