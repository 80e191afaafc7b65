"""Self-assessments of agencies: stored by agency and day under the register's name, refused or warned of where they cannot be right."""

import pytest

from loaders.assessments import COLUMNS, SYSTEMS, load_assessments
from loaders.register import load_register
from loaders.templates import COLUMNS as TEMPLATES

HEADER = ["organisation", "commune_code", "assessed_on", "points", "supervisors", "system", "entrants", "scanned"]
GOOD = {
    "organisation": "Kho bạc huyện", "commune_code": "18229", "assessed_on": "07/12/2021", "points": "3", "supervisors": "4",
    "system": "Thiết bị", "entrants": "1.150", "scanned": "920",
}  # fmt: skip
STORED = """
    SELECT a.code, organisation, to_char(assessed_on, 'DD/MM/YYYY'), points, supervisors, system, entrants, scanned
    FROM agency_assessment a JOIN admin_unit u ON u.id = a.unit AND u.code = a.code AND u.vintage = a.vintage
"""


@pytest.fixture
def load(write_records):
    """A function that loads rows, each a dictionary of what differs from GOOD."""
    return lambda *rows, header=HEADER, **options: load_assessments(write_records(header, *({**GOOD, **row} for row in rows)), **options)


@pytest.fixture
def stored(read_rows):
    return lambda: read_rows(STORED).astype(object).where(lambda rows: rows.notna(), None).values.tolist()


@pytest.fixture
def registered(town, write_records):
    header = ["organisation", "commune_code", "obligation_group"]
    names = [("Kho bạc Nhà nước huyện", "A"), ("Quán Một", "C"), ("Hội A", "A"), ("HỘI A", "A")]
    load_register(write_records(header, *({"organisation": name, "commune_code": "18229", "obligation_group": group} for name, group in names)))


def told(outcome):
    return outcome.findings[["row", "column", "rule", "refused"]].values.tolist()


def test_an_assessment_is_stored_with_its_agency_place_and_day(town, load, stored):
    outcome = load({}, {"organisation": "Chi cục Thuế", "commune_code": "18235", "system": "Mã QR dán", "entrants": "", "scanned": ""})
    assert outcome.rows_changed == 2 and told(outcome) == []
    assert stored() == [
        ["18229", "Kho bạc huyện", "07/12/2021", 3, 4, "device", 1150, 920],
        ["18235", "Chi cục Thuế", "07/12/2021", 3, 4, "poster", None, None],
    ]  # fmt: skip


def test_a_later_one_stands_beside_and_one_of_the_same_day_replaces(town, load, stored):
    load({})
    assert load({"scanned": "1000"}, {"assessed_on": "08/12/2021"}).rows_changed == 2
    assert [(row[2], row[7]) for row in stored()] == [("07/12/2021", 1000), ("08/12/2021", 920)]


@pytest.mark.parametrize(("differs", "column", "rule"), [
    ({"scanned": "1151"}, "scanned", "scanned_above_head_count"),
    ({"entrants": ""}, "entrants", "missing"),
    ({"scanned": ""}, "scanned", "missing"),
    ({"points": ""}, "points", "missing"),
    ({"supervisors": "bốn"}, "supervisors", "not_a_count"),
    ({"system": " "}, "system", "missing"),
    ({"organisation": " "}, "organisation", "missing"),
    ({"commune_code": "99999"}, "commune_code", "unknown_code"),
    ({"assessed_on": "31/11/2021"}, "assessed_on", "not_a_date"),
    ({"assessed_on": "07/12/2031"}, "assessed_on", "future_date"),
    ({"organisation": "Chi cục Thuế"}, "organisation", "duplicate"),
])  # fmt: skip
def test_what_cannot_be_is_refused(town, load, stored, differs, column, rule):
    outcome = load({"organisation": "Chi cục Thuế"}, differs, max_refused=1.0)
    assert told(outcome) == [[3, column, rule, True]]
    assert [row[1] for row in stored()] == ["Chi cục Thuế"]


def test_an_unknown_system_is_another_one_with_a_warning(town, load, stored):
    assert told(load({"system": "Camera"})) == [[2, "system", "unknown_system", False]]
    assert stored()[0][5] == "other"


def test_an_agency_is_known_by_the_registers_name_however_it_is_typed(registered, load, stored):
    outcome = load({"organisation": "KHO BẠC  nhà nước huyện"}, {"organisation": "Kho bac Nha nuoc huyen", "assessed_on": "08/12/2021"})
    assert told(outcome) == [] and [row[1] for row in stored()] == ["Kho bạc Nhà nước huyện"] * 2
    again = load({"organisation": "Kho bạc nhà nước huyện"}, {"organisation": "KHO BẠC NHÀ NƯỚC HUYỆN"}, max_refused=1.0)
    assert told(again) == [[3, "organisation", "duplicate", True]]


def test_who_is_not_in_the_register_or_could_be_two_there_is_kept_and_told(registered, load, stored):
    outcome = load({"organisation": "Quán Một"}, {"organisation": "Hoi A"}, {"organisation": "Kho bạc Nhà nước huyện", "commune_code": "18235"})
    assert told(outcome) == [[row, "organisation", "not_in_register", False] for row in (2, 3, 4)]
    assert [row[1] for row in stored()] == ["Hoi A", "Quán Một", "Kho bạc Nhà nước huyện"]


def test_vietnamese_headers_and_the_templates_systems_are_known(town, stored, write_records):
    assert {SYSTEMS[word] for word in ("ma qr dan", "thiet bi", "ma qr dan va thiet bi", "khac", "chua co")} == {
        "poster", "device", "both", "other", "none",
    }  # fmt: skip
    header = [forms[0] for name, (_, forms) in COLUMNS.items() if name in HEADER]
    for word, system in zip(TEMPLATES["system"].allowed, ("poster", "device", "both", "other", "none"), strict=True):
        by_name = {name: (GOOD | {"system": word})[name] for name in COLUMNS if name in HEADER}
        outcome = load_assessments(write_records(header, dict(zip(header, by_name.values(), strict=True))))
        assert told(outcome) == [] and stored()[0][5] == system
