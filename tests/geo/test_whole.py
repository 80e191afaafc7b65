"""All in scope at once: the sums of provinces of which something is known, and no zero where nothing is."""

from datetime import date

import pandas as pd
import pytest

from geo import db
from geo.accounts import everything
from geo.coverage import COUNTS, RATES, Window, read_coverage
from geo.errors import UnitError
from geo.scope import NOTHING, Scope
from geo.units import WHOLE, communes_within, list_units, list_vintages, read_bounds
from geo.whole import read_whole
from loaders.boundaries import load_boundaries

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))


@pytest.fixture
def reading(small_province):
    """A function that opens a transaction of who sees some units, or everything."""

    def reading(*codes):
        with db.gating() as connection:
            whole = everything(connection)
        return db.reading(Scope("leader", tuple((whole[0][0], code) for code in codes) or whole))

    return reading


def test_a_province_counts_as_by_itself_and_one_without_files_not_at_all(reading):
    with reading() as connection:
        whole, own = read_whole(connection, WINDOW), read_coverage(connection, "42", WINDOW)
    rows = whole.rows.set_index("code")
    assert len(rows) == 6
    pd.testing.assert_frame_equal(
        rows.loc[own.rows["code"], [*COUNTS, *RATES]], own.rows.set_index("code")[[*COUNTS, *RATES]]
    )
    assert rows.loc["19750", [*COUNTS, *RATES]].isna().all(), "no data, which is not zero"
    assert whole.total[[*COUNTS, *RATES]].tolist() == own.total[[*COUNTS, *RATES]].tolist()
    assert (whole.unit.code, rows["known"].tolist()) == (WHOLE, [True] * 5 + [False])


def test_by_province_it_has_a_row_each(reading):
    with reading() as connection:
        whole = read_whole(connection, WINDOW, by="province")
    assert whole.rows["code"].tolist() == ["42", "46"]
    assert whole.rows["created"].tolist()[0] == 10 and pd.isna(whole.rows["created"].iloc[1])


def test_days_without_scans_leave_activity_unknown(reading):
    with reading() as connection:
        whole = read_whole(connection, Window(date(2022, 1, 1), date(2022, 1, 7)))
    assert whole.rows.set_index("code").loc["18229", ["created", "active"]].tolist()[0] == 4
    assert whole.rows["active"].isna().all() and whole.total[COUNTS].isna().all()


def test_only_what_is_in_scope_is_summed(reading):
    with reading("440", "18754") as connection:
        whole = read_whole(connection, WINDOW)
        assert whole.rows["code"].tolist() == ["18229", "18235", "18280", "18754"]
        assert whole.total["created"] == 10
        units = list_units(connection, list_vintages(connection)[-1])
        assert communes_within(units, WHOLE) == whole.rows["code"].tolist()
        west, south, east, north = read_bounds(connection, whole.vintage.id)
        assert (round(west, 2), round(south, 2), round(east, 2), round(north, 2)) == (105.5, 18.5, 105.8, 18.7)
    with db.reading(NOTHING) as connection:
        assert read_whole(connection, WINDOW).rows.empty


def test_a_group_that_the_register_has_not_is_refused(reading):
    with reading() as connection:
        assert read_whole(connection, WINDOW, group="A").total["created"] == 2
        with pytest.raises(UnitError, match="no group Z"):
            read_whole(connection, WINDOW, group="Z")


def test_venues_of_other_boundaries_are_no_data(reading, small_files):
    load_boundaries(small_files["boundaries"], date(2025, 7, 1))
    with reading() as connection:
        known = list_vintages(connection)[-1]
    with db.gating() as connection:
        codes = [(known.id, code) for _, code in everything(connection)]
    with db.reading(Scope("leader", tuple(codes))) as connection:
        later = read_whole(connection, Window(date(2025, 7, 1), date(2025, 7, 2)))
    assert len(later.rows) == 6 and later.rows["created"].isna().all()
