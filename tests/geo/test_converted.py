"""Figures on the communes of a later vintage: sums that stay the same, no data where a part is not known."""

from datetime import date

import geopandas as gpd
import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import everything
from geo.converted import convert_coverage, later_vintages
from geo.coverage import Window, read_coverage
from geo.errors import BoundaryError
from geo.scope import Scope
from geo.units import list_vintages
from loaders.boundaries import load_boundaries

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
LATER = {"18229": "99001", "18235": "99001", "18280": "99002", "18754": "99003", "18757": "99003", "19750": "99004"}
CHANGE = sa.text("""
    INSERT INTO unit_change (from_vintage, from_code, to_vintage, to_code, share, estimated, load_run)
    VALUES (:old, :start, :new, :end, 1, :estimated, (SELECT max(id) FROM load_run))
""")


@pytest.fixture(scope="module")
def later(small_province, small_files, tmp_path_factory):
    """The vintages; in the later one Thị trấn Đức Thọ and Quang Vĩnh are one commune, and so are Kỳ Trinh and Kỳ Lợi."""
    old = gpd.read_file(small_files["boundaries"])
    new = old.assign(commune_code=old["commune_code"].map(LATER)).dissolve("commune_code", as_index=False)
    new["commune_name"] = "Xã " + new["commune_code"]
    path = tmp_path_factory.mktemp("later") / "later.gpkg"
    new.to_file(path, layer="communes")
    load_boundaries(path, date(2025, 7, 1))
    with db.reading(Scope("leader", ())) as connection:
        vintages = list_vintages(connection)
    with db.engine().begin() as connection:
        for start, end in LATER.items():
            ends = {
                "old": vintages[0].id,
                "new": vintages[1].id,
                "start": start,
                "end": end,
                "estimated": end == "99001",
            }
            connection.execute(CHANGE, ends)
    return vintages


@pytest.fixture
def convert(later):
    def convert(unit):
        with db.gating() as connection:
            whole = everything(connection)
        with db.reading(Scope("leader", whole)) as connection:
            return convert_coverage(connection, read_coverage(connection, unit, WINDOW), later[1])

    return convert


def test_counts_of_merged_communes_are_summed_and_divided_once(convert):
    rows = convert("42")
    merged = rows.loc["99001"]
    assert merged[["created", "active", "created_obliged", "obliged", "estimated"]].tolist() == [9, 3, 8, 8, True]
    assert merged["activity_rate"] == pytest.approx(3 / 9)
    assert rows.loc["99002", ["created", "estimated"]].tolist() == [0, False]


def test_what_is_not_known_of_a_part_is_not_known_of_the_whole(convert):
    kept = convert("42").loc["99003"]
    assert kept["created"] == 1 and kept[["obliged", "creation_rate"]].isna().all(), "no register of either"


def test_a_commune_that_is_partly_of_another_area_has_no_data(convert):
    assert convert("18229").loc["99001", ["created", "active"]].isna().all()
    assert convert("440").index.tolist() == ["99001", "99002"]


def test_communes_that_went_nowhere_are_named(convert):
    with db.engine().begin() as connection:
        connection.execute(sa.text("DELETE FROM unit_change WHERE from_code = '18235'"))
    with pytest.raises(BoundaryError, match="18235 Xã Quang Vĩnh"):
        convert("42")


def test_figures_are_carried_forward_only(later):
    assert later_vintages(later, later[0]) == [later[1]] and later_vintages(later, later[1]) == []
