"""Deadlines of the small province, by hand: in group A an office of 20/11 and one of 08/12, of two that are obliged."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import add_account, find_scope, operator_scope
from geo.audit import operator
from geo.campaign import (
    Campaign,
    add_campaign,
    finish_day,
    list_campaigns,
    poisson_interval,
    read_clock,
    read_creation,
    remove_campaign,
)
from geo.coverage import Window
from geo.errors import CampaignError
from geo.units import read_atlas

OFFICES = Campaign(0, "A", "42", "A", date(2021, 11, 1), date(2021, 11, 15), True, 1.0, None)


def clock(day, of=OFFICES, unit="440"):
    with db.reading(operator_scope()) as connection:
        return read_clock(connection, unit, of, day)


def test_before_a_day_means_the_day_before_it():
    assert OFFICES.last_day == date(2021, 11, 14)
    by = Campaign(0, "A", "42", "A", None, date(2021, 11, 15), False, 1.0, None)
    assert (by.last_day, by.window) == (date(2021, 11, 15), None)
    assert OFFICES.window == Window(date(2021, 11, 1), date(2021, 11, 14))


def test_a_clock_that_runs(small_province):
    found = clock(date(2021, 11, 10))
    assert (found.obliged, found.created, found.rate, found.days_left) == (2, 0, 0.0, 4)
    assert found.expected == pytest.approx(9 / 13)  # of the straight line from nothing on 01/11 to all on 14/11
    assert (found.met, found.units_below, found.units) == (False, 1, 1)
    assert (found.pace, found.done_on, found.done_last) == (0, None, None)


def test_a_clock_that_has_run_out(small_province):
    found = clock(date(2021, 12, 1))
    assert (found.created, found.days_left, found.expected) == (1, -17, 1.0)
    # One in the last 14 days: the other would come in as many; of a count of 1 the interval is 0.0253 to 5.572
    assert found.pace == 1 / 14 and found.done_on == date(2021, 12, 15)
    assert found.done_first == date(2021, 12, 1) + timedelta(days=3)
    assert found.done_last == date(2021, 12, 1) + timedelta(days=553)
    assert (found.units_below, found.units) == (1, 1)


def test_a_target_that_is_met_is_done_whatever_the_pace(small_province):
    found = clock(date(2021, 12, 8))
    assert (found.met, found.done_on, found.done_first, found.done_last) == (True, *[date(2021, 12, 8)] * 3)
    # It was not by the deadline, which stays a fact
    assert (found.units_below, found.units) == (1, 1)


def test_communes_are_below_the_target_of_their_group(small_province):
    shops = Campaign(0, "C", "42", "C", None, date(2021, 12, 1), False, 1.0, None)
    found = clock(date(2021, 12, 8), shops)
    # Quang Vĩnh has four of four by then; Thị trấn Đức Thọ one of two; Hòa Lạc is obliged to nothing and has no rate
    assert (found.obliged, found.created, found.units_below, found.units) == (6, 6, 1, 2)


def test_without_a_register_there_is_no_clock_to_read(small_province):
    found = clock(date(2021, 12, 8), unit="449")
    assert (found.obliged, found.rate, found.met, found.units) == (None, None, None, 0)
    assert found.days_left == -24
    schools = Campaign(0, "Trường học", "42", "B", None, date(2021, 12, 1), False, 1.0, None)  # no such group there
    found = clock(date(2021, 12, 8), schools)
    assert (found.obliged, found.rate, found.units, found.days_left) == (None, None, 0, -7)


def test_creation_by_day_counts_the_registers_groups_only(small_province):
    with db.reading(operator_scope()) as connection:
        vintage = read_atlas(connection, date(2021, 12, 8)).vintage
        asked = connection, "440", vintage
        every = read_creation(*asked, None, date(2021, 12, 8))
        offices = read_creation(*asked, date(2021, 11, 19), date(2021, 11, 21), "A")
    assert (every["day"].iloc[0], len(every)) == (date(2021, 11, 20), 19)
    assert every["created"].tolist()[-1] == 8  # V4, a vehicle, and V11, where there is no register, are not among them
    assert offices["created"].tolist() == [0, 1, 1]


def test_the_pace_has_the_exact_interval_of_a_count():
    assert poisson_interval(10) == pytest.approx((4.795, 18.390), abs=1e-3)  # Garwood (1936)
    assert poisson_interval(0) == pytest.approx((0, 3.689), abs=1e-3)
    assert finish_day(date(2021, 12, 1), 5, 2.0) == date(2021, 12, 4)
    assert finish_day(date(2021, 12, 1), 5, 0.0) is None


def test_the_letters_deadlines_are_there_from_the_start(small_province):
    with db.reading(operator_scope()) as connection:
        units = read_atlas(connection, date(2021, 12, 8)).units
        of_district = list_campaigns(connection, units, "440")
        of_hue = list_campaigns(connection, units, "474")
    assert [(each.obligation_group, each.last_day) for each in of_district if each.target] == [
        ("A", date(2021, 11, 14)), ("C", date(2021, 11, 15)),
    ]  # fmt: skip
    assert [each.window for each in of_district if each.target is None] == [
        Window(date(2021, 11, 26), date(2021, 12, 8))
    ]
    assert [each.window for each in of_hue] == [Window(date(2021, 12, 6), date(2021, 12, 12))]


def test_campaigns_are_of_the_readers_province(small_province):
    add_account(operator(), "duc-tho", "district", ["440"])
    with db.reading(find_scope("duc-tho")) as connection:
        assert {each.unit_code for each in list_campaigns(connection)} == {"42", "440"}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"first_day": date(2021, 12, 9)}, "begin after its last day"),
        ({"target": 1.2}, "a target is a fraction"),
        ({"first_day": None, "target": None}, "neither a target nor a first day"),
    ],
)
def test_what_cannot_be_a_campaign_is_refused(small_province, values, why):
    asked = {
        "name": "Đợt",
        "unit_code": "42",
        "due_on": date(2021, 12, 9),
        "strict": True,
        "first_day": date(2021, 12, 1),
    }
    with pytest.raises(CampaignError, match=why), db.loading() as connection:
        add_campaign(connection, **asked | values)


def test_a_campaign_is_added_once_and_removed_once(small_province):
    asked = {"name": "Đợt hai", "unit_code": "42", "due_on": date(2021, 12, 20), "strict": False, "target": 0.9}
    with db.loading() as connection:
        number = add_campaign(connection, **asked)
    with pytest.raises(CampaignError, match="remove it first"), db.loading() as connection:
        add_campaign(connection, **asked)
    with db.loading() as connection:
        remove_campaign(connection, number)
    with pytest.raises(CampaignError, match="there is no campaign"), db.loading() as connection:
        remove_campaign(connection, number)


def test_readers_change_no_campaign(small_province):
    with pytest.raises(Exception, match="read-only|permission denied"), db.reading(operator_scope()) as connection:
        connection.execute(sa.text("DELETE FROM campaign"))
