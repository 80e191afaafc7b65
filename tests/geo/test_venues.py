"""Venues one by one and by commune, in the small province: their states, what narrows them, and whose eyes see them."""

from datetime import date

import pytest

from geo import db
from geo.accounts import everything
from geo.coverage import Window
from geo.scope import Scope
from geo.units import list_vintages
from geo.venues import Narrowed, count_points, count_venues, list_venues

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
STATES = {
    "V1": "active", "V2": "active", "V3": "never", "V4": "never", "V5": "silent", "V6": "active", "V7": "never", "V8": "never",
    "V9": "never", "V11": "never",
}  # fmt: skip


@pytest.fixture(scope="module")
def read(small_province):
    """A function that calls another with a connection and the vintage, as a reader of a unit or of everything."""

    def read(function, *arguments, unit=None, **options):
        with db.gating() as connection:
            whole = everything(connection)
        scope = Scope("district", ((whole[0][0], unit),) if unit else whole)
        with db.reading(scope) as connection:
            return function(connection, list_vintages(connection)[-1], *arguments, **options)

    return read


def test_each_venue_is_in_the_state_that_its_scans_say(read):
    rows, of = read(list_venues, "42", WINDOW, Narrowed())
    assert dict(zip(rows["code"], rows["state"], strict=True)) == STATES, "V10 was created after the window"
    assert of == len(STATES)
    assert rows.set_index("code").loc["V5", "last_day"] == date(2021, 11, 25)


@pytest.mark.parametrize("state", ["never", "silent", "active"])
def test_a_state_narrows_the_list_and_the_counts_alike(read, state):
    rows, of = read(list_venues, None, WINDOW, Narrowed(state=state))
    wanted = {code for code, own in STATES.items() if own == state}
    assert set(rows["code"]) == wanted and of == len(wanted)
    assert read(count_venues, None, WINDOW, Narrowed(state=state))["venues"].sum() == len(wanted)


def test_without_scans_of_the_window_no_venue_has_a_state(read):
    rows, of = read(list_venues, "42", WINDOW, Narrowed(), scans_known=False)
    assert of == 10 and rows["state"].isna().all()
    assert read(list_venues, "42", WINDOW, Narrowed(state="never"), scans_known=False)[1] == 0
    assert read(count_venues, "42", WINDOW, Narrowed(state="never"), scans_known=False).empty


def test_where_a_venue_is_may_not_be_known(read):
    rows, _ = read(list_venues, "440", WINDOW, Narrowed(state="no_point"))
    assert "V1" not in set(rows["code"]) and len(rows) == 8
    counts = read(count_venues, "440", WINDOW, Narrowed()).set_index("code")
    assert counts.loc["18229", ["venues", "with_point"]].tolist() == [4, 1]
    assert counts.loc["18235", ["venues", "with_point"]].tolist() == [5, 0]
    assert read(count_points, "42")._asdict() == {"venues": 11, "no_point": 10, "outside": 0}


def test_kind_and_group_narrow(read):
    assert read(list_venues, "440", WINDOW, Narrowed(group="A"))[0]["code"].tolist() == ["V1", "V3"]
    kinds = read(list_venues, "440", WINDOW, Narrowed(group="A"))[0]["kind"].unique()
    assert read(list_venues, "440", WINDOW, Narrowed(kind=kinds[0]))[1] == 2


def test_a_department_narrows_to_the_kinds_that_it_answers_for(read):
    assert read(list_venues, "440", WINDOW, Narrowed(department="transport"))[0]["name"].tolist() == ["Xe khách"]
    counts = {
        name: read(count_venues, "42", WINDOW, Narrowed(department=name))["venues"].sum()
        for name in ("education", "labour", "transport", "health", "industrial_zones", "information")
    }
    assert sum(counts.values()) == 10 and counts["information"] > 1, "each kind is one department's, the rest the overall one's"
    assert read(list_venues, "440", WINDOW, Narrowed(department="nobody"))[1] == 0


def test_a_list_is_cut_and_says_how_many_there_are(read):
    rows, of = read(list_venues, "42", WINDOW, Narrowed(), limit=3)
    assert (len(rows), of) == (3, 10)
    assert read(list_venues, "42", WINDOW, Narrowed(), code="V4")[0]["name"].tolist() == ["Xe khách"]


def test_only_venues_in_scope_are_seen(read):
    assert set(read(list_venues, None, WINDOW, Narrowed(), unit="449")[0]["code"]) == {"V11"}
    assert read(list_venues, "440", WINDOW, Narrowed(), unit="449")[1] == 0
    assert read(count_venues, "42", WINDOW, Narrowed(), unit="18235")["code"].tolist() == ["18235"]
    assert read(count_points, "42", unit="449").venues == 1
