"""What agencies return of their staff with the app: stored by agency and day, refused where it cannot be."""

import pytest

from loaders.staff import COLUMNS, load_staff

HEADER = ["organisation", "commune_code", "returned_on", "staff", "installed"]
GOOD = {"organisation": "Kho bạc huyện", "commune_code": "18229", "returned_on": "01/12/2021", "staff": "40", "installed": "36"}
STORED = """
    SELECT s.code, organisation, to_char(returned_on, 'DD/MM/YYYY'), staff, installed
    FROM staff_return s JOIN admin_unit u ON u.id = s.unit AND u.code = s.code AND u.vintage = s.vintage
"""


@pytest.fixture
def load(write_records):
    """A function that loads rows, each a dictionary of what differs from GOOD."""
    return lambda *rows, header=HEADER: load_staff(write_records(header, *({**GOOD, **row} for row in rows)))


@pytest.fixture
def stored(read_rows):
    return lambda: read_rows(STORED).values.tolist()


def test_a_return_is_stored_with_its_agency_place_and_day(town, load, stored):
    outcome = load({}, {"organisation": "Chi cục Thuế", "commune_code": "18235", "staff": "1.020", "installed": "0"})
    assert outcome.rows_changed == 2 and len(outcome.findings) == 0
    assert stored() == [["18229", "Kho bạc huyện", "01/12/2021", 40, 36], ["18235", "Chi cục Thuế", "01/12/2021", 1020, 0]]


def test_a_later_return_stands_beside_and_one_of_the_same_day_replaces(town, load, stored):
    load({})
    assert load({"installed": "38"}, {"returned_on": "08/12/2021", "installed": "40"}).rows_changed == 2
    assert [row[2:] for row in stored()] == [["01/12/2021", 40, 38], ["08/12/2021", 40, 40]]


@pytest.mark.parametrize(("differs", "column", "rule"), [
    ({"installed": "41"}, "installed", "installed_above_staff"),
    ({"staff": ""}, "staff", "missing"),
    ({"installed": "ba mươi"}, "installed", "not_a_count"),
    ({"organisation": " "}, "organisation", "missing"),
    ({"commune_code": "99999"}, "commune_code", "unknown_code"),
    ({"returned_on": "31/11/2021"}, "returned_on", "not_a_date"),
    ({"returned_on": "01/12/2031"}, "returned_on", "future_date"),
    ({"organisation": "Chi cục Thuế"}, "organisation", "duplicate"),
])  # fmt: skip
def test_what_cannot_be_is_refused(town, load, stored, write_records, differs, column, rule):
    good = {"organisation": "Chi cục Thuế"}
    outcome = load_staff(write_records(HEADER, GOOD | good, GOOD | differs), max_refused=1.0)
    assert outcome.findings[["row", "column", "rule", "refused"]].values.tolist() == [[3, column, rule, True]]
    assert [row[1] for row in stored()] == ["Chi cục Thuế"]


def test_vietnamese_headers_are_known(town, stored, write_records):
    header = [forms[0] for name, (_, forms) in COLUMNS.items() if name in HEADER]
    by_name = {name: GOOD[name] for name in COLUMNS if name in HEADER}
    load_staff(write_records(header, dict(zip(header, by_name.values(), strict=True))))
    assert stored() == [["18229", "Kho bạc huyện", "01/12/2021", 40, 36]]
