"""Rows into PostgreSQL by COPY, in threads of its own: the next rows are checked while these are encoded and those before copied."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

_HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
_END = b"\xff\xff"
_EPOCH = pd.Timestamp("2000-01-01")  # PostgreSQL's day 0


class Copier:
    """Copies frames, one after the other, over one connection. Between `put` and `wait` nothing else may use it.

    Used in a with statement: whatever happens, COPY has ended when it is left.
    """

    def __init__(self, connection):
        self._connection = connection.connection
        self._encoding, self._copying = ThreadPoolExecutor(1, "encode"), ThreadPoolExecutor(1, "copy")
        self._going = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._copying.shutdown()
        self._encoding.shutdown()

    def put(self, table, rows, frozen=False):
        """Begin to copy a frame into the table's columns of the same names, as copy_rows; errors come with the next call."""
        encoded = self._encoding.submit(_encode, table, rows, frozen)
        self.wait()
        if len(rows):
            self._going = self._copying.submit(lambda: _copy(self._connection, *encoded.result()))

    def wait(self):
        """Until the last rows are copied."""
        if self._going:
            going, self._going = self._going, None
            going.result()


def copy_rows(connection, table, rows, frozen=False):
    """COPY a frame; connection: of psycopg2. Frames of NumPy's integers and days alone go in binary, which PostgreSQL reads fastest.

    In other frames empty text becomes null, as missing values do. frozen: of a table that was truncated in this transaction.
    """
    _copy(connection, *_encode(table, rows, frozen))


def _encode(table, rows, frozen):
    """The statement that copies rows, and what it reads."""
    columns = ", ".join(f'"{column}"' for column in rows.columns)
    plain = all(isinstance(dtype, np.dtype) and dtype.kind in "iM" for dtype in rows.dtypes)
    data, form = (_as_binary(rows), "binary") if plain else (_as_csv(rows), "csv")
    return f"COPY {table} ({columns}) FROM STDIN WITH (FORMAT {form}, FREEZE {frozen})", data


def _copy(connection, statement, data):
    with connection.cursor() as cursor:
        cursor.copy_expert(statement, io.BytesIO(data), size=1 << 20)


def _as_binary(rows):
    """Columns of integers (4 bytes) and days, none missing, as PostgreSQL's binary COPY has them."""
    record = np.dtype(
        [("fields", ">i2"), *((f"{part}{n}", ">i4") for n in range(rows.shape[1]) for part in ("size", "value"))]
    )
    records = np.empty(len(rows), record)
    records["fields"] = rows.shape[1]
    for n, column in enumerate(rows):
        values = rows[column]
        if values.dtype.kind == "M":
            values = (values.to_numpy("datetime64[D]") - np.datetime64(_EPOCH, "D")).astype("i4")
        records[f"size{n}"] = 4
        records[f"value{n}"] = values
    return b"".join((_HEADER, records.tobytes(), _END))


def _as_csv(rows):
    table = pa.Table.from_pandas(rows, preserve_index=False)
    for place, column in enumerate(table.columns):
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            table = table.set_column(place, table.field(place).name, pc.if_else(pc.equal(column, ""), None, column))
    written = io.BytesIO()
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="needed")
    arrow_csv.write_csv(table, written, options)
    return written.getvalue()
