"""Which commune a row means where more than one vintage is loaded, and by names that are no longer or not yet official."""

from datetime import date

import geopandas as gpd
import pytest
import sqlalchemy as sa

from geo import db
from loaders.aliases import load_aliases
from loaders.boundaries import load_boundaries
from loaders.venues import load_venues

HEADER = "venue_code,name,kind,commune_code,commune,district,created_on\n"


@pytest.fixture
def later(units, boundary_file, tmp_path):
    """A vintage from 01/01/2022 in which 18235 is another commune's code, beside that of the small province."""
    frame = gpd.read_file(boundary_file)
    frame["commune_name"] = frame["commune_name"].replace({"Xã Quang Vĩnh": "Xã Đức Vĩnh"})
    frame.to_file(tmp_path / "later.gpkg", layer="communes")
    return load_boundaries(tmp_path / "later.gpkg", date(2022, 1, 1))


@pytest.fixture
def load(write_csv):
    def loaded(*rows):
        outcome = load_venues(
            write_csv(HEADER + "".join(f"V{number},a,cafe,{row}\n" for number, row in enumerate(rows)))
        )
        return outcome, outcome.findings[["rule", "refused"]].values.tolist()

    return loaded


def stored(columns="code, vintage, commune_code"):
    with db.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(f"SELECT {columns} FROM venue ORDER BY code"))]


def test_a_row_speaks_in_the_vintage_in_force_on_its_day(later, load):
    _, told = load(",Quang Vĩnh,Đức Thọ,2021-12-31", ",Đức Vĩnh,Đức Thọ,2022-01-01", ",Quang Vĩnh,Đức Thọ,2022-01-01")
    assert told == [["unknown_commune", True]]
    assert stored() == [("V0", 1, "18235"), ("V1", 2, "18235")]


def test_a_code_that_means_another_unit_in_another_vintage_is_named(later, load):
    outcome, told = load(
        "18235,Quang Vĩnh,,2022-01-02", "18235,,,2022-01-02", "18235,Đức Vĩnh,,2022-01-02", "18229,,,2022-01-02"
    )
    assert told == [["code_of_other_vintage", True], ["reused_code", False]]
    assert outcome.findings["remedy"].tolist() == [
        "18235 là Xã Quang Vĩnh trong bộ địa giới từ 01/11/2021; còn nay là Xã Đức Vĩnh",
        "18235 là Xã Quang Vĩnh trong bộ địa giới từ 01/11/2021; đã hiểu là Xã Đức Vĩnh",
    ]
    assert [code for _, _, code in stored()] == ["18235", "18235", "18229"]


def test_the_old_name_of_a_merged_commune_is_known_by_the_crosswalk(later, load):
    assert load(",Quang Vĩnh,Đức Thọ,2022-01-02")[1] == [["unknown_commune", True]]
    with db.engine().begin() as connection:
        connection.execute(sa.text(
            "INSERT INTO unit_change (from_vintage, from_code, to_vintage, to_code, share, load_run) VALUES (1, '18235', 2, '18229', 1, 2)"
        ))  # fmt: skip
    outcome, told = load("  ,Xã Quang Vĩnh,Đức Thọ,2022-01-02")
    assert told == [["old_name", False]]
    assert outcome.findings["remedy"].tolist() == ["nay là Thị trấn Đức Thọ"]
    assert stored() == [("V0", 2, "18229")]


def test_a_confirmed_name_is_used_next_time_and_never_against_an_official_one(units, load, write_csv):
    assert load(",Vùng Ven Sông,Đức Thọ,2021-12-01")[1] == [["unknown_commune", True]]
    names = write_csv(
        "alias,district,commune\nVùng ven sông,Đức Thọ,Quang Vĩnh\nĐỨC THỌ,Đức Thọ,Quang Vĩnh\n", "names.csv"
    )
    outcome = load_aliases(names)
    assert outcome.findings[["row", "rule"]].values.tolist() == [[3, "official_name"]]
    assert load(",VÙNG VEN  SÔNG,Huyện Đức Thọ,2021-12-01")[1] == []
    assert stored() == [("V0", 1, "18235")]
    assert load(",Vùng Ven Sông,Kỳ Anh,2021-12-01")[1] == [["unknown_commune", True]]
