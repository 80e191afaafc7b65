"""I1 to I7 by kind of venue and by department, with filters, registers by kind, inhabitants and devices: counted by hand."""

from datetime import date

import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import operator_scope
from geo.coverage import COUNTS, MORE_COUNTS, RATES, Window, read_coverage, read_holdings, read_total
from geo.errors import CampaignError, UnitError
from geo.offices import list_old_posters, list_solutions, read_staff, remove_solution, set_solution
from geo.scope import Scope
from loaders.population import load_population
from loaders.register import load_register
from loaders.venues import load_venues

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
ADDITIVE = [count for count in (*COUNTS, *MORE_COUNTS) if count != "population"]


def coverage(unit, window=WINDOW, **options):
    with db.reading(operator_scope()) as connection:
        return read_coverage(connection, unit, window, **options)


def figures(row, names):
    return {name: None if row.isna()[name] else row[name] for name in names}


def by_code(found):
    return {row["code"]: row for _, row in found.rows.iterrows()}


@pytest.fixture(scope="module")
def told(small_province, tmp_path_factory):
    """The small province, in Kỳ Trinh a register of organisations, and in Đức Thọ inhabitants."""
    folder = tmp_path_factory.mktemp("cuts")
    organisations, people = folder / "register.csv", folder / "people.csv"
    organisations.write_text(
        "commune_code,organisation,kind,obliged\n18754,Trụ sở phường,Trụ sở làm việc,3\n18754,Chợ,Chợ dân sinh,2\n",
        encoding="utf-8",
    )
    people.write_text("commune_code,population\n18229,4000\n18235,2500\n18280,0\n", encoding="utf-8")
    load_register(organisations)
    load_population(people)
    return small_province


def test_each_kind_is_a_row(told):
    kinds = by_code(coverage("42", by="kind"))
    names = ["created", "new", "active", "cohort", "never_scanned", "scans", "people", "silent"]
    assert {code: tuple(row[names]) for code, row in kinds.items() if row["created"]} == {
        "office": (2, 1, 1, 0, 1, 10, 8, 1), "cafe": (1, 1, 1, 1, 0, 12, 11, 0), "vehicle": (1, 1, 0, 0, 1, 0, 0, 0),
        "business": (5, 4, 1, 1, 3, 4, 2, 2), "market": (1, 1, 0, 0, 1, 0, 0, 0),
    }  # fmt: skip
    assert len(kinds) == 23 and set(kinds["gym"][names]) == {0}
    assert (kinds["cafe"]["name"], kinds["cafe"]["name_en"]) == ("Quán cà phê", "Café")
    assert figures(kinds["cafe"], ["level", "parent_code", "no_scan_communes", "density"]) == dict.fromkeys(
        ["level", "parent_code", "no_scan_communes", "density"]
    )


def test_a_department_answers_for_its_kinds_and_one_for_the_rest(told):
    found = coverage("42", by="department")
    rows = by_code(found)
    assert {code: row["created"] for code, row in rows.items()} == {
        "education": 0, "health": 0, "industrial_zones": 0, "information": 9, "transport": 1,
    }  # fmt: skip
    assert rows["information"]["name"] == "Sở Thông tin và Truyền thông"
    for count in ("created", "new", "active", "cohort", "never_scanned", "scans", "people", "silent"):
        assert found.rows[count].sum() == found.total[count]


def test_a_register_of_organisations_tells_the_kinds_and_one_of_counts_does_not(told):
    kinds = by_code(coverage("42", by="kind"))
    names = ["obliged", "created_obliged", "creation_rate"]
    assert figures(kinds["office"], names) == {"obliged": 3, "created_obliged": 0, "creation_rate": 0}
    assert figures(kinds["market"], names) == {"obliged": 2, "created_obliged": 1, "creation_rate": 1 / 2}
    assert figures(kinds["cafe"], names) == {"obliged": 0, "created_obliged": 0, "creation_rate": None}
    assert figures(kinds["vehicle"], names) == dict.fromkeys(names)
    markets = by_code(coverage("42", kind="market"))
    assert figures(markets["18754"], names) == {"obliged": 2, "created_obliged": 1, "creation_rate": 1 / 2}
    assert figures(markets["18229"], names) == dict.fromkeys(names)


