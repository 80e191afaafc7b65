"""What the tests of tracing share: the small province with hours of scans, and visits told to it by files, as a loader takes them."""

import csv
from datetime import date

import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import everything
from geo.audit import Actor, reading_cases
from geo.coverage import Window
from geo.scope import Scope
from loaders.scans import load_scans
from loaders.venues import load_venues
from loaders.visits import load_visits

# V1, an office, on two days; V2, a café, at ten in the morning. Of the province other scans are loaded of 25/11, 01/12, 08/12, 09/12.
HOURS = """venue_code,day,hour,scans
V1,2021-11-26,8,4
V1,2021-11-27,0,3
V1,2021-11-27,9,7
V2,2021-11-26,10,5
"""
# An office that closed on 01/12; two shops of one organisation, one in each district
MORE = """venue_code,name,kind,organisation,commune_code,created_on,closed_on,lon,lat
V20,Trụ sở cũ,Trụ sở làm việc,,18229,2021-11-20,2021-12-01,,
V21,Cửa hàng 1,Cửa hàng thiết yếu,Công ty Hoa Sen,18229,2021-11-20,,105.551,18.551
V22,Cửa hàng 2,Cửa hàng thiết yếu,Công ty Hoa Sen,18754,2021-11-20,,,
V23,Karaoke,Karaoke,,18229,2021-11-20,,105.554,18.551
"""
HEADER = ["case_code", "case_class", "venue_code", "commune_code", "place", "arrived_at", "left_at", "source", "onset_on"]
GOOD = {"case_code": "C1", "case_class": "F0", "venue_code": "V1", "source": "declared"}
WINDOW = Window(date(2021, 11, 25), date(2021, 12, 9))


@pytest.fixture(scope="module")
def traced_province(small_province, tmp_path_factory):
    folder = tmp_path_factory.mktemp("traced")
    for name, text in (("hours", HOURS), ("venues", MORE)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    assert load_venues(folder / "venues.csv").rows_refused == 0
    assert load_scans(folder / "hours.csv").rows_refused == 0
    return small_province


@pytest.fixture
def tell(traced_province, tmp_path):
    """A function that loads visits, each a dictionary of what differs from GOOD, and gives the Outcome; gone after the test.

    A column that no visit names is not in the file.
    """
    number = 0

    def load(*rows):
        nonlocal number
        number += 1
        path = tmp_path / f"visits{number}.csv"
        rows = [{**GOOD, **row} for row in rows]
        header = [column for column in HEADER if any(column in row for row in rows)]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return load_visits(path)

    yield load
    with db.engine().begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))  # decisions are never removed otherwise
        for table in ("visit", "visit_history", "hotspot_review", "rectification", "case_week", "gap_week", "visit_purge"):
            connection.execute(sa.text(f"DELETE FROM {table}"))
        connection.execute(sa.text("DELETE FROM load_run WHERE kind = 'visits'"))
        connection.execute(sa.text("DELETE FROM tracing_rule WHERE valid_from > '2020-01-01'"))


@pytest.fixture
def health(traced_province):
    """A function that gives an Actor who may see cases, of these units of the vintage (all there are without any)."""

    def make(*codes, role="health"):
        with db.gating() as connection:
            units = everything(connection)
        return Actor(f"a-{role}", Scope(role, tuple((units[0][0], code) for code in codes) or units))

    return make


@pytest.fixture
def seeing(health):
    """A function that gives a transaction of such an Actor that sees cases."""
    return lambda *codes: reading_cases(health(*codes), "a test")
