"""The venues that scans, visits and inspections refer to."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv

from loaders.codes import CodeTable
from loaders.frames import TEXT

_READ = """
    COPY (SELECT v.code, v.id, v.unit, v.created_on
          FROM venue v JOIN load_run r ON r.id = v.load_run WHERE r.invented = {invented})
    TO STDOUT WITH (FORMAT csv, HEADER)
"""


class KnownVenues:
    """All venues, found by their codes; for the sample's rows the sample's only, and for others the others."""

    def __init__(self, connection, invented=False):
        out = io.BytesIO()
        with connection.connection.cursor() as cursor:
            cursor.copy_expert(_READ.format(invented=bool(invented)), out)
        out.seek(0)
        types = {"code": pa.large_string(), "id": pa.int64(), "unit": pa.int64(), "created_on": pa.date32()}
        found = arrow_csv.read_csv(
            out,
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(column_types=types, strings_can_be_null=False),
        )
        self._places = CodeTable()
        self._places.add(pd.Series(pd.array(found["code"], dtype=TEXT)))
        self._numbers = {name: found[name].to_numpy() for name in ("id", "unit")}
        self._created_on = found["created_on"].to_numpy().astype("datetime64[D]")

    def __len__(self):
        return len(self._places)

    def find(self, codes):
        """The place of each code's venue in what `take` is asked for, -1 where there is none."""
        return self._places.find(codes)

    def take(self, name, at):
        """id, unit or created_on of venues; any venue's where at is -1."""
        if not len(self):
            return np.zeros(len(at), "datetime64[D]" if name == "created_on" else "i8")
        return (self._created_on if name == "created_on" else self._numbers[name])[at]

    def units(self, at):
        """The unit number of each row's commune, 0 where its venue is not known."""
        return np.where(at < 0, 0, self.take("unit", at))
