"""Visits and hours of the invented province on real units, against figures worked out apart from this code."""

import csv
import json
from datetime import date

import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import operator_scope
from geo.audit import Actor, reading_cases
from geo.coverage import Window, read_coverage
from geo.hotspots import read_hotspots
from geo.scope import Scope
from geo.tracing import BY, read_gap, read_gap_weeks
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


def test_visits_scans_and_hours_together_give_the_gap_and_the_hotspots(outcomes, expected):
    window = Window(*map(date.fromisoformat, expected["window"]))
    health = Actor("a test", Scope("health", operator_scope().units))
    with reading_cases(health, "the gap and the hotspots of expected.json") as connection:
        for by in BY:
            gap = read_gap(connection, expected["province"], window, by)
            assert {kind: int(gap.total[kind]) for kind in expected["gap"]} == expected["gap"]
            assert gap.rows[list(expected["gap"])].sum().to_dict() == expected["gap"]
            assert int(gap.total["unknown"]) == 0
        weeks = read_gap_weeks(connection, expected["province"], window)
        coverage = read_coverage(connection, expected["province"], window)
        found, ranked = (read_hotspots(connection, expected["province"], window, coverage=each).rows for each in (None, coverage))
    assert weeks[list(expected["gap"])].sum().to_dict() == expected["gap"]
    assert found["venue_code"].tolist() == expected["hotspots"] == sorted(ranked["venue_code"])
    verdicts = {commune["code"]: commune["activity"] for commune in expected["communes"]}
    assert ranked["activity"].tolist() == [verdicts[code] for code in ranked["commune_code"]]
    assert ranked["scans_little"].is_monotonic_decreasing, "where it lags comes first"


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
