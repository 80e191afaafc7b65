"""What holds of any file: no row is lost, twice is once, the order of rows does not matter, and text stays text."""

import csv
import itertools

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from geo import db
from loaders import frames, texts
from loaders.assessments import load_assessments
from loaders.inspections import load_inspections
from loaders.personal import holds_person
from loaders.population import load_population
from loaders.register import load_register
from loaders.scans import load_scans
from loaders.staff import load_staff
from loaders.titles import trim
from loaders.venues import load_venues
from loaders.visits import load_visits

RELAXED = settings(  # a load each: to make a failing file as short as can be takes minutes
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
VENUES = st.sampled_from(["V1", "V2", "V5", "V11", "V99", ""])
COMMUNES = st.sampled_from(["18229", "18235", "18754", "99999", ""])
DAYS = st.sampled_from(["2021-12-10", "11/12/2021", "2021-12-31", "2022-01-01", "31/02/2022", "2999-01-01", ""])
COUNTS = st.sampled_from(["0", "1", "5", "12", "1.904", "-1", "x", ""])
# kind -> what loads it, its columns with the cells to draw from, and its rows in the database, by what they say
KINDS = {
    "scans": (
        load_scans, {"venue_code": VENUES, "day": DAYS, "scans": COUNTS, "people": COUNTS},
        "SELECT v.code, day, scans, people FROM scan_day JOIN venue v ON v.id = venue_id",
    ),
    "scans by the hour": (
        load_scans, {"venue_code": VENUES, "day": DAYS, "hour": st.sampled_from(["0", "09", "9", "23", "24", "x"]), "scans": COUNTS},
        "SELECT v.code, day, hour, scans FROM scan_hour JOIN venue v ON v.id = venue_id",
    ),
    "scans of communes": (
        load_scans, {"commune_code": COMMUNES, "day": DAYS, "venues_with_scans": COUNTS, "scans": COUNTS, "people": COUNTS},
        "SELECT commune_code, day, venues_with_scans, scans, people FROM commune_scan_day",
    ),
    "visits": (
        load_visits,
        {
            "case_code": st.sampled_from(["HT-1", "HT-2", ""]), "case_class": st.sampled_from(["F0", "f1", "F3"]), "venue_code": VENUES,
            "commune_code": COMMUNES, "place": st.sampled_from(["Chợ", ""]), "arrived_at": DAYS.map(lambda day: f"{day} 09:00"),
            "left_at": DAYS.map(lambda day: f"{day} 10:00" if day else ""), "source": st.sampled_from(["khai báo", "quét mã", "?"]),
        },
        "SELECT case_code, case_class, v.code, t.commune_code, place, arrived_at, left_at, source FROM visit t LEFT JOIN venue v ON v.id = venue_id",
    ),
    "inspections": (
        load_inspections,
        {
            "venue_code": VENUES, "inspected_on": DAYS, "outcome": st.sampled_from(["đạt", "nhắc nhở", "?"]), "head_count": COUNTS,
            "scanned": COUNTS, "posted": st.sampled_from(["có", "không", "", "?"]),
        },
        "SELECT v.code, inspected_on, outcome, head_count, scanned, posted FROM inspection JOIN venue v ON v.id = venue_id",
    ),
    "staff": (
        load_staff,
        {"organisation": st.sampled_from(["Kho bạc", "Thuế", ""]), "commune_code": COMMUNES, "returned_on": DAYS, "staff": COUNTS, "installed": COUNTS},
        "SELECT code, organisation, returned_on, staff, installed FROM staff_return",
    ),
    "assessments": (
        load_assessments,
        {
            "organisation": st.sampled_from(["Kho bạc", "KHO BẠC", "Thuế", ""]), "commune_code": COMMUNES, "assessed_on": DAYS, "points": COUNTS,
            "supervisors": COUNTS, "system": st.sampled_from(["Thiết bị", "?", ""]), "entrants": COUNTS, "scanned": COUNTS,
        },
        "SELECT code, organisation, assessed_on, points, supervisors, system, entrants, scanned FROM agency_assessment",
    ),
    "population": (
        load_population, {"commune_code": COMMUNES, "population": COUNTS, "households": COUNTS},
        "SELECT commune_code, population, households FROM population",
    ),
    "register": (
        load_register, {"commune_code": COMMUNES, "obligation_group": st.sampled_from(["A", "c", "B", ""]), "obliged": COUNTS},
        "SELECT commune_code, obligation_group, obliged FROM obligation",
    ),
}  # fmt: skip
FILES = itertools.count()


def read(query):
    with db.engine().connect() as connection:
        return sorted(map(repr, connection.execute(sa.text(query))))


def forget(founded):
    """Leave of the database what was there first; much faster than the fixture `town` where months are no matter."""
    with db.engine().begin() as connection:
        for table in (
            "scan_day", "scan_hour", "commune_scan_day", "visit", "inspection", "population", "staff_return", "agency_assessment", "obligation",
            "restatement",
            "load_finding",
        ):  # fmt: skip
            connection.execute(sa.text(f"DELETE FROM {table} WHERE load_run > :run"), {"run": founded})
        connection.execute(sa.text("DELETE FROM venue WHERE load_run > :run"), {"run": founded})
        connection.execute(sa.text("DELETE FROM load_run WHERE id > :run"), {"run": founded})


@pytest.fixture
def load(town, write_records):
    """A function that loads records, in a file unlike any of before."""

    def run(loader, columns, records):
        return loader(write_records([*columns, f"lần {next(FILES)}"], *records))

    return run


def list_findings(outcome, without=()):
    """What was found, in no order, but for that in some rows of the file."""
    found = outcome.findings[~outcome.findings["row"].isin(without)].fillna("")
    return sorted(found[["column", "value", "rule", "refused", "remedy"]].values.tolist())


@pytest.mark.parametrize("kind", KINDS)
@settings(RELAXED, max_examples=6)
@given(data=st.data())
def test_no_row_is_lost_and_twice_is_once_and_the_order_does_not_matter(founded, load, monkeypatch, kind, data):
    loader, columns, query = KINDS[kind]
    forget(founded)
    rows = data.draw(st.lists(st.fixed_dictionaries(columns), min_size=1, max_size=20))
    with monkeypatch.context() as patch:  # where a long file is cut does not matter either
        for module in (frames, texts):
            patch.setattr(module, "CHUNK", 4)
        outcome = load(loader, columns, rows)
    refused = outcome.findings.loc[outcome.findings["refused"].astype(bool), "row"].nunique()
    filled = sum(any(row.values()) for row in rows)
    assert outcome.rows_in == filled == outcome.rows_loaded + outcome.rows_refused
    assert refused == outcome.rows_refused
    held = read(query)
    assert len(held) == outcome.rows_loaded == outcome.rows_changed

    # which of two rows is the first is told by the order: the later ones are left out
    repeated = set(outcome.findings.loc[outcome.findings["rule"] == "duplicate", "row"])
    rest = data.draw(st.permutations([row for number, row in enumerate(rows, start=2) if number not in repeated]))
    again = load(loader, columns, rest)
    assert (again.rows_loaded, again.rows_changed, again.rows_taken_back) == (outcome.rows_loaded, 0, 0)
    assert read(query) == held
    forget(founded)
    alone = load(loader, columns, rest)
    assert read(query) == held and list_findings(alone) == list_findings(outcome, repeated)


ODD = st.sampled_from([
    "\t", "\n", "\r\n", "\\", "\\N", '"', "'", ",", ";", "<b>", "&amp;", "\u00a0", "\u200b", "\ufeff", "=1+1", "'; --", "%s", "{}", "😀", "e\u0301",
])  # fmt: skip
NAMES = st.lists(
    st.one_of(ODD, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)), min_size=1
).map("".join)


@settings(RELAXED, max_examples=20)
@given(names=st.lists(NAMES, min_size=1, max_size=25))
def test_any_text_in_a_name_stays_that_text(founded, town, tmp_path, names):
    assume(not any(map(holds_person, names)))
    forget(founded)
    path = tmp_path / "names.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["venue_code", "name", "kind", "commune_code", "created_on", f"lần {next(FILES)}"])
        writer.writerows([f"N{n}", name, "cafe", "18229", "2021-11-26", ""] for n, name in enumerate(names))
    load_venues(path)
    with db.engine().connect() as connection:
        held = dict(connection.execute(sa.text("SELECT code, name FROM venue WHERE code LIKE 'N%'")).all())
    assert held == {f"N{n}": trim(name) for n, name in enumerate(names) if trim(name)}
