"""Who has assessed itself, and the share of entrants scanned: by hand-counted rows, summed and then divided, in scope only."""

from datetime import date

import pandas as pd
import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import operator_scope
from geo.assessments import read_assessments
from geo.coverage import Window
from geo.errors import UnitError
from geo.scope import Scope

WEEK = Window(date(2021, 12, 6), date(2021, 12, 12))
# Two agencies in Thị trấn Đức Thọ, one in Quang Vĩnh, one in Kỳ Trinh; a business, which is none. Of these answered: the treasury twice,
# the tax office on a day before the week, Kỳ Trinh's without a count; and one in Hòa Lạc that no register names.
ROWS = """
INSERT INTO organisation (vintage, commune_code, obligation_group, name, obliged, load_run) VALUES
    (1, '18229', 'A', 'Kho bạc', 2, 1), (1, '18229', 'A', 'Chi cục Thuế', 1, 1), (1, '18235', 'A', 'UBND xã', 1, 1),
    (1, '18754', 'A', 'UBND phường', 1, 1), (1, '18229', 'C', 'Quán', 1, 1);
INSERT INTO agency_assessment
    SELECT u.vintage, u.code, u.id, t.organisation, CAST(t.day AS date), t.points, t.supervisors, t.system, t.entrants, t.scanned, 1
    FROM admin_unit u
    JOIN (VALUES ('18229', 'Kho bạc', '2021-12-06', 1, 1, 'poster', 100, 10), ('18229', 'Kho bạc', '2021-12-08', 3, 4, 'device', 200, 150),
                 ('18229', 'Chi cục Thuế', '2021-12-05', 9, 9, 'device', 900, 900),
                 ('18754', 'UBND phường', '2021-12-12', 2, 1, 'none', NULL, NULL), ('18280', 'Hội', '2021-12-07', 1, 0, 'other', 50, 25))
        AS t(code, organisation, day, points, supervisors, system, entrants, scanned) ON t.code = u.code AND u.vintage = 1
"""


@pytest.fixture(scope="module")
def answered(small_province):
    with db.engine().begin() as connection:
        connection.execute(sa.text(ROWS))
    return small_province


def read(unit="42", by="commune", window=WEEK, scope=None):
    with db.reading(scope or operator_scope()) as connection:
        return read_assessments(connection, unit, window, by)


def plain(row):
    return {name: None if pd.isna(row[name]) else row[name] for name in ("agencies", "answered", "others", "points", "entrants", "scanned")}


def test_sums_are_of_each_agencys_newest_answer_in_the_window_and_divided_last(answered):
    found = read(by="district")
    assert plain(found.total) == {"agencies": 4, "answered": 2, "others": 1, "points": 6, "entrants": 250, "scanned": 175}
    assert (found.total["name"], found.total["answered_rate"], found.total["scanned_rate"]) == ("Tỉnh Hà Tĩnh", 0.5, 0.7)
    rows = {row["code"]: row for row in found.rows.to_dict("records")}
    assert plain(rows["440"]) == {"agencies": 3, "answered": 1, "others": 1, "points": 4, "entrants": 250, "scanned": 175}
    assert rows["440"]["scanned_rate"] == pytest.approx(0.7) and rows["440"]["answered_rate"] == pytest.approx(1 / 3)
    assert plain(rows["449"]) == {"agencies": 1, "answered": 1, "others": 0, "points": 2, "entrants": None, "scanned": None}
    assert pd.isna(rows["449"]["scanned_rate"]), "who did not count has no rate, neither 0 nor 100 %"


def test_a_commune_without_agencies_is_a_row(answered):
    rows = {row["code"]: row for row in read("449").rows.to_dict("records")}
    assert plain(rows["18757"]) == {"agencies": 0, "answered": 0, "others": 0, "points": None, "entrants": None, "scanned": None}
    assert pd.isna(rows["18757"]["answered_rate"])


def test_who_has_not_answered_comes_first_and_then_the_lowest_share(answered):
    found = read().agencies
    assert list(found["organisation"]) == ["Chi cục Thuế", "UBND xã", "Hội", "Kho bạc", "UBND phường"]
    assert list(found["registered"]) == [True, True, False, True, True]
    treasury = found.iloc[3]
    assert (treasury["assessed_on"], treasury["points"], treasury["supervisors"], treasury["system"]) == (date(2021, 12, 8), 3, 4, "device")
    assert (treasury["commune"], treasury["district"]) == ("Thị trấn Đức Thọ", "Huyện Đức Thọ")


def test_an_answer_from_before_the_register_is_that_of_the_agency_however_it_was_typed(answered):
    row = """INSERT INTO agency_assessment SELECT vintage, code, id, :name, '2021-12-10', 1, 1, 'device', 80, 20, 1 FROM admin_unit
             WHERE vintage = 1 AND code = '18229'"""
    with db.engine().begin() as connection:
        for name in ("KHO BAC", "chi cục  thuế"):
            connection.execute(sa.text(row), {"name": name})
    try:
        found = read("18229")
        assert sorted(found.agencies["organisation"]) == ["Chi cục Thuế", "Kho bạc"] and list(found.agencies["scanned"]) == [20, 20]
        assert plain(found.total) == {"agencies": 2, "answered": 2, "others": 0, "points": 2, "entrants": 160, "scanned": 40}
    finally:
        with db.engine().begin() as connection:
            connection.execute(sa.text("DELETE FROM agency_assessment WHERE assessed_on = '2021-12-10'"))


def test_another_window_has_other_answers(answered):
    assert plain(read(window=Window(date(2021, 12, 5), date(2021, 12, 5))).total)["answered"] == 1
    assert plain(read(window=Window(date(2021, 12, 13), date(2021, 12, 19))).total) == {
        "agencies": 4, "answered": 0, "others": 0, "points": None, "entrants": None, "scanned": None,
    }  # fmt: skip


def test_where_the_register_names_no_agency_nobody_knows_how_many_there_are(answered):
    assert plain(read("46").total) == {"agencies": None, "answered": None, "others": 0, "points": None, "entrants": None, "scanned": None}
    assert pd.isna(read("18280").total["agencies"]) and read("18280").total["others"] == 1


def test_a_reader_counts_those_in_scope(answered):
    district = Scope("district", ((1, "440"),))
    assert plain(read("440", scope=district).total)["agencies"] == 3
    commune = read("18235", scope=Scope("commune", ((1, "18235"),)))
    assert list(commune.agencies["organisation"]) == ["UBND xã"]
    for unit in ("42", "449", "18754", "99"):
        with pytest.raises(UnitError, match=f"there is no unit {unit}"):
            read(unit, scope=district)
    with pytest.raises(UnitError, match="ask by a smaller kind of unit"):
        read("18229", by="district")
