"""What the tests of the loaders share: an emptied database, small files, and a table read back whole."""

import csv
import sys
from collections import namedtuple
from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
import sqlalchemy as sa
import xlsxwriter

import phuqr as command
from geo import db
from geo.schema import metadata
from geo.summaries import TABLES, rebuild
from loaders.boundaries import load_boundaries
from loaders.venues import load_venues

UNIT_COLUMNS = ["commune_code", "commune_name", "district_code", "district_name", "province_code", "province_name"]
Ran = namedtuple("Ran", "code out err")


@pytest.fixture
def empty(database):
    """The test file's database without rows and without months."""
    with db.engine().begin() as connection:
        emptied = ", ".join(["load_run", "boundary_vintage", "unit_change", "summary_stale", *TABLES])
        connection.execute(sa.text(f"TRUNCATE {emptied} RESTART IDENTITY CASCADE"))
        months = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'scan_day'::regclass"
        for month in connection.scalars(sa.text(months)).all():
            connection.execute(sa.text(f"DROP TABLE {month}"))


@pytest.fixture
def units(empty, boundary_file):
    """The six communes of tests/conftest.py, in force since 01/11/2021."""
    return load_boundaries(boundary_file, date(2021, 11, 1))


@pytest.fixture(scope="module")
def founded(database, small_files):
    """The communes and venues of tests/conftest.py, loaded once for the test file; the last of these runs."""
    load_boundaries(small_files["boundaries"], date(2021, 11, 1))
    return load_venues(small_files["venues"]).run


@pytest.fixture
def town(founded):
    """Those communes and venues without what other tests of the file have loaded since."""
    with db.engine().begin() as connection:
        months = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'scan_day'::regclass"
        for month in connection.scalars(sa.text(months)).all():
            connection.execute(sa.text(f"DROP TABLE {month}"))
        for table in reversed(metadata.sorted_tables):
            if "load_run" in table.c and table.name != "scan_day":
                connection.execute(table.delete().where(table.c.load_run > founded))
        connection.execute(sa.text("DELETE FROM load_run WHERE id > :founded"), {"founded": founded})
        rebuild(connection)


@pytest.fixture
def phuqr(monkeypatch, capsys):
    """A function that runs the command with these words, in this process: exit code, stdout and stderr, as a shell has them."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["phuqr", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            command.main()
        out, err = capsys.readouterr()
        code = left.value.code or 0
        return Ran(code, out, err) if isinstance(code, int) else Ran(1, out, f"{err}{code}\n")

    return run


@pytest.fixture
def read_rows():
    """A function that gives a query's rows, or a table's in the order of its first columns; never load_run's numbers."""

    def read(query):
        text = query if " " in query else f"SELECT * FROM {query}"
        with db.engine().connect() as connection:
            found = pd.DataFrame(connection.execute(sa.text(text)).mappings().all())
        return (
            found.drop(columns="load_run", errors="ignore").sort_values(list(found)[:3], ignore_index=True)
            if len(found)
            else found
        )

    return read


@pytest.fixture
def write_csv(tmp_path):
    """A function that writes a text to a csv file and gives its path."""

    def write(text, name="rows.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_records(tmp_path):
    """A function that writes records (column -> cell, "" where absent) under a header to a csv file and gives its path."""

    def write(header, *records, name="rows.csv"):
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header, restval="", extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(records)
        return path

    return write


@pytest.fixture
def write_xlsx(tmp_path):
    """A function that writes sheets (name -> rows of cells; dates as dates) to an xlsx file and gives its path."""

    def write(sheets, name="rows.xlsx"):
        path = tmp_path / name
        with xlsxwriter.Workbook(path, {"default_date_format": "dd/mm/yyyy"}) as book:
            for title, rows in sheets.items():
                sheet = book.add_worksheet(title)
                for number, row in enumerate(rows):
                    sheet.write_row(number, 0, row)
        return path

    return write


@pytest.fixture
def write_units(tmp_path):
    """A function that writes communes (the six columns and a polygon each) to a map file and gives its path."""

    def write(communes, name="units.gpkg", crs=4326, **options):
        rows = pd.DataFrame([commune[:6] for commune in communes], columns=UNIT_COLUMNS)
        frame = gpd.GeoDataFrame(rows, geometry=[commune[6] for commune in communes], crs=4326)
        path = tmp_path / name
        (frame.to_crs(crs) if crs else frame.set_crs(None, allow_override=True)).to_file(path, **options)
        return path

    return write
