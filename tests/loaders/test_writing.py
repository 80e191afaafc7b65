"""One load, one transaction; twice is once; the run log and the findings say what became of every row."""

import hashlib
import json
import threading
import time
from datetime import date

import geopandas as gpd
import pytest
import shapely
import sqlalchemy as sa

from geo import db
from geo.accounts import operator_scope
from geo.errors import DatabaseError, FileError
from geo.units import list_vintages
from loaders import boundaries, register, scans, venues, writing
from loaders.aliases import load_aliases
from loaders.boundaries import load_boundary_rows, read_communes
from loaders.reading import open_source
from loaders.register import load_register, load_register_rows
from loaders.scans import load_scan_rows, load_scans
from loaders.venues import load_venue_rows, load_venues
from loaders.writing import run_load

DAY = date(2021, 11, 1)
TABLES = ["boundary_vintage", "admin_unit", "obligation", "venue", "scan_day"]
LOADERS = {"register": load_register, "venues": load_venues, "scans": load_scans}


@pytest.fixture
def province(units, small_files):
    """The whole of the small province, loaded once."""
    for kind, load in LOADERS.items():
        load(small_files[kind])


@pytest.fixture
def sample(empty, small_files):
    """The small province loaded as if it were the sample, one venue fewer, so that it can be told from the real one."""
    load_boundary_rows(*read_communes(small_files["boundaries"]), DAY, "phác họa", invented=True)
    load_register_rows(open_source(small_files["register"], register.COLUMNS), invented=True)
    load_venue_rows(open_source(small_files["venues"], venues.COLUMNS), invented=True)
    load_scan_rows(open_source(small_files["scans"], scans.COLUMNS), invented=True)


@pytest.fixture
def read_all(read_rows):
    """A function that gives every table of data whole; what changed in the last run is told by load_run apart."""

    def read():
        with db.engine().connect() as connection:
            runs = {
                table: connection.execute(
                    sa.text(f"SELECT load_run, count(*) FROM {table} GROUP BY 1 ORDER BY 1")
                ).all()
                for table in TABLES[1:]
            }
        return {table: read_rows(table).to_dict("records") for table in TABLES} | {"runs": runs}

    return read


def test_loaded_twice_is_loaded_once(province, boundary_file, small_files, read_all):
    before = read_all()
    assert all(before[table] for table in TABLES)
    again = [
        boundaries.load_boundaries(boundary_file, DAY),
        *(load(small_files[kind]) for kind, load in LOADERS.items()),
    ]
    assert [outcome.rows_changed for outcome in again] == [0] * 4
    assert [outcome.rows_loaded for outcome in again] == [6, 4, 11, 7]
    assert read_all() == before


@pytest.fixture
def break_write(monkeypatch):
    """A function that makes a load fail after its rows were merged and before it is done."""

    def apply():
        def fail(*arguments):
            raise RuntimeError("the disk is full")

        monkeypatch.setattr(writing, "_keep", fail)

    return apply


@pytest.mark.parametrize("module", [register, venues])
def test_a_fault_while_writing_leaves_the_sample_in_place(
    sample, module, break_write, small_files, read_all, read_rows
):
    before, runs = read_all(), read_rows("SELECT id FROM load_run")
    break_write()
    kind = module.__name__.split(".")[-1]
    with pytest.raises(RuntimeError, match="disk"):
        LOADERS[kind](small_files[kind])
    assert read_all() == before
    assert read_rows("SELECT id FROM load_run").equals(runs)


@pytest.mark.parametrize("module", [boundaries, scans])
def test_a_fault_while_writing_leaves_what_was_loaded(province, module, break_write, write_csv, write_units, read_all):
    before = read_all()
    break_write()
    with pytest.raises(RuntimeError, match="disk"):
        if module is scans:
            load_scans(write_csv("venue_code,day,scans,people\nV1,2022-03-01,9,9\n"))
        else:
            box = shapely.box(105, 18, 105.1, 18.1)
            moved = write_units([("18229", "Thị trấn Đức Thọ", "440", "Huyện Đức Thọ", "42", "Tỉnh Hà Tĩnh", box)])
            boundaries.load_boundaries(moved, DAY)
    assert read_all() == before


