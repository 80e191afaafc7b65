"""Who sees which row, enforced by PostgreSQL: scopes, the sums of the units above them, and traced cases."""

from contextlib import suppress
from datetime import date

import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import operator_scope
from geo.audit import Actor, reading_cases
from geo.coverage import Window, read_coverage, read_total
from geo.errors import UnitError
from geo.schema import VIEWER
from geo.scope import NOTHING, ROLES, Scope, apply
from geo.summaries import TABLES, rebuild
from geo.units import list_units, list_vintages
from loaders.boundaries import load_boundaries

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
DUC_THO, KY_ANH = ["1/18229", "1/18235", "1/18280"], ["1/18754", "1/18757"]
DISTRICT = Scope("health", ((1, "440"),))

# The same units from 01/07/2025 on, with two venues of their own; and in every commune of both vintages a row of each of
# the tables that small_province leaves empty, with one finding whose commune could not be known.
ROWS = """
INSERT INTO venue (code, name, kind, vintage, commune_code, unit, located_by, created_on, load_run)
    SELECT 'new ' || code, 'Mới', 'office', vintage, code, id, 'code', '2025-07-02', 1
    FROM admin_unit WHERE vintage = 2 AND code IN ('18235', '18757');
INSERT INTO obligation VALUES (2, '18235', 'A', 7, 1), (2, '18757', 'A', 8, 1);
INSERT INTO staff_return SELECT vintage, code, id, 'Sở ' || vintage || '/' || code, '2021-12-01', 9, 5, 1 FROM admin_unit WHERE level = 3;
INSERT INTO agency_assessment
    SELECT vintage, code, id, 'Kho bạc ' || vintage || '/' || code, '2021-12-01', 1, 1, 'device', 9, 5, 1 FROM admin_unit WHERE level = 3;
SELECT add_scan_month('2025-07-01'), attach_scan_month('2025-07-01');
INSERT INTO scan_day (day, venue_id, unit, scans, people, load_run)
    SELECT '2025-07-03', id, unit, 1, 1, 1 FROM venue WHERE vintage = 2;
INSERT INTO inspection (venue_id, inspected_on, outcome, load_run) SELECT id, '2025-07-04', 'passed', 1 FROM venue;
INSERT INTO commune_scan_day SELECT '2021-12-01', vintage, code, 1, 2, 2, 1 FROM admin_unit WHERE level = 3;
INSERT INTO visit (case_code, case_class, vintage, commune_code, place, arrived_at, source, load_run)
    SELECT 'C1', 'F0', vintage, code, 'Chợ', '2021-12-01', 'declared', 1 FROM admin_unit WHERE level = 3;
INSERT INTO load_finding (load_run, row, "column", rule, refused, remedy, vintage, commune_code)
    SELECT 1, 2, 'c', 'missing', true, 'r', vintage, code FROM admin_unit WHERE level = 3
    UNION ALL SELECT 1, 3, 'c', 'missing', true, 'r', null, null;
"""
KEYS = {
    "venue": "id",
    "scan_day": "day, venue_id",
    "inspection": "id",
    "visit": "id",
    "obligation": "vintage, commune_code, obligation_group",
    "commune_scan_day": "vintage, commune_code",
    "load_finding": "row, vintage, commune_code",
    "commune_summary": "unit",
    "group_summary": "unit, obligation_group",
    "kind_summary": "unit, kind",
    "activity_month": "unit, month",
    "activity_kind_month": "unit, kind, month",
    "staff_return": "organisation",
    "agency_assessment": "organisation",
}
# The units of a scope -> the communes, vintage/code, whose rows it sees.
SCOPES = {
    "a commune": (((1, "18235"),), ["1/18235"]),
    "a district": (((1, "440"),), DUC_THO),
    "a province": (((1, "42"),), DUC_THO + KY_ANH),
    "several units": (((1, "18235"), (1, "449")), ["1/18235", *KY_ANH]),
    "a district and a commune in it": (((1, "18280"), (1, "440")), DUC_THO),
    "the same code in another vintage": (((2, "440"),), ["2/18229", "2/18235", "2/18280"]),
    "no unit": ((), []),
    "a unit that does not exist": (((1, "999"),), []),
    "a vintage that does not exist": (((3, "440"),), []),
    "one that exists and one that does not": (((1, "18235"), (1, "999")), ["1/18235"]),
}


