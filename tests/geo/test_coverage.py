"""I1 to I4c of a province small enough to count by hand (tests/conftest.py says what is in it)."""

from datetime import date

import pytest

from geo import db
from geo.accounts import operator_scope
from geo.coverage import COUNTS, RATES, Window, read_coverage
from geo.errors import UnitError, WindowError

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))


def coverage(unit, window=WINDOW, **options):
    with db.reading(operator_scope()) as connection:
        return read_coverage(connection, unit, window, **options)


def figures(row, names=(*COUNTS, *RATES)):
    return {name: None if row.isna()[name] else row[name] for name in names}


def by_code(found):
    return {row["code"]: row for _, row in found.rows.iterrows()}


def test_counts_and_rates_of_a_commune(small_province):
    town = by_code(coverage("42"))["18229"]
    # V4, a vehicle, is created and new but in no obligation group; its row of no scans makes it not active
    assert figures(town) == {
        "obliged": 4, "created_obliged": 3, "created": 4, "new": 3, "active": 2, "cohort": 1, "never_scanned": 2,
        "scans": 22, "people": 19, "creation_rate": 3 / 4, "activity_rate": 2 / 4, "cohort_rate": 1 / 3,
    }  # fmt: skip


def test_more_created_than_registered_is_shown_as_it_is(small_province):
    village = by_code(coverage("42"))["18235"]
    assert figures(village, ["obliged", "created_obliged", "creation_rate"]) == {
        "obliged": 4, "created_obliged": 5, "creation_rate": 5 / 4,
    }  # fmt: skip
    # V5 was scanned, but before the window; V10 is not there yet
    assert figures(village, ["created", "new", "active", "cohort", "never_scanned", "scans"]) == {
        "created": 5, "new": 4, "active": 1, "cohort": 1, "never_scanned": 3, "scans": 4,
    }  # fmt: skip


def test_no_denominator_gives_no_rate(small_province):
    empty = by_code(coverage("42"))["18280"]
    assert figures(empty, ["obliged", "created", "creation_rate", "activity_rate", "cohort_rate"]) == {
        "obliged": 0, "created": 0, "creation_rate": None, "activity_rate": None, "cohort_rate": None,
    }  # fmt: skip


def test_no_register_is_not_a_register_of_none(small_province):
    ward = by_code(coverage("42"))["18754"]
    assert figures(ward, ["obliged", "created_obliged", "created", "active", "creation_rate", "activity_rate"]) == {
        "obliged": None, "created_obliged": None, "created": 1, "active": 0, "creation_rate": None, "activity_rate": 0,
    }  # fmt: skip


def test_a_province_whose_files_were_not_loaded_has_no_data(small_province):
    assert set(figures(coverage("46").total).values()) == {None}


def test_days_without_any_scan_loaded_are_unknown_and_not_zero(small_province):
    later = coverage("42", Window(date(2022, 1, 1), date(2022, 1, 7))).total
    assert figures(later, ["created", "new", "active", "scans", "activity_rate"]) == {
        "created": 11, "new": 0, "active": None, "scans": None, "activity_rate": None,
    }  # fmt: skip


def test_rates_of_a_parent_are_sums_divided_once(small_province):
    district = coverage("440", by="district")
    assert district.rows["code"].tolist() == ["440"]
    # Kỳ Trinh, with no register, is outside; Hòa Lạc, with a register of 0, adds nothing
    assert figures(district.total) == {
        "obliged": 8, "created_obliged": 8, "created": 9, "new": 7, "active": 3, "cohort": 2, "never_scanned": 5,
        "scans": 26, "people": 21, "creation_rate": 1, "activity_rate": 3 / 9, "cohort_rate": 2 / 7,
    }  # fmt: skip
    assert coverage("440").total.equals(district.total)
    province = coverage("42", by="province").total
    assert figures(province, ["created", "active", "obliged"]) == {"created": 10, "active": 3, "obliged": 8}


def test_every_unit_is_a_row_with_or_without_data(small_province):
    assert coverage("42").rows["code"].tolist() == ["18229", "18235", "18280", "18754", "18757"]
    assert coverage("42", by="district").rows["code"].tolist() == ["440", "449"]
    assert coverage("18235").rows["code"].tolist() == ["18235"]


def test_a_group_narrows_venues_and_register(small_province):
    agencies = by_code(coverage("440", group="A"))
    assert figures(agencies["18229"], ["obliged", "created", "new", "active", "creation_rate"]) == {
        "obliged": 2, "created": 2, "new": 1, "active": 1, "creation_rate": 1,
    }  # fmt: skip
    assert figures(agencies["18235"], ["obliged", "created", "creation_rate"]) == {
        "obliged": None, "created": 0, "creation_rate": None,
    }  # fmt: skip


def test_a_group_that_the_register_does_not_have_is_no_group_of_zeros(small_province):
    with pytest.raises(UnitError, match="no group c; it has A, C"):
        coverage("440", group="c")


def test_the_last_day_with_scans_is_the_provinces_own(small_province):
    assert coverage("18280").scans_until == date(2021, 12, 9)
    assert coverage("46").scans_until is None


def test_a_window_of_one_day_counts_that_day(small_province):
    day = coverage("440", Window(date(2021, 12, 8), date(2021, 12, 8))).total
    assert figures(day, ["new", "active", "cohort", "scans"]) == {"new": 2, "active": 1, "cohort": 0, "scans": 7}


def test_unknown_units_and_impossible_windows_are_refused(small_province):
    with pytest.raises(UnitError, match="no unit 999"):
        coverage("999")
    with pytest.raises(UnitError, match="inside a province"):
        coverage("440", by="province")
    with pytest.raises(WindowError, match="after its end"):
        Window(date(2021, 12, 8), date(2021, 11, 26))


def test_venues_of_another_vintage_are_not_left_out_in_silence(small_province, small_files):
    from loaders.boundaries import load_boundaries

    load_boundaries(small_files["boundaries"], date(2025, 7, 1))
    with pytest.raises(WindowError, match="11 venues were declared in other units"):
        coverage("42", Window(date(2025, 7, 1), date(2025, 7, 2)))
    assert coverage("42").total["created"] == 10
    # of another province they say nothing
    assert coverage("46", Window(date(2025, 7, 1), date(2025, 7, 2))).total.isna()["created"]
