"""I15 of a province small enough to count by hand, and the loads behind it."""

from datetime import date

import pandas as pd
import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import everything, operator_scope
from geo.coverage import Window
from geo.errors import UnitError
from geo.quality import divide, list_findings, list_runs, list_sources, read_quality
from geo.scope import ROLES, Scope
from geo.units import list_vintages
from loaders.scans import load_scans
from loaders.venues import load_venues

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
NEWEST = date(2021, 12, 9)  # the last scans of conftest.SCANS
MORE = """Mã địa điểm,Tên địa điểm,Loại hình,Mã xã,Ngày tạo,Kinh độ,Vĩ độ
W1,Ngoài xã,Chợ dân sinh,18754,28/11/2021,105.95,18.95
W2,Trong xã,Chợ dân sinh,18754,28/11/2021,105.55,18.65
W3,Sai ngày,Chợ dân sinh,18754,31/02/2021,,
"""
BAD_SCANS = """Mã địa điểm,Ngày,Số lượt quét,Số người
V1,2021-12-08,3,3
V0,2021-12-08,3,3
V99,2021-12-08,4,4
V99,2021-12-07,1,9
"""


@pytest.fixture(scope="module")
def loaded(small_province, tmp_path_factory):
    """The small province, with points of Kỳ Trinh and a file of scans of which three rows are refused."""
    folder = tmp_path_factory.mktemp("more")
    for name, text in (("them.csv", MORE), ("quét.csv", BAD_SCANS)):
        (folder / name).write_text(text, encoding="utf-8")
    load_venues(folder / "them.csv")
    load_scans(folder / "quét.csv")
    return small_province


def scope_of(role, *codes):
    with db.gating() as connection:
        units = everything(connection)
    return Scope(role, tuple((units[0][0], code) for code in codes))


def quality(unit="42", by="commune", newest=NEWEST, scope=None):
    with db.reading(scope or operator_scope()) as connection:
        (vintage,) = list_vintages(connection)
        return read_quality(connection, unit, vintage, WINDOW, newest, by)


def row(found, code):
    return found.rows.set_index("code").loc[code]


def test_every_commune_is_a_row_and_what_is_not_known_is_null(loaded):
    found = quality()
    assert list(found.rows["code"]) == ["18229", "18235", "18280", "18754", "18757"]
    empty = row(found, "18280")
    assert (empty["communes"], empty["communes_with_venues"], empty["communes_with_scans"]) == (1, 0, 0)
    assert all(
        pd.isna(empty[name])
        for name in ("venues", "with_point", "points_right", "points_inside", "last_day", "days_without")
    )
    assert row(found, "18229")["placed_by_code"] == 0 and row(found, "18754")["placed_by_code"] == pytest.approx(2 / 3)


def test_points_are_right_where_they_lie_in_the_declared_commune(loaded):
    found = row(quality(), "18754")
    assert (found["venues"], found["with_point"], found["inside"]) == (3, 2, 1)
    assert found["points_inside"] == pytest.approx(1 / 3) and found["points_right"] == 0.5
    none = row(quality(), "18235")
    assert (
        (none["venues"], none["with_point"]) == (6, 0) and pd.isna(none["points_right"]) and none["points_inside"] == 0
    )


def test_counts_are_summed_before_they_are_divided(loaded):
    communes, districts, province = quality(), quality(by="district"), quality(by="province")
    for name in ("venues", "with_point", "inside", "by_code", "communes_with_scans", "communes_late"):
        assert (
            communes.rows[name].sum()
            == districts.rows[name].sum()
            == province.rows[name].iloc[0]
            == communes.total[name]
        )
    assert (communes.total["communes"], communes.total["communes_with_venues"]) == (5, 3)
    assert communes.total["points_right"] == pytest.approx(2 / 3), "V1 lies in Đức Thọ, W2 in Kỳ Trinh, W1 in neither"
    assert communes.total["scans_told"] == pytest.approx(2 / 5)


def test_a_commune_is_late_by_the_newest_day_anywhere(loaded):
    found = quality()
    assert list(found.rows["days_without"].isna()) == [False, False, True, True, True]
    assert (row(found, "18229")["days_without"], row(found, "18235")["days_without"]) == (1, 0)
    assert found.total["communes_late"] == 3, "those without any scan"
    later = quality(newest=date(2021, 12, 15))
    assert (row(later, "18229")["communes_late"], row(later, "18235")["communes_late"]) == (0, 0), (
        "seven days are not late"
    )
    later = quality(newest=date(2021, 12, 16))
    assert (row(later, "18229")["communes_late"], row(later, "18235")["communes_late"]) == (1, 0)


