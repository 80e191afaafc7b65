"""The summaries equal what is counted from the facts, and what is made from nothing, after whatever was loaded in whatever order."""

import itertools
from datetime import date, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from geo import db
from geo.accounts import operator_scope
from geo.coverage import Window, list_kinds, read_coverage
from geo.summaries import TABLES, rebuild
from loaders.demo import load_sample
from loaders.scans import load_scans
from loaders.venues import load_venues

FIRST = date(2021, 11, 28)  # two months, so that one may be empty while the other is not
DAYS = [FIRST + timedelta(days=n) for n in range(6)]
CODES = [f"V{n}" for n in range(1, 9)]
FILES = itertools.count()
VENUE = st.fixed_dictionaries({
    "venue_code": st.sampled_from(CODES), "name": st.just("Quán"), "kind": st.sampled_from(["office", "cafe", "school", "vehicle"]),
    "commune_code": st.sampled_from(["18229", "18235", "18754"]), "created_on": st.sampled_from(DAYS),
    "closed_on": st.sampled_from(["", DAYS[-1]]), "solution": st.sampled_from(["poster", "device"]),
})  # fmt: skip
SCAN = st.fixed_dictionaries({
    "venue_code": st.sampled_from(CODES), "day": st.sampled_from(DAYS), "scans": st.sampled_from([0, 1, 7]),
})  # fmt: skip
LOADS = st.one_of(
    st.tuples(st.just("venues"), st.lists(VENUE, min_size=1, max_size=8, unique_by=lambda row: row["venue_code"])),
    st.tuples(
        st.just("scans"), st.lists(SCAN, min_size=1, max_size=20, unique_by=lambda row: (row["venue_code"], row["day"]))
    ),
)
WINDOWS = st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)).map(lambda days: Window(min(days), max(days)))


def read_tables(connection):
    return {
        table: connection.scalars(sa.text(f"SELECT CAST(t AS text) FROM {table} t ORDER BY 1")).all() for table in TABLES
    }


def assert_as_rebuilt():
    """The summaries as they stand are those made from nothing, and nothing waits to be summarised."""
    with db.engine().begin() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM summary_stale")) == 0
        kept = read_tables(connection)
        rebuild(connection)
        assert read_tables(connection) == kept


def count(venues, scans, window, silent_days):
    """Counts of COUNTS and silent, from frames of venues and of their scans; what hangs on the register left out."""
    made = venues[venues["created_on"] <= window.last]
    some = scans[(scans["scans"] > 0) & (scans["day"] <= window.last)]
    last = made["id"].map(some.groupby("venue_id")["day"].max())
    inside = scans[(scans["day"] >= window.first) & (scans["day"] <= window.last)]
    active = made["id"].isin(some.loc[some["day"] >= window.first, "venue_id"])
    new = made["created_on"] >= window.first
    quiet = last.dropna().map(lambda day: (window.last - day).days >= silent_days)
    return {
        "created": len(made), "new": new.sum(), "active": active.sum(), "cohort": (active & new).sum(),
        "never_scanned": last.isna().sum(), "scans": inside["scans"].sum(), "people": inside["people"].sum(),
        "silent": quiet.sum(),
    }  # fmt: skip


