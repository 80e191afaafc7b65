"""Findings of a load belong to the commune of their row, whose readers see them; those of no known commune to who sees all."""

from datetime import date

import geopandas as gpd
import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import operator_scope
from geo.scope import Scope
from loaders.boundaries import load_boundaries
from loaders.register import load_register
from loaders.scans import load_scans
from loaders.venues import load_venues

LOADERS = {"register": load_register, "venues": load_venues, "scans": load_scans}
# A faulty row of Đức Thọ (440), one of Kỳ Anh (449) and some whose commune the file does not tell; what each scope is told
# of is (row, rule).
FILES = {
    "register": """Xã,Huyện,Nhóm,Số địa điểm phải tạo
Xã Quang Vĩnh,Huyện Đức Thọ,X,4
Xã Kỳ Lợi,Thị xã Kỳ Anh,C,nhiều
Xã Không Có,Huyện Đức Thọ,C,4
""",
    "venues": """Mã địa điểm,Tên địa điểm,Loại hình,Xã,Huyện,Ngày tạo
W1,Quán,Quán cà phê,Xã Quang Vĩnh,Huyện Đức Thọ,hôm qua
W2,Quán,Không rõ,Xã Kỳ Lợi,Thị xã Kỳ Anh,20/11/2021
W3,Quán,Quán cà phê,,Huyện Đức Thọ,20/11/2021
""",
    "scans": """Mã địa điểm,Ngày,Số lượt quét,Số người
V5,2021-12-01,3,4
V11,2021-11-01,3,3
V99,2021-12-01,3,3
""",
}
TOLD = {
    "register": ((2, "unknown_group"), (3, "not_a_count"), (4, "unknown_commune")),
    "venues": ((2, "not_a_date"), (3, "unknown_kind"), (4, "missing")),
    "scans": ((2, "people_above_scans"), (3, "before_creation"), (4, "unknown_venue")),
}


def told(*units):
    """(row, rule) of the findings of the last load that a reader of these units of the first vintage sees; all without."""
    with db.engine().connect() as connection:
        vintage = connection.scalar(sa.text("SELECT min(id) FROM boundary_vintage"))
    scope = Scope("data", tuple((vintage, unit) for unit in units)) if units else operator_scope()
    last = sa.text("SELECT row, rule FROM load_finding WHERE load_run = (SELECT max(id) FROM load_run) ORDER BY row")
    with db.reading(scope) as connection:
        return [tuple(row) for row in connection.execute(last)]


@pytest.mark.parametrize("kind", FILES)
def test_an_office_is_told_of_its_own_rows_and_of_no_others(units, small_files, write_csv, kind):
    load_venues(small_files["venues"])
    LOADERS[kind](write_csv(FILES[kind]))
    duc_tho, ky_anh, unknown = TOLD[kind]
    assert told("440") == told("18235") == [duc_tho]
    assert told("449") == [ky_anh]
    assert told("18229") == told("46") == []
    assert told("42") == [duc_tho, ky_anh]
    assert told() == told("42", "46") == [duc_tho, ky_anh, unknown]


def test_a_row_of_another_time_is_told_to_the_commune_of_that_time(units, boundary_file, write_csv):
    load_boundaries(boundary_file, date(2025, 7, 1))
    load_venues(write_csv(FILES["venues"].replace("hôm qua", "02/07/2025").replace("Quán cà phê,Xã", "Không rõ,Xã")))
    assert told("440") == []
    with db.engine().connect() as connection:
        found = sa.text("SELECT f.commune_code, v.valid_from FROM load_finding f JOIN boundary_vintage v ON v.id = f.vintage "
                        "WHERE f.row = 2")  # fmt: skip
        assert connection.execute(found).all() == [("18235", date(2025, 7, 1))]


def test_findings_on_boundaries_are_for_who_sees_all(empty, write_units, boundary_file):
    communes = gpd.read_file(boundary_file).to_crs(4326)
    rows = [(*row[:6], row.geometry) for row in communes.itertuples(index=False)]
    load_boundaries(write_units([*rows, ("bad", *rows[0][1:])]), date(2021, 11, 1))
    assert told() != []
    assert told("42") == told("440") == []
