"""Days of a long file that prove to be written month-first only after some were read day-first: nothing of it is loaded."""

import pytest
import sqlalchemy as sa

from geo import db
from geo.errors import FileError
from loaders import frames, texts
from loaders.assessments import load_assessments
from loaders.inspections import load_inspections
from loaders.scans import load_scans
from loaders.staff import load_staff
from loaders.venues import load_venues
from loaders.visits import load_visits

# kind -> what loads it, its header, a row (of a number and a day), and where its rows are
KINDS = {
    "venues": (load_venues, "venue_code,name,kind,commune_code,created_on", "N{},a,cafe,18229,{}", "venue WHERE code LIKE 'N%'"),
    "closings": (
        load_venues, "venue_code,name,kind,commune_code,created_on,closed_on", "N{},a,cafe,18229,2021-11-01,{}", "venue WHERE code LIKE 'N%'",
    ),
    "scans": (load_scans, "venue_code,day,scans,people", "V{},{},5,3", "scan_day"),
    "hours": (load_scans, "venue_code,day,hour,scans", "V{},{},9,5", "scan_hour"),
    "communes": (load_scans, "commune_code,day,venues_with_scans,scans,people,lần", "18229,{1},1,5,3,{0}", "commune_scan_day"),
    "visits": (load_visits, "case_code,case_class,venue_code,arrived_at,source", "HT-{},F0,V1,{} 09:00,declared", "visit"),
    "departures": (
        load_visits, "case_code,case_class,venue_code,arrived_at,left_at,source", "HT-{},F0,V1,2021-11-20 09:00,{} 09:00,declared", "visit",
    ),
    "staff": (load_staff, "organisation,commune_code,returned_on,staff,installed", "Cơ quan {},18229,{},9,5", "staff_return"),
    "assessments": (
        load_assessments, "organisation,commune_code,assessed_on,points,supervisors,system", "Cơ quan {},18229,{},1,1,khác", "agency_assessment",
    ),
    "inspections": (load_inspections, "venue_code,inspected_on,outcome", "V{},{},đạt", "inspection"),
}  # fmt: skip
DAYS = ["12/10/2021", "12/11/2021", "10/12/2021", "12/28/2021", "12/29/2021", "2021-12-30"]  # 28 and 29 are no months


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_was_read_the_wrong_way_round_is_refused(town, write_csv, monkeypatch, kind):
    for module in (frames, texts):
        monkeypatch.setattr(module, "CHUNK", 3)
    loader, header, row, table = KINDS[kind]
    lines = [row.format(number, day) for number, day in enumerate(DAYS, start=1)]
    with pytest.raises(FileError, match="cột ngày ghi tháng trước ngày ở một số dòng"):
        loader(write_csv("\n".join([header, *lines, ""])))
    with db.engine().connect() as connection:
        assert connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 0