def test_the_run_log_tells_what_was_loaded(units, write_csv, read_rows):
    path = write_csv(
        "venue_code,name,kind,commune_code,created_on\nV1,a,?,18229,2021-11-26\n,b,cafe,18229,2021-11-26\nV3,c,cafe,1,\n"
    )
    outcome = load_venues(path)
    (run,) = read_rows(f"SELECT * FROM load_run WHERE id = {outcome.run}").to_dict("records")
    assert {name: run[name] for name in ("kind", "file_name", "sha256", "invented", "rows_in", "rows_loaded", "rows_refused", "warnings", "error")} == {
        "kind": "venues", "file_name": "rows.csv", "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "invented": False,
        "rows_in": 3, "rows_loaded": 1, "rows_refused": 2, "warnings": 1, "error": None,
    }  # fmt: skip
    assert run["loaded_by"] and run["finished_at"] >= run["started_at"]
    found = read_rows(
        f'SELECT "row", "column", value, rule, refused, remedy FROM load_finding WHERE load_run = {outcome.run}'
    ).fillna("")
    columns = list(found)
    assert sorted(found.values.tolist()) == sorted(outcome.findings[columns].values.tolist())
    assert outcome.findings["row"].tolist() == [2, 3, 4, 4]


def test_long_values_are_cut_in_the_findings(units, write_csv, read_rows):
    path = write_csv(f"venue_code,name,kind,commune_code,created_on\n{'x' * 5000},a,cafe,18229,2021-11-26\n")
    outcome = load_venues(path)
    assert read_rows(f"SELECT value FROM load_finding WHERE load_run = {outcome.run}")["value"].tolist() == ["x" * 200]


def test_an_outcome_can_be_told_to_machines(units, write_csv):
    outcome = load_venues(write_csv("venue_code,name,kind,commune_code,created_on\n,b,?,18229,2021-11-26\n"))
    said = json.loads(json.dumps(outcome.as_dict(), ensure_ascii=False))
    assert (said["rows_in"], said["rows_refused"], said["sample_removed"]) == (1, 1, False)
    assert said["findings"] == [{
        "row": 2, "column": "venue_code", "value": "", "rule": "missing", "refused": True, "reason": "ô để trống", "remedy": "điền giá trị",
    }]  # fmt: skip