@pytest.fixture(scope="module")
def held(small_province, small_files):
    """The small province with ROWS."""
    load_boundaries(small_files["boundaries"], date(2025, 7, 1))
    with db.engine().begin() as connection:
        connection.execute(sa.text(ROWS))
        rebuild(connection)
    return small_province


def rows_in(connection, table):
    return sorted(map(tuple, connection.execute(sa.text(f"SELECT {KEYS[table]} FROM {table}"))), key=str)


def rows_of(table, communes):
    """The keys of the rows that belong to these communes, read past the policies."""
    here = "vintage || '/' || commune_code = ANY (:communes)"
    if table in ("scan_day", "inspection"):
        here = f"venue_id IN (SELECT id FROM venue WHERE {here})"
    if table in TABLES or table in ("staff_return", "agency_assessment"):
        here = f"unit IN (SELECT id FROM admin_unit WHERE {here.replace('commune_code', 'code')})"
    with db.engine().connect() as connection:
        found = connection.execute(sa.text(f"SELECT {KEYS[table]} FROM {table} WHERE {here}"), {"communes": communes})
        return sorted(map(tuple, found), key=str)


def ask(scope, name, **parameters):
    with db.reading(scope) as connection:
        return connection.execute(db.statement(name), parameters).all()


@pytest.mark.parametrize("table", KEYS)
@pytest.mark.parametrize("name", SCOPES)
def test_a_reader_sees_the_rows_of_its_scope_and_no_other(held, name, table):
    units, communes = SCOPES[name]
    wanted = rows_of(table, communes)
    assert bool(wanted) == bool(communes)
    with db.reading(Scope("health", units), cases=True) as connection:
        assert rows_in(connection, table) == wanted


@pytest.mark.parametrize("table", KEYS)
def test_who_sees_all_sees_every_row_also_those_of_no_commune(held, table):
    with db.engine().connect() as connection:
        every = rows_in(connection, table)
    with db.reading(Scope("health", operator_scope().units), cases=True) as connection:
        assert rows_in(connection, table) == every


def test_a_row_that_names_the_district_itself_is_not_seen_from_a_commune_in_it(held):
    tables = ["venue", "inspection", "obligation"]
    rows = """INSERT INTO venue (code, name, kind, vintage, commune_code, unit, located_by, created_on, load_run)
                  SELECT 'V30', 'Chợ', 'market', 1, '440', id, 'code', '2021-12-01', 1
                  FROM admin_unit WHERE vintage = 1 AND code = '440';
              INSERT INTO inspection (venue_id, inspected_on, outcome, load_run)
                  SELECT id, '2021-12-10', 'passed', 1 FROM venue WHERE code = 'V30';
              INSERT INTO obligation VALUES (1, '440', 'A', 1, 1)"""
    before = [rows_of(table, ["1/18235"]) for table in tables]
    with db.engine().connect() as connection:  # rolled back
        connection.execute(sa.text(rows))
        connection.execute(sa.text(f"SET LOCAL ROLE {VIEWER}"))
        apply(connection, Scope("commune", ((1, "18235"),)))
        assert [rows_in(connection, table) for table in tables] == before


def test_all_provinces_of_one_vintage_only_are_not_all_there_is(held):
    with db.reading(Scope("health", ((1, "42"), (1, "46")))) as connection:
        assert not connection.scalar(sa.text("SELECT sees_all()"))
        assert rows_in(connection, "venue") == rows_of("venue", DUC_THO + KY_ANH)


