"""The sample's traced cases: marked as invented in their very names, at its own venues, with hours that add up to its scans."""

from datetime import date

import pandas as pd
import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import operator_scope
from geo.audit import Actor, reading_cases
from geo.coverage import Window
from geo.hotspots import read_clusters, read_hotspots
from geo.scope import Scope
from geo.tracing import read_gap
from loaders import sample
from loaders.demo import load_sample, wants_sample
from loaders.sample_visits import HOTSPOTS, sample_hours, sample_visits
from loaders.visits import load_visits

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))


def test_each_call_gives_the_same():
    first = sample_visits()
    first["case_code"] = "x"
    assert sample_visits()["case_code"].str.match(r"MAU-F[01]-\d\d$").all()
    assert (sample_visits()["case_class"] == sample_visits()["case_code"].str[4:6]).all()


def test_visits_are_at_venues_of_the_sample_or_at_a_place_in_a_commune():
    visits, venues = sample_visits(), sample.sample_venues()
    at_venue = visits["venue_code"] != ""
    assert visits.loc[at_venue, "venue_code"].isin(venues["venue_code"]).all()
    assert (visits.loc[at_venue, ["commune_code", "place"]] == "").all(axis=None)
    assert visits.loc[~at_venue, "commune_code"].isin(venues["commune_code"]).all() and (visits.loc[~at_venue, "place"] != "").all()
    assert 0 < (~at_venue).mean() < 0.2 and 0 < (visits["left_at"] == "").mean() < 0.4
    days = pd.to_datetime(visits["arrived_at"]).dt.date
    assert (days.min(), days.max()) == (WINDOW.first, WINDOW.last)
    left = visits["left_at"] != ""
    assert (visits.loc[left, "left_at"] > visits.loc[left, "arrived_at"]).all()


def test_hours_add_up_to_the_scans_of_their_days():
    summed = sample_hours().groupby(["venue_code", "day"])["scans"].sum().reset_index()
    both = summed.merge(sample.sample_scans(), on=["venue_code", "day"], how="left")
    assert len(both) > 50 and (both["scans_x"] == both["scans_y"]).all()


@pytest.fixture(scope="module")
def outcomes(database):
    assert wants_sample()
    return load_sample()


def test_the_sample_is_loaded_whole_and_has_something_to_show(outcomes):
    assert [(outcome.kind, outcome.rows_refused, outcome.error) for outcome in outcomes] == [
        (kind, 0, None) for kind in ("boundaries", "register", "venues", "scans", "scans", "visits")
    ]
    assert not wants_sample()
    with reading_cases(Actor("a test", Scope("leader", operator_scope().units)), "the sample") as connection:
        hotspots = read_hotspots(connection, "42", WINDOW).rows
        gap = read_gap(connection, "42", WINDOW).total
        clusters = read_clusters(connection, "42", WINDOW)
    assert len(hotspots) >= len(HOTSPOTS) and set(hotspots["grade"]) == {1, 2, 3} and hotspots["meetings"].max() > 0
    assert all(gap[kind] > 0 for kind in ("a", "b", "c", "covered")) and 0.5 < gap["rate"] < 0.95
    assert len(clusters) > 0


def test_real_visits_remove_the_invented_ones_with_all_of_the_sample(outcomes, tmp_path):
    path = tmp_path / "visits.csv"
    row = "C1,F0,18235,Chợ,2021-12-01 09:00,declared\n"
    path.write_text(f"case_code,case_class,commune_code,place,arrived_at,source\n{row}", encoding="utf-8")
    outcome = load_visits(path)
    assert (outcome.rows_loaded, outcome.sample_removed) == (1, True)
    with db.engine().connect() as connection:
        counts = "SELECT (SELECT count(*) FROM visit), (SELECT count(*) FROM scan_hour), (SELECT count(*) FROM venue)"
        assert connection.execute(sa.text(counts)).one() == (1, 0, 0)
