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
_TYPES = {"bigint": 20, "integer": 23, "date": 1082}  # their numbers, the same in every PostgreSQL


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
    """The integers, 4 or 8 bytes each, or days of an array's field, none null."""
    if len(field) == 12:
        return np.zeros(0, "i8")
    value = ">i8" if int.from_bytes(field[8:12], "big") == _TYPES["bigint"] else ">i4"
    return np.frombuffer(field, [("size", ">i4"), ("value", value)], offset=20)["value"].astype("i8")


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
    """Rows of columns whose values are all as long: integers, ASCII (S), packed bits (2-D uint8), arrays (2-D, i4 days or i8)."""
    record = [("fields", ">i2")]
    for n, column in enumerate(columns):
        record.append((f"size{n}", ">i4"))
        if column.ndim == 1:
            record.append((f"value{n}", column.dtype.newbyteorder(">")))
        elif column.dtype == np.uint8:
            record += [(f"head{n}", ">i4"), (f"value{n}", "u1", column.shape[1:])]
        else:
            element = [("size", ">i4"), ("value", column.dtype.newbyteorder(">"))]
            record += [(f"head{n}", ">i4", 5), (f"value{n}", element, column.shape[1:])]
    rows = np.empty(len(columns[0]), record)
    rows["fields"] = len(columns)
    for n, column in enumerate(columns):
        size = sum(rows.dtype[name].itemsize for name in (f"head{n}", f"value{n}") if name in rows.dtype.names)
        rows[f"size{n}"] = size
        if column.ndim == 1 or column.dtype == np.uint8:
            rows[f"value{n}"] = column
        else:
            rows[f"value{n}"]["size"], rows[f"value{n}"]["value"] = column.itemsize, column
        if column.ndim == 2:
            bits = column.dtype == np.uint8
            rows[f"head{n}"] = (
                8 * column.shape[1] if bits else _head(column.shape[1], "date" if column.itemsize == 4 else "bigint")
            )
    return rows.tobytes()


def _head(length, kind):
    """What stands before the elements of an array: dimensions, nulls, type, length, first subscript."""
    return 1, 0, _TYPES[kind], length, 1


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

    def __init__(self, values, kind):
        """kind: "integer" or "date"."""
        elements = np.empty(len(values), [("size", ">i4"), ("value", ">i4")])
        elements["size"], elements["value"] = 4, values
        self._data, self._kind = elements.tobytes(), kind

    def take(self, start, stop):
        if start == stop:
            return struct.pack(">3i", 0, 0, _TYPES[self._kind])
        return struct.pack(">5i", *_head(stop - start, self._kind)) + self._data[8 * start : 8 * stop]