def assert_as_counted(window, silent_days):
    """By commune, kind and department, with and without a filter."""
    with db.reading(operator_scope()) as connection:
        venues = pd.DataFrame(connection.execute(sa.text("SELECT id, commune_code, kind, created_on FROM venue")).mappings().all())
        scans = pd.DataFrame(
            connection.execute(sa.text("SELECT venue_id, day, scans, people FROM scan_day")).mappings().all(),
            columns=["venue_id", "day", "scans", "people"],
        )
        kinds = pd.DataFrame(list_kinds(connection)).set_index("code")
        cuts = {
            "commune": venues["commune_code"],
            "kind": venues["kind"],
            "department": venues["kind"].map(kinds["department"]),
        }
        for by, filters in itertools.product(cuts, ({}, {"kind": "cafe"}, {"department": "education"})):
            found = read_coverage(connection, "42", window, by=by, silent_days=silent_days, **filters)
            narrowed = pd.Series(True, index=venues.index)
            for name, code in filters.items():
                narrowed &= cuts[name] == code
            rows = {row["code"]: row for _, row in found.rows.iterrows()} | {None: found.total}
            for code, row in rows.items():
                of = venues[narrowed & ((cuts[by] == code) if code else True)]
                wanted = count(of, scans[scans["venue_id"].isin(of["id"])], window, silent_days)
                days_known = ((scans["day"] >= window.first) & (scans["day"] <= window.last)).any()
                if not days_known:
                    wanted = {name: wanted[name] for name in ("created", "new")}
                assert {name: row[name] for name in wanted} == wanted, (by, filters, code)


@pytest.fixture
def load(units, write_records):
    """A function that loads records of venues or scans; half of a file's rows may be refused or taken back."""

    def run(kind, records):
        rows = [row | ({"people": min(row["scans"], 5)} if kind == "scans" else {}) for row in records]
        path = write_records([*rows[0], f"lần {next(FILES)}"], *rows)
        return {"venues": load_venues, "scans": load_scans}[kind](path, max_refused=0.99)

    return run


@settings(
    max_examples=15,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    venues=st.lists(VENUE, min_size=1, max_size=8, unique_by=lambda row: row["venue_code"]),
    loads=st.lists(LOADS, min_size=1, max_size=6),
    window=WINDOWS,
    silent_days=st.integers(1, 4),
)
def test_after_any_loads_the_summaries_are_those_of_the_facts(load, venues, loads, window, silent_days):
    with db.engine().begin() as connection:
        for table in ("scan_day", "restatement", "load_finding", "venue"):
            connection.execute(sa.text(f"DELETE FROM {table}"))
    load("venues", venues)
    for kind, records in loads:
        load(kind, records)
    assert_as_counted(window, silent_days)
    assert_as_rebuilt()


def test_the_sample_leaves_the_summaries_with_its_venues(empty, boundary_file, small_files):
    load_sample()
    assert_as_rebuilt()
    load_venues(small_files["venues"])
    load_scans(small_files["scans"])
    assert_as_rebuilt()
    with db.reading(operator_scope()) as connection:
        found = read_coverage(connection, "42", Window(date(2021, 11, 26), date(2021, 12, 8)))
    assert (found.total["created"], found.total["active"], found.total["scans"]) == (10, 3, 26)


def test_what_was_spoilt_by_hand_is_made_anew(phuqr, units, small_files):
    load_venues(small_files["venues"])
    load_scans(small_files["scans"])
    with db.engine().begin() as connection:
        kept = read_tables(connection)
        connection.execute(sa.text("UPDATE activity_month SET whole = ~whole"))
        connection.execute(sa.text("DELETE FROM kind_summary"))
    assert phuqr("db", "rebuild").out == "the summaries are made anew\n"
    with db.engine().connect() as connection:
        assert read_tables(connection) == kept


def test_facts_of_before_the_summaries_are_summarised_by_the_migration(units, small_files):
    load_venues(small_files["venues"])
    load_scans(small_files["scans"])
    with db.engine().begin() as connection:
        kept = read_tables(connection)
        for table in TABLES:
            connection.execute(sa.text(f"DELETE FROM {table}"))
        connection.execute(sa.text("INSERT INTO summary_stale SELECT DISTINCT unit FROM venue"))
        connection.execute(sa.text("INSERT INTO summary_stale SELECT DISTINCT unit, day FROM scan_day"))
    db.migrate()
    with db.engine().connect() as connection:
        assert read_tables(connection) == kept


def test_a_dry_run_changes_no_summary(units, small_files):
    load_venues(small_files["venues"])
    with db.engine().begin() as connection:
        kept = read_tables(connection)
    load_scans(small_files["scans"], dry_run=True)
    with db.engine().begin() as connection:
        assert read_tables(connection) == kept