def test_a_kind_or_department_narrows_the_venues(told):
    cafes, rest = coverage("440", kind="cafe"), coverage("440", department="information")
    assert figures(cafes.total, ["created", "active", "scans", "no_scan_communes"]) == {
        "created": 1, "active": 1, "scans": 12, "no_scan_communes": 2,
    }  # fmt: skip
    assert rest.total["created"] == coverage("440").total["created"] - 1  # the vehicle
    assert coverage("440", kind="cafe", department="transport").total["created"] == 0
    assert len(coverage("440", by="kind", department="transport").rows) == 2
    with pytest.raises(UnitError, match="no kind pagoda; there are apartment, bar"):
        coverage("440", kind="pagoda")
    with pytest.raises(UnitError, match="no department police"):
        coverage("440", department="police")


def test_sums_of_the_communes_are_the_district_and_of_districts_the_province(told):
    for filters in ({}, {"group": "C"}, {"kind": "business"}, {"department": "information"}):
        whole = coverage("42", **filters)
        for below in (coverage("42", by="district", **filters), coverage("42", **filters)):
            assert figures(below.rows[ADDITIVE].sum(min_count=1), ADDITIVE) == figures(whole.total, ADDITIVE)
        with db.reading(Scope("commune", ((1, "18235"),))) as connection:
            assert read_total(connection, "42", WINDOW, **filters).equals(coverage("42", by="province", **filters).total)


def test_rates_lie_between_0_and_1_except_creation(told):
    for by in ("commune", "district", "province", "kind", "department"):
        rows = coverage("42", by=by).rows
        for rate in RATES:
            known = rows[rate].dropna()
            assert (known >= 0).all() and ((known <= 1).all() or rate == "creation_rate")


def test_silent_for_k_days_is_neither_never_scanned_nor_scanned_since(told):
    assert [coverage("42", silent_days=days).total["silent"] for days in (1, 7, 8, 12, 14)] == [3, 3, 2, 1, 0]


def test_communes_without_a_scan_are_counted(told):
    assert coverage("42").total["no_scan_communes"] == 3
    assert by_code(coverage("42", by="district"))["449"]["no_scan_communes"] == 2
    assert by_code(coverage("42"))["18229"]["no_scan_communes"] == 0


def test_density_is_told_where_inhabitants_are_known_of_every_commune(told):
    rows = by_code(coverage("42"))
    assert figures(rows["18229"], ["population", "density"]) == {"population": 4000, "density": 1.0}
    assert figures(rows["18280"], ["population", "density"]) == {"population": 0, "density": None}
    assert figures(rows["18754"], ["population", "density"]) == {"population": None, "density": None}
    assert figures(coverage("440").total, ["population", "density"]) == {
        "population": 6500, "density": pytest.approx(9 / 6.5),
    }  # fmt: skip
    assert figures(coverage("42").total, ["population", "density"]) == {"population": None, "density": None}


def test_every_unit_in_scope_can_be_read_at_once(told):
    everywhere = coverage(None, by="province")
    assert everywhere.unit is None and everywhere.rows["code"].tolist() == ["42", "46"]
    assert figures(by_code(everywhere)["46"], ["created", "active"]) == {"created": None, "active": None}
    assert (everywhere.total["created"], everywhere.total["scans"]) == (10, 26)
    with db.reading(Scope("district", ((1, "440"),))) as connection:
        found = read_coverage(connection, None, WINDOW)
    assert found.rows["code"].tolist() == ["18229", "18235", "18280"]


@pytest.fixture
def devices(told, tmp_path):
    """Hà Tĩnh with devices in force from 06/12/2021 on, and one venue that has one."""
    path = tmp_path / "devices.csv"
    path.write_text(
        "venue_code,name,kind,commune_code,created_on,solution\nV3,Trụ sở hai,office,18229,2021-12-08,thiết bị\n",
        encoding="utf-8",
    )
    with db.engine().begin() as connection:
        connection.execute(sa.text("INSERT INTO solution_in_force VALUES ('42', '2021-12-06', 'device', 'test')"))
    load_venues(path)
    yield
    with db.engine().begin() as connection:
        connection.execute(sa.text("DELETE FROM solution_in_force WHERE province_code = '42'"))


