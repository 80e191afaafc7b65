"""Visits and hours of the invented province on real units, against figures worked out apart from this code."""

import csv
import json
from datetime import date

import pytest
import sqlalchemy as sa

from geo import db
from loaders.boundaries import load_boundaries
from loaders.scans import load_scans
from loaders.venues import load_venues
from loaders.visits import load_visits

from .tables import write_table


@pytest.fixture(scope="module")
def files(shared_data):
    return shared_data / "ha_tinh"


@pytest.fixture(scope="module")
def expected(files):
    return json.loads((files / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def outcomes(database, shared_data, files):
    load_boundaries(shared_data / "boundaries" / "communes_2021_four_provinces.gpkg", date(2021, 11, 1))
    return {
        "venues": load_venues(files / "venues.csv"),
        "scans": load_scans(files / "scans.csv"),
        "hours": load_scans(files / "scans_hourly.csv"),
        "visits": load_visits(files / "visits.csv"),
    }


def read(query):
    with db.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def count_rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def test_every_visit_and_hour_is_loaded_without_a_warning(outcomes, files, expected):
    assert count_rows(files / "visits.csv") == expected["rows"]["visits_in"]
    for kind, table, name in (("visits", "visit", "visits.csv"), ("hours", "scan_hour", "scans_hourly.csv")):
        outcome, rows = outcomes[kind], count_rows(files / name)
        assert (outcome.rows_in, outcome.rows_loaded, outcome.rows_changed) == (rows, rows, rows)
        assert (outcome.rows_refused, outcome.warnings, outcome.notes) == (0, 0, ())
        assert read(f"SELECT count(*) FROM {table}") == [(rows,)]


def test_the_hours_of_a_day_are_its_scans(outcomes):
    days = read("""
        SELECT venue_id, day, sum(h.scans) = d.scans
        FROM scan_hour h LEFT JOIN scan_day d USING (venue_id, day) GROUP BY venue_id, day, d.scans
    """)
    assert len(days) > 50 and {same for *_, same in days} == {True}


# The kinds of indicators.md in the order in which they are asked; every declared visit of this file tells when it ended.
GAP = """
    SELECT CASE WHEN v.id IS NULL OR v.created_on > t.day THEN 'a'
                WHEN coalesce(d.scans, 0) = 0 THEN 'b'
                WHEN h.known AND NOT h.met THEN 'c'
                ELSE 'covered' END AS kind, count(*)
    FROM (SELECT *, (arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh') AS came, (left_at AT TIME ZONE 'Asia/Ho_Chi_Minh') AS went,
                 (arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day FROM visit) t
    LEFT JOIN venue v ON v.id = t.venue_id
    LEFT JOIN scan_day d ON d.venue_id = v.id AND d.day = t.day
    CROSS JOIN LATERAL (
        SELECT count(*) > 0 AS known,
               coalesce(bool_or(scans > 0 AND hour BETWEEN extract(hour FROM t.came) AND extract(hour FROM t.went)), false) AS met
        FROM scan_hour h WHERE h.venue_id = v.id AND h.day = t.day
    ) h
    WHERE t.source = 'declared'
    GROUP BY 1
"""
HOTSPOTS = """
    SELECT v.code FROM visit t JOIN venue v ON v.id = t.venue_id
    WHERE t.case_class = 'F0' AND (t.arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date BETWEEN '2021-12-02' AND '2021-12-08'
    GROUP BY v.code HAVING count(DISTINCT t.case_code) >= 2 ORDER BY 1
"""


def test_visits_scans_and_hours_together_give_the_gap_and_the_hotspots(outcomes, expected):
    gap = dict(read(GAP))
    assert gap | {"declared": sum(gap.values())} == expected["gap"]
    assert [code for (code,) in read(HOTSPOTS)] == expected["hotspots"]


STORED = "SELECT code, name, kind, vintage, commune_code, located_by, point, outside_commune, created_on FROM venue"


def test_the_same_venues_in_tcvn3_and_with_their_columns_turned_round_are_no_others(
    outcomes, files, expected, tmp_path
):
    text = (files / "venues.csv").read_text(encoding="utf-8-sig").translate(str.maketrans("Ðð", "Đđ"))
    path = write_table(tmp_path / "venues.csv", [row[::-1] for row in csv.reader(text.splitlines())], encoding="tcvn3")

    def read_folded():  # TCVN3 has no capitals with tones
        return sorted(repr(row).casefold() for row in read(STORED))

    before, outcome = read_folded(), load_venues(path)
    assert outcome.notes == ("Mã chữ TCVN3 (ABC), đã chuyển sang Unicode",)
    assert (outcome.rows_in, outcome.rows_refused) == (expected["rows"]["venues_in"], expected["refused"]["venues"])
    told = ["row", "rule", "refused"]
    assert outcome.findings[told].values.tolist() == outcomes["venues"].findings[told].values.tolist()
    assert read_folded() == before
