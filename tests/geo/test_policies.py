"""What is open to every reader, what is guarded by a policy, and what is out of reach: of all there is in the database."""

import pytest
import sqlalchemy as sa

from geo import db
from geo.schema import GATE, LOADER, OWNER, VIEWER, metadata
from geo.summaries import TABLES

# What every reader may read whole: no row of it is of a commune; of load_run only the columns named below.
OPEN = {"boundary_vintage", "venue_kind", "department", "department_kind", "solution_in_force", "unit_change", "load_run",
        "tracing_rule", "alembic_version",
        "spatial_ref_sys", "geometry_columns", "geography_columns"}  # fmt: skip
OF_A_COMMUNE = {
    "venue",
    "scan_day",
    "inspection",
    "inspection_plan",
    "inspection_history",
    "visit",
    "obligation",
    "commune_scan_day",
    "load_finding",
    "restatement",
    "unit_alias",
    "organisation",
    "population",
    "scan_hour",
    "visit_history",
    "case_week",
    "gap_week",
    "hotspot_review",
    "rectification",
    "visit_purge",  # of a province
    "staff_return",
    "report",  # of a district or province
    "report_file",
    "report_sending",
    "agency_assessment",
    *(set(TABLES) - {"province_summary"}),
}
READABLE = """
    SELECT relname, relrowsecurity FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
      AND (has_table_privilege(:role, oid, 'SELECT') OR has_any_column_privilege(:role, oid, 'SELECT'))
"""
POLICIES = "SELECT tablename, cmd, qual FROM pg_policies WHERE roles && ARRAY[CAST(:role AS name), 'public']"


def test_every_table_and_view_a_reader_can_read_has_a_policy_or_is_named_as_open(database):
    with db.engine().connect() as connection:
        readable = dict(connection.execute(sa.text(READABLE), {"role": VIEWER}).all())
        policies = connection.execute(sa.text(POLICIES), {"role": VIEWER}).all()
    guarded = {table for table, secured in readable.items() if secured}
    assert readable.keys() - guarded == OPEN
    assert guarded == {"admin_unit", "campaign", "audit", *OF_A_COMMUNE}
    assert sorted(table for table, *_ in policies) == sorted(guarded)  # one each: a second one would add rows
    assert {command for _, command, _ in policies} == {"SELECT"}
    assert all(any(word in seen for word in ("scope_inside()", "scope_known()", "phuqr.role")) for *_, seen in policies)


def test_a_table_of_the_schema_is_guarded_open_or_out_of_every_readers_reach(database):
    closed = {"account", "account_unit", "session", "sign_in_turn", "gate_secret", "summary_stale", "province_summary", "report_recipient"}
    assert set(metadata.tables) - OPEN - closed == {"admin_unit", "campaign", "audit", *OF_A_COMMUNE}


def test_the_months_of_scans_cannot_be_read_past_the_policy(database):
    with db.loading() as connection:
        for prepare in (sa.func.add_scan_month, sa.func.attach_scan_month):
            connection.execute(sa.select(prepare("2021-12-01")))
    for role in (VIEWER, GATE):
        with db.engine(role).connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.execute(sa.text("SELECT * FROM scan_day_2021_12"))


def test_only_known_functions_look_past_the_scope_and_they_give_sums_and_days(database):
    ours = sa.text("SELECT proname, pg_get_function_result(oid) FROM pg_proc WHERE prosecdef "
                   "AND pronamespace = 'public'::regnamespace AND has_function_privilege(:role, oid, 'EXECUTE') "
                   "AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')")  # fmt: skip
    with db.engine().connect() as connection:
        assert (
            dict(connection.execute(ours, {"role": VIEWER}).all())
            == {
                "resolve_scope": "record",  # numbers of units
                "sees_all": "boolean",
                "read_facts": "TABLE(scans_until date, invented boolean)",
                "read_province": "TABLE(code text, venues_known boolean, scans_known boolean, scans_until date, other_vintages bigint, "
                "solution text)",
                "read_days": "TABLE(code text, day date)",
                "read_total": "SETOF record",
                "read_peers": "TABLE(obliged bigint, created_obliged bigint, created bigint, active bigint)",  # of no named unit
                "read_scan_days": "SETOF date",
                "read_case_weeks": "TABLE(week date, commune_code text, cases integer)",  # see test_case_weeks.py
                "read_tracing_version": "bigint",
                "read_filings": "TABLE(unit_code text, filed_at timestamp with time zone)",  # of units in scope, see test_reports.py
                "read_report_version": "bigint",
                # loads, for data and admin only: see test_quality.py
                "read_runs": "TABLE(id integer, kind text, file_name text, loaded_by text, started_at timestamp with time zone, "
                "finished_at timestamp with time zone, invented boolean, rows_in integer, rows_loaded integer, rows_refused integer, "
                "rows_changed integer, rows_taken_back integer, warnings integer, error text, unknown_venues bigint)",
            }
        )


