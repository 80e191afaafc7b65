"""What a weekly report reads: its window, what teams found, and the loads behind it, on units small enough to check by hand."""

from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import sqlalchemy as sa

from geo import db
from geo.accounts import operator_scope
from geo.coverage import Window
from geo.errors import ReportError, UnitError, WindowError
from geo.inspections import DEFINITIONS, OUTCOMES, read_inspections
from geo.reports import read_filed
from geo.scope import NOTHING, Scope
from geo.weekly import choose_window, compare_figures, find_figures, list_districts, read_report
from loaders.boundaries import load_boundaries
from loaders.inspections import load_inspections
from loaders.visits import load_visits

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
ON = date(2021, 12, 9)
INSPECTIONS = """venue_code,inspected_on,outcome,posted,head_count,scanned
V1,2021-11-26,đạt,có,40,30
V1,2021-12-08,nhắc nhở,không,60,30
V2,2021-12-01,đề nghị tạm dừng,có,,
V4,2021-12-09,đạt,có,10,10
V11,2021-12-01,đề nghị xử phạt,,,
"""
VISITS = "case_code,case_class,venue_code,arrived_at,source\nCA-1,F0,V1,2021-12-08 09:00,declared\n"


@pytest.fixture(scope="module")
def told(small_province, tmp_path_factory):
    """The small province with inspections and a visit; the runs that loaded these two."""
    folder = tmp_path_factory.mktemp("told")
    runs = []
    for name, load, said in (("inspections", load_inspections, INSPECTIONS), ("visits", load_visits, VISITS)):
        (folder / f"{name}.csv").write_text(said, encoding="utf-8")
        outcome = load(folder / f"{name}.csv")
        assert outcome.rows_refused == 0, outcome.findings
        runs.append(outcome.run)
    return runs


@pytest.fixture
def read(told):
    def weekly(unit, cases=False, scope=None):
        with db.reading(scope or Scope("leader", operator_scope().units), cases=cases) as connection:
            return read_report(connection, unit, WINDOW, ON, cases)

    return weekly


def test_what_teams_found_in_the_window_and_unit(read):
    found = read("440").inspections
    counts = {"inspections": 3, "venues": 2, "passed": 1, "reminded": 1, "suspend": 1, "sanction": 0, "looked_at": 3, "posted": 2,
              "head_count": 100, "scanned": 60}  # fmt: skip
    assert {name: found[name] for name in counts} == counts and set(found) == set(DEFINITIONS) > set(OUTCOMES)
    assert (found["posted_rate"], found["scanned_rate"]) == (2 / 3, 0.6)
    assert (round(found["scanned_low"], 3), round(found["scanned_high"], 3)) == (0.502, 0.691)
    assert read("42").inspections["inspections"] == 4
    ward = read("449").inspections
    assert (ward["sanction"], ward["posted_rate"], ward["scanned_rate"], ward["head_count"]) == (1, None, None, None)


def test_inspections_out_of_scope_or_of_other_days_are_none(read, told):
    with db.reading(NOTHING) as connection:
        vintage = read("440").vintage
        assert read_inspections(connection, "440", vintage, WINDOW) is None
    with db.reading(operator_scope()) as connection:
        assert read_inspections(connection, "440", vintage, Window(date(2021, 12, 10), date(2021, 12, 11))) is None


def test_the_loads_behind_a_report_are_those_that_it_reads(read, told):
    with db.engine().connect() as connection:
        runs = dict(connection.execute(sa.text("SELECT kind, id FROM load_run WHERE kind <> 'boundaries'")).all())
    seen = [runs[name] for name in ("register", "venues", "scans", "inspections")]
    assert read("440").runs == sorted(seen), "visits are behind a report with cases only"
    assert read("440", cases=True).runs == sorted([*seen, runs["visits"]]) and runs["visits"] == told[1]


def test_cases_are_in_the_figures_only_where_they_were_read(read):
    assert not {"gap", "hotspots"} & set(find_figures(read("440")))
    assert find_figures(read("440", cases=True))["gap"]["declared"] == 1


def test_a_report_is_of_a_district_or_province_in_scope(read):
    with pytest.raises(ReportError, match="Xã Quang Vĩnh is a commune"):
        read("18235")
    with pytest.raises(UnitError, match="there is no unit 449"):
        read("449", scope=Scope("district", ((1, "440"),)))
    with db.reading(operator_scope()) as connection:
        assert list_districts(connection, "42", ON) == ["440", "449"]
        with pytest.raises(ReportError, match="is no province"):
            list_districts(connection, "440", ON)


def test_the_window_is_the_report_week_that_ended_by_the_day_before(told):
    with db.reading(operator_scope()) as connection:
        week = Window(date(2021, 12, 2), date(2021, 12, 8))
        assert [choose_window(connection, "440", date(2021, 12, day)) for day in (9, 10, 15)] == [week] * 3
        assert choose_window(connection, "440", date(2021, 12, 8)).last == date(2021, 12, 1)
        assert choose_window(connection, "440", ON, campaign="Đợt rà soát 26/11–08/12") == WINDOW
        with pytest.raises(ReportError, match="no named window"):
            choose_window(connection, "449", ON, campaign="Đợt rà soát 26/11–08/12")
        with pytest.raises(ReportError, match="not over on 08/12/2021"):
            choose_window(connection, "440", date(2021, 12, 8), WINDOW.first, WINDOW.last)


def test_a_district_account_reads_the_same_figures_as_the_operator(read):
    assert find_figures(read("440", scope=Scope("district", ((1, "440"),)))) == find_figures(read("440"))
    figures = find_figures(read("440"))
    assert compare_figures(figures, figures | {"quality": {}})["figure"].str.startswith("quality/").all()


def test_a_province_without_districts_reports_of_itself(told, tmp_path):
    path = tmp_path / "units.geojson"
    names = ["commune_code", "commune_name", "province_code", "province_name"]
    rows = [("18229", "Xã Đức Thọ", "42", "Tỉnh Hà Tĩnh"), ("18235", "Xã Đức Quang", "42", "Tỉnh Hà Tĩnh")]
    squares = [shapely.box(105.5 + place / 10, 18.5, 105.6 + place / 10, 18.6) for place in range(2)]
    gpd.GeoDataFrame(pd.DataFrame(rows, columns=names), geometry=squares, crs=4326).to_file(path)
    load_boundaries(path, date(2025, 7, 1))
    on = date(2025, 12, 4)
    with db.reading(operator_scope()) as connection:
        with pytest.raises(ReportError, match="has no districts"):
            list_districts(connection, "42", on)
        assert read_filed(connection, "42", on).rows["code"].tolist() == ["42"]
        with pytest.raises(WindowError, match="declared in other units"):  # those of 2021, which no table carries over
            read_report(connection, "42", choose_window(connection, "42", on), on, False)