def test_where_no_province_is_loaded_nobody_sees_all(held):
    with db.engine().connect() as connection:  # rolled back
        connection.execute(sa.text("SET session_replication_role = replica"))
        connection.execute(sa.text("DELETE FROM admin_unit"))
        connection.execute(sa.text(f"SET LOCAL ROLE {VIEWER}"))
        apply(connection, Scope("leader", ((1, "42"),)))
        assert rows_in(connection, "venue") == []


@pytest.mark.parametrize("table", [*KEYS, "admin_unit", "audit"])
def test_without_a_scope_no_row_is_seen(held, table):
    db.engine(VIEWER).dispose()  # where none was ever set; below, where one has ended
    with db.engine(VIEWER).connect() as connection:
        assert connection.execute(sa.text(f"SELECT 1 FROM {table}")).all() == []


@pytest.mark.parametrize(
    ("units", "inside", "above"),
    [
        (((1, "18235"),), {"18235"}, {"440", "42"}),
        (((1, "440"),), {"440", "18229", "18235", "18280"}, {"42"}),
        (((1, "440"), (1, "42")), {"42", "440", "449", "18229", "18235", "18280", "18754", "18757"}, set()),
        (((2, "440"),), set(), set()),
        ((), set(), set()),
    ],
)
def test_of_units_those_inside_are_known_and_those_above_by_name_only(held, units, inside, above):
    with db.reading(Scope("district", units)) as connection:
        known = list_units(connection, list_vintages(connection)[0]).values()
    assert {unit.code for unit in known if unit.in_scope} == inside
    assert {unit.code for unit in known if not unit.in_scope} == above


def test_units_kept_with_a_connection_are_those_of_one_scope_and_version(held):
    """The pool has one connection: these readers come one after the other."""

    def known(scope):
        with db.reading(scope) as connection:
            vintage = list_vintages(connection)[0]
            return {unit.code for unit in list_units(connection, vintage).values() if unit.in_scope}, list_units(connection, vintage)

    district = {"440", "18229", "18235", "18280"}
    codes, units = known(Scope("district", ((1, "440"),)))
    assert codes == district and known(Scope("district", ((1, "440"),)))[1] is units
    assert known(Scope("commune", ((1, "18235"),)))[0] == {"18235"}
    assert known(Scope("district", ((1, "440"),)))[1] is units
    with db.engine().begin() as connection:
        connection.execute(sa.text("INSERT INTO load_run (kind, file_name, sha256, loaded_by) VALUES ('boundaries', 'b', '', 'x')"))
        connection.execute(sa.text("UPDATE admin_unit SET name = 'Xã khác', load_run = (SELECT max(id) FROM load_run) WHERE code = '18235'"))
    assert known(Scope("district", ((1, "440"),)))[1]["18235"].name == "Xã khác"


