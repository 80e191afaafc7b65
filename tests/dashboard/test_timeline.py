"""The picture of a venue's day: bars of visits, over scans where there are any."""

from datetime import date, datetime

import pandas as pd
import pytest

from dashboard.text import Text
from dashboard.timeline import day_chart

DAY = date(2021, 12, 8)
STAYS = pd.DataFrame({
    "case_code": ["CA-1", "CA-2"], "case_class": ["F0", "F1"], "source": "declared", "went_told": [True, False],
    "came": [datetime(2021, 12, 7, 22), datetime(2021, 12, 8, 10)], "went": [datetime(2021, 12, 8, 1, 30), datetime(2021, 12, 8, 11)],
})  # fmt: skip


def drawn(hours):
    hours = pd.DataFrame(hours, columns=["day", "hour", "scans"]).astype({"hour": "Int64"})
    return day_chart(STAYS, hours, DAY, Text("vi")).to_dict()


def bars(chart):
    """Case, from and to of each bar."""
    rows = next(rows for rows in chart["datasets"].values() if rows and "case" in rows[0])
    return [(row["case"], row["from"], row["to"]) for row in rows]


def test_a_visit_over_midnight_is_cut_at_the_days_ends():
    assert bars(drawn([(DAY, 10, 5)])) == [("CA-1", 0, 1.5), ("CA-2", 10, 11)]


@pytest.mark.parametrize("hours", [[], [(DAY, None, 7)], [(date(2021, 12, 7), 9, 3)]])
def test_a_day_without_hours_has_no_axis_of_scans_and_room_for_each_case(hours):
    chart = drawn(hours)
    assert "layer" not in chart and chart["height"] >= 2 * 30 + 60
    assert len(bars(chart)) == 2


def test_scans_stand_over_their_hours():
    chart = drawn([(DAY, 10, 5), (DAY, 23, 2)])
    scans = next(rows for rows in chart["datasets"].values() if "scans" in rows[0])
    assert [(row["hour"], row["end"], row["scans"]) for row in scans] == [(10, 11, 5), (23, 24, 2)]