def test_a_refused_file_is_logged_with_its_reason(units, write_csv, read_rows, boundary_file):
    boundaries.load_boundaries(boundary_file, date(2025, 7, 1))
    header = "commune_code,obligation_group,obliged"
    for text, reason in (
        (f"{header}\n18229,A,1\n", "nhiều bộ địa giới"),
        ("commune_code\n18229\n", "cần obligation_group"),
    ):
        path = write_csv(text)
        with pytest.raises(FileError, match=reason):
            load_register(path)
        last = read_rows("SELECT * FROM load_run WHERE id = (SELECT max(id) FROM load_run)").to_dict("records")[0]
        assert reason in last["error"] and last["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert (last["file_name"], last["rows_in"], last["kind"]) == ("rows.csv", 0, "register")
    assert len(read_rows("obligation")) == 0


@pytest.mark.parametrize("kind", ["register", "venues"])
def test_the_first_real_rows_remove_the_sample(sample, kind, small_files, write_csv, read_rows):
    outcome = LOADERS[kind](small_files[kind])
    assert outcome.sample_removed
    held = {table: len(read_rows(table)) for table in ("obligation", "venue", "scan_day", "admin_unit")}
    assert held == {"obligation": 0, "venue": 0, "scan_day": 0, "admin_unit": 11} | {
        "register": {"obligation": 4}, "venues": {"venue": 11},
    }[kind]  # fmt: skip
    assert not LOADERS[kind](small_files[kind]).sample_removed


def held(read_rows):
    return {table: len(read_rows(table)) for table in ("admin_unit", "obligation", "venue", "scan_day")}


def test_real_borders_of_the_same_communes_replace_the_sketch_under_the_sample(sample, boundary_file, read_rows):
    frame = gpd.read_file(boundary_file)
    frame["geometry"] = frame.geometry.buffer(-50)
    frame.to_file(boundary_file.with_name("real.gpkg"), layer="communes")
    assert not boundaries.load_boundaries(boundary_file.with_name("real.gpkg"), DAY).sample_removed
    assert held(read_rows) == {"admin_unit": 11, "obligation": 4, "venue": 11, "scan_day": 7}
    with db.reading(operator_scope()) as connection:
        assert [vintage.sketched for vintage in list_vintages(connection)] == [False]


@pytest.mark.parametrize("day", [DAY, date(2020, 1, 1)])
def test_real_borders_of_another_province_or_day_leave_nothing_of_the_sketch(sample, boundary_file, read_rows, day):
    frame = gpd.read_file(boundary_file).query("province_code == '46' or @day != @DAY")
    frame.to_file(boundary_file.with_name("other.gpkg"), layer="communes")
    assert boundaries.load_boundaries(boundary_file.with_name("other.gpkg"), day).sample_removed
    assert held(read_rows) == {"admin_unit": 3 if day == DAY else 11, "obligation": 0, "venue": 0, "scan_day": 0}
    with db.reading(operator_scope()) as connection:
        assert [(vintage.valid_from, vintage.sketched) for vintage in list_vintages(connection)] == [(day, False)]


def test_sketched_units_that_real_rows_name_stay(sample, boundary_file, small_files, read_rows):
    load_venues(small_files["venues"])
    boundaries.load_boundaries(boundary_file, date(2020, 1, 1))
    kept = read_rows("SELECT code FROM admin_unit WHERE vintage = 1")["code"].tolist()
    assert kept == ["18229", "18235", "18754", "42", "440", "449"]  # the communes with venues, and what they lie in


def test_names_that_a_person_confirms_leave_the_sample(sample, write_csv, read_rows):
    before = held(read_rows)
    assert not load_aliases(write_csv("alias,commune_code\nQuang Vình,18235\n")).sample_removed
    assert held(read_rows) == before and len(read_rows("unit_alias")) == 1


def test_a_file_of_which_nothing_is_taken_leaves_the_sample(sample, write_csv, read_rows):
    assert not load_register(write_csv("commune_code,obligation_group,obliged\n1,A,1\n")).sample_removed
    assert not load_scans(write_csv("venue_code,day,scans,people\nV1,2021-11-27,1,1\n")).sample_removed
    with pytest.raises(FileError):
        load_venues(write_csv("venue_code\nV1\n"))
    assert [len(read_rows(table)) for table in ("obligation", "venue", "scan_day")] == [4, 11, 7]


def test_the_sample_is_refused_where_real_rows_are(province, small_files, read_all):
    before = read_all()
    for load, kind, columns in (
        (load_register_rows, "register", register.COLUMNS), (load_venue_rows, "venues", venues.COLUMNS), (load_scan_rows, "scans", scans.COLUMNS),
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="holds real rows"):
            load(open_source(small_files[kind], columns), invented=True)
    with pytest.raises(DatabaseError, match="holds real rows"):
        load_boundary_rows(*read_communes(small_files["boundaries"]), DAY, "phác họa", invented=True)
    assert read_all() == before


def test_the_sample_never_draws_over_real_boundaries(units, small_files, read_all):
    before = read_all()
    with pytest.raises(DatabaseError, match="holds real rows"):
        load_boundary_rows(*read_communes(small_files["boundaries"]), DAY, "phác họa", invented=True)
    assert read_all() == before


def test_of_two_loads_at_once_one_waits(units, small_files, write_csv, read_rows):
    text = small_files["venues"].read_text(encoding="utf-8")
    sources = [open_source(write_csv(text + "\n" * number, f"{number}.csv"), venues.COLUMNS) for number in range(2)]
    steps, inside, outcomes = [], threading.Event(), []

    class Slow(venues._Venues):
        def check(self, rows):
            steps.append("in")
            inside.set()
            time.sleep(0.3)  # long enough for the other one to come in, if it could
            steps.append("out")
            return super().check(rows)

    both = [
        threading.Thread(target=lambda source=source: outcomes.append(run_load("venues", source, Slow)))
        for source in sources
    ]
    both[0].start()
    inside.wait(10)
    both[1].start()
    for thread in both:
        thread.join(30)
    assert steps == ["in", "out", "in", "out"]
    assert [outcome.rows_changed for outcome in outcomes] == [11, 0]
    assert len(read_rows("venue")) == 11


def test_the_same_file_again_is_told_and_changes_nothing(units, small_files, write_csv, read_rows):
    first = load_venues(small_files["venues"])
    again = load_venues(small_files["venues"])
    assert (again.same_as, again.run, again.rows_in) == (first.run, None, 11)
    other = load_venues(write_csv(small_files["venues"].read_text(encoding="utf-8") + "\n"))
    assert (other.same_as, other.rows_changed) == (None, 0)
    assert len(read_rows("SELECT id FROM load_run WHERE kind = 'venues'")) == 2


def test_a_dry_run_says_what_would_be_and_changes_nothing(units, small_files, read_all, read_rows):
    before, log = read_all(), read_rows("SELECT id FROM load_run").to_dict("records")
    outcome = load_venues(small_files["venues"], dry_run=True)
    assert (outcome.run, outcome.rows_loaded, outcome.rows_changed, outcome.dry_run) == (None, 11, 11, True)
    assert outcome.communes["loaded"].sum() == 11
    assert read_all() == before and read_rows("SELECT id FROM load_run").to_dict("records") == log
    assert load_venues(small_files["venues"]).rows_changed == 11


def test_above_the_limit_of_refused_rows_nothing_is_loaded(units, write_csv, read_rows):
    header = "venue_code,name,kind,commune_code,created_on\n"
    good = "".join(f"V{number},a,cafe,18229,2021-11-26\n" for number in range(18))
    for bad, loaded in ((1, 18), (2, 0)):
        path = write_csv(header + good[: -1 if bad == 0 else None] + ",b,cafe,18229,2021-11-26\n" * bad)
        outcome = load_venues(path, max_refused=2 / 21)
        assert (outcome.rows_loaded, outcome.rows_refused) == (loaded, bad)
    assert outcome.error == (
        "rows.csv: 2/20 dòng bị từ chối (10,0 %), quá mức 9,5 %, nên chưa nạp dòng nào; hãy sửa tệp, hoặc ghi --max-refused với mức cao hơn"
    )
    (run,) = read_rows(f"SELECT * FROM load_run WHERE id = {outcome.run}").to_dict("records")
    assert (run["error"], run["rows_in"], run["rows_refused"]) == (outcome.error, 20, 2)
    assert len(read_rows(f'SELECT "row", rule FROM load_finding WHERE load_run = {outcome.run}')) == 2
    assert len(read_rows("venue")) == 18


def test_what_was_equal_is_not_written_again(province, small_files, write_csv, read_rows):
    text = small_files["venues"].read_text(encoding="utf-8").replace("Cơ sở 9", "Cơ sở chín")
    outcome = load_venues(write_csv(text))
    assert outcome.rows_changed == 1
    with db.engine().connect() as connection:
        names = connection.scalars(sa.text("SELECT name FROM venue WHERE load_run = :run"), {"run": outcome.run}).all()
    assert names == ["Cơ sở chín"]


def test_the_login_of_the_loader_is_not_the_owner(units):
    with db.loading() as connection, pytest.raises(sa.exc.ProgrammingError, match="must be owner|permission denied"):
        connection.execute(sa.text("DROP TABLE venue"))


def test_rows_are_told_as_they_are_checked(units, small_files):
    told = []
    load_venues(small_files["venues"], progress=lambda *step: told.append(step))
    assert told[0][:2] == ("kiểm tra", 11) and told[0][2] >= 11
    assert [step for step, *_ in told] == ["kiểm tra", "ghi", "ghi"]