ENDS = {
    "a commit": lambda connection: None,
    "a rollback": lambda connection: connection.rollback(),
    "an error in the page": lambda connection: [].pop(),
    "an error in the database": lambda connection: connection.execute(sa.text("SELECT 1 / 0")),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_pooled_connection_carries_no_scope_over(held, end):
    session = sa.text("SELECT pg_backend_pid()")
    settings = sa.text(
        "SELECT current_setting('phuqr.' || name, true) FROM unnest(ARRAY['role', 'cases', 'units']) AS name"
    )
    with suppress(IndexError, sa.exc.DataError), db.reading(operator_scope(), cases=True) as connection:
        assert rows_in(connection, "venue")
        before = connection.scalar(session)
        ENDS[end](connection)
    with db.engine(VIEWER).connect() as connection:
        assert connection.scalar(session) == before
        assert not any(connection.scalars(settings))
        assert [rows_in(connection, table) for table in KEYS] == [[]] * len(KEYS)
    with db.reading(Scope("health", ((1, "18235"),))) as connection:
        assert rows_in(connection, "venue") == rows_of("venue", ["1/18235"])
        assert rows_in(connection, "visit") == []


def test_a_scope_lasts_for_one_transaction(held):
    with db.engine(VIEWER).connect() as connection:
        for units, communes in SCOPES.values():
            with connection.begin():
                apply(connection, Scope("leader", units))
                assert rows_in(connection, "venue") == rows_of("venue", communes)
            with connection.begin():
                assert rows_in(connection, "venue") == []


@pytest.mark.parametrize("group", [None, "A"])
@pytest.mark.parametrize("unit", ["18235", "18280", "440"])
def test_the_sums_of_the_units_above_are_those_of_who_sees_all(held, unit, group):
    with db.reading(operator_scope()) as connection:
        whole = {parent: read_coverage(connection, parent, WINDOW, group=group).total for parent in ("440", "42")}
    with db.reading(Scope("commune", ((1, unit),))) as connection:
        for parent, total in whole.items():
            assert read_total(connection, parent, WINDOW, group).equals(total)


def test_the_sums_of_the_units_above_are_right(held):
    with db.reading(DISTRICT) as connection:
        assert read_total(connection, "440", WINDOW)[["created", "active", "scans", "obliged"]].tolist() == [
            9,
            3,
            26,
            8,
        ]
        assert read_total(connection, "42", WINDOW)[["created", "active", "scans", "obliged"]].tolist() == [
            10,
            3,
            26,
            8,
        ]


@pytest.mark.parametrize("unit", ["449", "46", "18754", "999", "18235"])
def test_sums_of_units_neither_in_scope_nor_above_it_and_of_communes_are_refused(held, unit):
    with db.reading(DISTRICT) as connection, pytest.raises(UnitError, match=f"no unit {unit}"):
        read_total(connection, unit, WINDOW)


@pytest.mark.parametrize(
    ("scope", "vintage", "unit"),
    [
        *((DISTRICT, 1, unit) for unit in ("449", "46", "18235", "18754")),
        (DISTRICT, 2, "440"),
        (Scope("leader", ((2, "42"),)), 1, "42"),
        (NOTHING, 1, "42"),
        (operator_scope, 1, "18235"),
    ],
)
def test_the_database_gives_no_sums_of_them_either(held, scope, vintage, unit):
    given = {
        "first": WINDOW.first, "last": WINDOW.last, "group": None, "kinds": None, "named": False, "silent_days": 7,
    }  # fmt: skip
    scope = scope if isinstance(scope, Scope) else scope()
    assert ask(scope, "read_total", vintage=vintage, unit=unit, **given) == []


def test_what_is_loaded_of_a_province_is_told_to_those_inside_it(held):
    days = {"first": WINDOW.first, "last": WINDOW.last}
    assert ask(DISTRICT, "read_province", vintage=1, province="42", **days) == [
        ("42", True, True, date(2021, 12, 9), 0, "poster")
    ]
    for scope, vintage, unit in ((DISTRICT, 1, "46"), (DISTRICT, 1, "449"), (DISTRICT, 2, "42"), (NOTHING, 1, "42")):
        assert ask(scope, "read_province", vintage=vintage, province=unit, **days) == []
        with db.reading(scope) as connection:
            told = sa.text("SELECT * FROM read_days(:vintage, :unit, '2021-11-26', '2021-12-08')")
            assert connection.execute(told, {"vintage": vintage, "unit": unit}).all() == []


@pytest.mark.parametrize("role", [*ROLES, "operator", "nobody"])
def test_traced_cases_are_for_health_and_leaders_within_their_scope_and_on_record_only(held, role):
    may = role in ("health", "leader")
    with reading_cases(Actor("x", Scope(role, DISTRICT.units)), "Đức Thọ") as connection:
        assert rows_in(connection, "visit") == (rows_of("visit", DUC_THO) if may else [])
    everything = Scope(role, operator_scope().units)
    with reading_cases(Actor("x", everything), "all") as connection:
        assert len(rows_in(connection, "visit")) == (12 if may else 0)
    with db.reading(everything) as connection:
        assert rows_in(connection, "visit") == []