def test_what_runs_as_the_owner_takes_nothing_from_the_callers_temporary_schema(database):
    paths = sa.text("SELECT DISTINCT proconfig[1] FROM pg_proc WHERE prosecdef AND pg_get_userbyid(proowner) = :owner "
                    "AND pronamespace = 'public'::regnamespace")  # fmt: skip
    with db.engine().connect() as connection:
        # pg_temp comes first where it is not named
        assert connection.scalars(paths, {"owner": OWNER}).all() == ["search_path=pg_catalog, public, pg_temp"]


# A reader's view that stands before a table of ours, and runs as whoever reads it.
TRAP = """
CREATE FUNCTION pg_temp.note() RETURNS boolean LANGUAGE plpgsql
    AS 'BEGIN PERFORM set_config(''trap.caught'', current_user::text, false); RETURN true; END';
CREATE TEMP VIEW {table} AS SELECT * FROM public.{table} WHERE pg_temp.note();
GRANT SELECT ON pg_temp.{table} TO PUBLIC;
"""


@pytest.mark.parametrize(
    ("role", "table", "call"),
    [
        (VIEWER, "admin_unit", "SELECT resolve_scope('[]')"),
        (GATE, "admin_unit", "SELECT resolve_scope('[]')"),
        (VIEWER, "admin_unit", "SELECT * FROM read_province(1, '42', '2021-01-01', '2021-01-02')"),
        (VIEWER, "scan_day", "SELECT * FROM read_facts()"),
    ],
)
def test_no_reader_has_a_statement_of_its_own_run_as_the_owner(small_province, role, table, call):
    with db.engine(role).connect() as connection:  # rolled back
        connection.execute(sa.text(TRAP.format(table=table)))
        caught = sa.text("SELECT current_setting('trap.caught')")
        connection.execute(sa.text("SELECT set_config('phuqr.inside', '{[1,100)}', true)"))
        connection.execute(sa.text(f"SELECT count(*) FROM {table}"))
        assert connection.scalar(caught) == role
        connection.execute(sa.text(call))
        assert connection.scalar(caught) == role


def test_no_role_of_ours_is_above_the_policies(database):
    powers = "rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication"
    ours = sa.text(f"SELECT rolname FROM pg_roles WHERE rolname ~ '^phuqr_(owner|loader|viewer|gate)' AND ({powers})")
    with db.engine().connect() as connection:
        assert connection.scalars(ours).all() == []
        for role, member in ((VIEWER, LOADER), (VIEWER, GATE), (GATE, VIEWER), (GATE, LOADER)):
            assert not connection.scalar(sa.text(f"SELECT pg_has_role('{role}', '{member}', 'MEMBER')"))


def test_of_a_load_readers_know_when_and_how_many_and_not_which_file_by_whom(database):
    columns = sa.text("SELECT attname FROM pg_attribute WHERE attrelid = 'load_run'::regclass AND attnum > 0 "
                      "AND has_column_privilege(:role, attrelid, attnum, 'SELECT')")  # fmt: skip
    open_to_readers = {"id", "kind", "started_at", "finished_at", "invented", "rows_in", "rows_loaded", "rows_refused",
                       "rows_changed", "rows_taken_back", "warnings"}  # fmt: skip
    with db.engine().connect() as connection:
        assert set(connection.scalars(columns, {"role": VIEWER})) == open_to_readers
        assert set(connection.scalars(columns, {"role": GATE})) == {"id", "invented", "started_at"}
