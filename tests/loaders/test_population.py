"""Inhabitants and households by commune: what is refused, and how a newer count replaces one."""

from datetime import date

import pytest

from geo.errors import FileError
from loaders.boundaries import load_boundaries
from loaders.population import load_population

HEADER = ["commune_code", "population", "households"]
GOOD = {"commune_code": "18229", "population": "7.904", "households": "2.101"}
STORED = "SELECT commune_code, population, households FROM population"
RESTATED = "SELECT commune_code, measure, before, after FROM restatement"


@pytest.fixture
def load(write_records):
    """A function that loads rows, each a dictionary of what differs from GOOD."""
    return lambda *rows, header=HEADER, **options: load_population(
        write_records(header, *({**GOOD, **row} for row in rows)), **options
    )


@pytest.fixture
def stored(read_rows):
    return lambda: read_rows(STORED).astype(object).where(lambda rows: rows.notna(), None).values.tolist()


def told(outcome):
    return outcome.findings[["row", "column", "rule", "refused"]].values.tolist()


def test_inhabitants_are_stored_by_code_or_by_names(town, load, stored):
    outcome = load({}, {"commune_code": "18235", "households": ""})
    assert told(outcome) == [] and outcome.rows_changed == 2
    assert stored() == [["18229", 7904, 2101], ["18235", 7904, None]]
    names = {"commune": "Hòa Lạc", "district": "H. Đức Thọ"}
    assert told(load(names, header=["commune", "district", "population", "households"])) == []
    assert stored()[2] == ["18280", 7904, 2101]


REFUSED = [
    ({"commune_code": "99999"}, "commune_code", "unknown_code"),
    ({"commune_code": "440"}, "commune_code", "unknown_code"),
    ({"commune_code": "18229", "population": ""}, "population", "missing"),
    ({"commune_code": "18235", "population": "-1"}, "population", "not_a_count"),
    ({"commune_code": "18280", "population": "7.904,5"}, "population", "not_a_count"),
    ({"commune_code": "18754", "population": "1000000000"}, "population", "not_a_count"),
    ({"commune_code": "18757", "households": "nhiều"}, "households", "not_a_count"),
    ({"commune_code": "19750", "households": "7.905"}, "households", "households_above_population"),
    ({"commune_code": "18229"}, "commune", "duplicate"),
]


def test_a_count_that_cannot_be_true_is_refused(town, load, stored):
    outcome = load(*(row for row, _, _ in REFUSED))
    assert told(outcome) == [[2 + place, column, rule, True] for place, (_, column, rule) in enumerate(REFUSED)]
    assert (outcome.rows_in, outcome.rows_refused, outcome.rows_changed) == (len(REFUSED), len(REFUSED), 0)
    assert stored() == []


def test_a_newer_count_replaces_that_of_before_and_the_difference_is_on_record(town, load, stored, read_rows):
    load({}, {"commune_code": "18235"})
    outcome = load({"population": "8.000"}, {"commune_code": "18235", "households": "2.000"}, {"commune_code": "18280"})
    assert outcome.rows_changed == 3
    assert stored() == [["18229", 8000, 2101], ["18235", 7904, 2000], ["18280", 7904, 2101]]
    assert read_rows(RESTATED).values.tolist() == [["18229", "population", 7904, 8000]]
    assert outcome.restated.values.tolist() == [["population", 1, 7904, 8000]]


def test_the_same_count_again_is_no_change(town, load, stored, read_rows):
    load({})
    assert load({}, {"commune_code": "18235"}).rows_changed == 1
    assert len(stored()) == 2 and len(read_rows(RESTATED)) == 0


def test_households_that_a_later_file_does_not_tell_stay(town, load, stored):
    load({}, {"commune_code": "18235"})
    brief = {"population": "8.000"}, {"commune_code": "18235", "population": "2.000"}, {"commune_code": "18280"}
    outcome = load(*brief, header=["commune_code", "population"])
    assert told(outcome) == [[3, "population", "households_above_population", True]]
    assert stored() == [["18229", 8000, 2101], ["18235", 7904, 2101], ["18280", 7904, None]]


def test_with_two_vintages_the_one_meant_is_asked_for(units, boundary_file, load, read_rows):
    load_boundaries(boundary_file, date(2025, 7, 1))
    with pytest.raises(FileError, match="nhiều bộ địa giới"):
        load({})
    for first in (date(2025, 7, 1), date(2021, 11, 1)):
        assert load({}, vintage=first).rows_changed == 1
    assert len(read_rows("population")) == 2