def test_scans_of_communes_count_as_scans(loaded):
    with db.loading() as connection:
        (run,) = connection.execute(sa.text("SELECT max(id) FROM load_run")).one()
        add = "INSERT INTO commune_scan_day VALUES ('2021-12-08', :vintage, '18754', 1, 2, 2, :run)"
        vintage = connection.scalar(sa.text("SELECT id FROM boundary_vintage"))
        connection.execute(sa.text(add), {"vintage": vintage, "run": run})
    try:
        assert row(quality(), "18754")["last_day"] == date(2021, 12, 8)
        assert quality().total["communes_with_scans"] == 3
    finally:
        with db.loading() as connection:
            connection.execute(sa.text("DELETE FROM commune_scan_day"))


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_told_of_units_out_of_scope(loaded, role):
    scope = scope_of(role, "440")
    found = quality("440", scope=scope)
    assert set(found.rows["code"]) == {"18229", "18235", "18280"} and found.total["venues"] == 10
    for unit in ("42", "449", "18754", "46"):
        with pytest.raises(UnitError):
            quality(unit, scope=scope)


def test_a_unit_is_not_asked_by_a_larger_one(loaded):
    with pytest.raises(UnitError):
        quality("440", by="province")


def test_a_share_of_nothing_is_null():
    assert divide(0, 0) is None and divide(None, 3) is None and divide(1, pd.NA) is None and divide(0, 4) == 0


def runs(role, kind=None, *codes):
    with db.reading(scope_of(role, *(codes or ("42",)))) as connection:
        return list_runs(connection, kind)


def test_loads_are_told_newest_first_with_their_counts(loaded):
    found = runs("data")
    assert list(found["kind"]) == ["scans", "venues", "scans", "venues", "register", "boundaries"]
    newest = found.iloc[0]
    assert (newest["file_name"], newest["rows_in"], newest["rows_loaded"], newest["rows_refused"]) == (
        "quét.csv",
        4,
        1,
        3,
    )
    assert newest["unknown_venues"] == 3, "rows, not findings"
    assert list(runs("admin", "venues")["file_name"]) == ["them.csv", "venues.csv"]


@pytest.mark.parametrize("role", ["leader", "district", "commune", "health", "nobody", ""])
def test_other_roles_are_told_of_no_load(loaded, role):
    assert runs(role).empty


def test_findings_are_of_communes_in_scope(loaded):
    venues, scans = runs("data", "venues")["id"].iloc[0], runs("data", "scans")["id"].iloc[0]

    def found(run, *codes):
        with db.reading(scope_of("data", *codes)) as connection:
            return list_findings(connection, int(run))

    assert list(found(venues, "449")["rule"]) == ["outside_commune", "not_a_date"]
    assert set(found(venues, "449")["commune"]) == {"Phường Kỳ Trinh"}
    assert found(venues, "440").empty
    assert found(scans, "440").empty, "of no commune: only for who sees all"
    assert set(found(scans, "42", "46")["rule"]) >= {"unknown_venue"}
    assert len(found(scans, "42", "46")) > len(found(scans, "42", "46").head(1)) and found(999_999_999_999, "42").empty


def test_loads_of_a_sample_that_is_gone_are_no_sources(loaded):
    with db.engine().begin() as connection:
        connection.execute(sa.text("UPDATE load_run SET invented = true WHERE kind IN ('boundaries', 'register')"))
    try:
        with db.reading(operator_scope()) as connection:
            found = list_sources(connection).set_index("kind")["run"]
        assert pd.isna(found["register"]), "the venues are real"
        assert found["boundaries"] and found["venues"]
    finally:
        with db.engine().begin() as connection:
            connection.execute(sa.text("UPDATE load_run SET invented = false"))


def test_sources_are_the_newest_loads_that_took_rows(loaded, tmp_path):
    with db.reading(operator_scope()) as connection:
        found = list_sources(connection).set_index("kind")
    assert list(found.index) == ["boundaries", "register", "scans", "venues"]
    assert found.loc["venues", "last_day"] == date(2021, 12, 9) and found.loc["scans", "last_day"] == NEWEST
    assert found.loc["boundaries", "last_day"] == date(2021, 11, 1) and pd.isna(found.loc["register", "last_day"])
    assert (found.loc["scans", "rows_in"], found.loc["scans", "rows_refused"]) == (4, 3)
    with db.reading(scope_of("data", "449")) as connection:
        assert pd.isna(list_sources(connection).set_index("kind").loc["scans", "last_day"]), "none is in scope"
