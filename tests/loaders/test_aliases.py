"""Names that a person has confirmed: each for one commune of one district, and never against an official name."""

from datetime import date

import pytest

from geo.errors import FileError
from loaders.aliases import load_aliases
from loaders.boundaries import load_boundaries

HEADER = ["alias", "commune_code", "commune", "district"]
GOOD = {"alias": "Vùng  Ven Sông", "commune_code": "18235"}
STORED = "SELECT district_code, alias, commune_code FROM unit_alias"


@pytest.fixture
def load(write_records):
    """A function that loads rows, each a dictionary of what differs from GOOD."""
    return lambda *rows, **options: load_aliases(write_records(HEADER, *({**GOOD, **row} for row in rows)), **options)


def told(outcome):
    return outcome.findings[["row", "column", "rule", "refused"]].values.tolist()


def test_a_name_is_kept_folded_beside_its_district(town, load, read_rows):
    named = {"commune_code": "", "commune": "Kỳ Lợi", "district": "Kỳ Anh"}
    outcome = load({}, {"alias": "<b>';--"}, named)
    assert told(outcome) == [] and outcome.rows_changed == 3
    assert read_rows(STORED).values.tolist() == [
        ["440", "<b>';--", "18235"], ["440", "vung1 ven sông", "18235"], ["449", "vung1 ven sông", "18757"],
    ]  # fmt: skip


REFUSED = [
    ({"alias": ""}, "alias", "missing"),
    ({"alias": "ĐỨC THỌ"}, "alias", "official_name"),
    ({"alias": "X. Quang Vĩnh"}, "alias", "official_name"),
    ({"alias": "Sông", "commune_code": "99999"}, "commune_code", "unknown_code"),
    ({"alias": "Sông", "commune": "Hòa Lạc"}, "commune_code", "code_and_name_differ"),
    ({"alias": "Sông", "commune_code": "", "commune": "Sông", "district": "Đức Thọ"}, "commune", "unknown_commune"),
    ({"alias": "VÙNG VEN SÔNG", "commune_code": "18280"}, "alias", "duplicate"),
]


def test_a_name_that_cannot_be_meant_is_refused(town, load, read_rows):
    outcome = load({}, *(row for row, _, _ in REFUSED))
    assert told(outcome) == [[3 + place, column, rule, True] for place, (_, column, rule) in enumerate(REFUSED)]
    assert (outcome.rows_in, outcome.rows_refused) == (len(REFUSED) + 1, len(REFUSED))
    assert read_rows(STORED).values.tolist() == [["440", "vung1 ven sông", "18235"]]


def test_an_official_name_of_another_district_is_a_name_here(town, load, read_rows):
    assert told(load({"alias": "Kỳ Lợi"})) == []
    assert len(read_rows(STORED)) == 1


def test_a_name_is_confirmed_anew_and_said_twice_is_said_once(town, load, read_rows):
    load({}, {"alias": "Bến đò"})
    assert load({"alias": "bến đò"}).rows_changed == 0
    assert load({"alias": "BẾN ĐÒ", "commune_code": "18280"}).rows_changed == 1
    assert read_rows(STORED)["commune_code"].tolist() == ["18280", "18235"]


def test_with_two_vintages_the_one_meant_is_asked_for(units, boundary_file, load, read_rows):
    load_boundaries(boundary_file, date(2025, 7, 1))
    with pytest.raises(FileError, match="nhiều bộ địa giới"):
        load({})
    load({}, vintage=date(2025, 7, 1))
    assert read_rows("SELECT vintage FROM unit_alias")["vintage"].tolist() == [2]