def test_where_devices_are_in_force_creation_counts_them_and_old_posters_are_listed(devices):
    names = ["created", "created_obliged", "obliged"]
    found = coverage("440")
    assert found.solution == "device"
    assert figures(by_code(found)["18229"], names) == {"created": 4, "created_obliged": 1, "obliged": 4}
    assert figures(by_code(coverage("440", group="C"))["18229"], names) == {"created": 1, "created_obliged": 0, "obliged": 2}
    with db.reading(Scope("commune", ((1, "18235"),))) as connection:
        assert read_total(connection, "440", WINDOW)["created_obliged"] == 1
    before = coverage("440", Window(date(2021, 11, 26), date(2021, 12, 5)))
    assert before.solution == "poster"
    assert figures(by_code(before)["18229"], names) == {"created": 3, "created_obliged": 2, "obliged": 4}
    with db.reading(operator_scope()) as connection:
        posters = list_old_posters(connection, "42", date(2021, 12, 8))
        assert posters["venue_code"].tolist() == ["V2", "V1", "V4", "V5", "V6", "V7", "V8", "V9", "V11"]
        assert list_old_posters(connection, "18229", date(2021, 12, 8), kind="office")["venue_code"].tolist() == ["V1"]
        assert len(list_old_posters(connection, "42", date(2021, 12, 5))) == 0


def test_thua_thien_hue_has_devices_in_force_since_the_letter(told):
    with db.engine().connect() as connection:
        ask = sa.text("SELECT find_solution('46', CAST(:day AS date))")
        days = "2021-12-05", "2021-12-06", "2022-06-01"
        assert [connection.scalar(ask, {"day": day}) for day in days] == ["poster", "device", "device"]
        decree = connection.scalar(sa.text("SELECT decree FROM solution_in_force WHERE province_code = '46'"))
    assert decree == "11731/UBND-CN"


def test_staff_with_the_app_is_told_by_the_newest_returns_and_hidden_without(told):
    rows = sa.text("""
        INSERT INTO staff_return
        SELECT vintage, code, id, organisation, CAST(day AS date), staff, installed, 1
        FROM admin_unit
        JOIN (VALUES ('42', 'Sở Y tế', '2021-12-01', 10, 5), ('42', 'Sở Y tế', '2021-12-07', 10, 8), ('440', 'UBND', '2021-12-02', 4, 4))
            AS told(place, organisation, day, staff, installed) ON told.place = admin_unit.code
    """)
    with db.engine().begin() as connection:
        connection.execute(rows)
    with db.reading(operator_scope()) as connection:
        assert read_staff(connection, "449", date(2021, 12, 8)) is None
        assert read_staff(connection, "42", date(2021, 11, 30)) is None
        totals = [read_staff(connection, "42", date(2021, 12, day)).total.tolist() for day in (1, 2, 8)]
        district = read_staff(connection, "440", date(2021, 12, 8))
    assert totals == [[10, 5, 5 / 10], [14, 9, 9 / 14], [14, 12, 12 / 14]]
    assert district.rows[["code", "organisation", "installed_rate"]].values.tolist() == [["440", "UBND", 1.0]]


def test_what_is_in_force_is_set_replaced_and_taken_back_and_restates_what_was_read(told):
    with db.reading(operator_scope()) as connection:
        before = read_holdings(connection).version
    day = date(2021, 12, 6)
    with db.loading() as connection:
        set_solution(connection, "42", day, "poster", "mistyped", "test")
        set_solution(connection, "42", day, "device", "letter", "test")
    with db.reading(operator_scope()) as connection:
        rows = [row for row in list_solutions(connection) if row["province_code"] == "42"]
        assert rows == [{"province_code": "42", "from_day": day, "solution": "device", "decree": "letter"}]
        assert read_holdings(connection).version > before
        assert read_coverage(connection, "42", WINDOW).solution == "device"
    with db.loading() as connection:
        remove_solution(connection, "42", day, "test")
        with pytest.raises(CampaignError, match="nothing is in force"):
            remove_solution(connection, "42", day, "test")
    with db.reading(operator_scope()) as connection:
        assert read_coverage(connection, "42", WINDOW).solution == "poster"
