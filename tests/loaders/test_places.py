"""Which commune a row means where more than one vintage is loaded, and by names that are no longer or not yet official."""

from datetime import date

import geopandas as gpd
import pytest
import shapely
import sqlalchemy as sa

from geo import db
from loaders.aliases import load_aliases
from loaders.boundaries import load_boundaries
from loaders.unit_changes import load_unit_changes
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


UNITS_2019 = [
    ("18229", "Đức Thọ", "440", "Huyện Đức Thọ"), ("18232", "Đức Quang", "440", "Huyện Đức Thọ"),
    ("18235", "Đức Vĩnh", "440", "Huyện Đức Thọ"), ("18250", "Thạch Sơn", "445", "Huyện Thạch Hà"), ("18251", "Thạch Sơn", "448", "Huyện Lộc Hà"),
    ("18252", "Tân Lộc", "448", "Huyện Lộc Hà"),
]  # fmt: skip
UNITS_2021 = [
    ("18229", "Thị trấn Đức Thọ", "440", "Huyện Đức Thọ"), ("18235", "Xã Quang Vĩnh", "440", "Huyện Đức Thọ"),
    ("18250", "Xã Thạch Mới", "445", "Huyện Thạch Hà"), ("18252", "Xã Tân Lộc", "445", "Huyện Thạch Hà"),
]  # fmt: skip
UNITS_2025 = [
    ("18229", "Xã Đức Thọ", None, None),
    ("18235", "Xã Đức Quang", None, None),
    ("18250", "Xã Thạch Hà", None, None),
]
CHANGES = {
    ("2019-01-01", "2021-11-01"): ["18232 18235", "18235 18235", "18250 18250", "18251 18252", "18252 18252"],
    ("2021-11-01", "2025-07-01"): ["18229 18229", "18235 18229", "18250 18250", "18252 18235"],
}


@pytest.fixture
def merged(empty, write_units, write_csv):
    """Three vintages: of 2019 without kinds of unit, of 2021, and of 2025 without districts and under another province."""
    for year, (day, units, province) in enumerate([
        ("2019-01-01", UNITS_2019, ("42", "Hà Tĩnh")), ("2021-11-01", UNITS_2021, ("42", "Tỉnh Hà Tĩnh")),
        ("2025-07-01", UNITS_2025, ("40", "Tỉnh Nghệ An")),
    ]):  # fmt: skip
        rows = [
            (*unit, *province, shapely.box(105.5 + x / 10, 18, 105.6 + x / 10, 18.1)) for x, unit in enumerate(units)
        ]
        load_boundaries(write_units(rows, f"{year}.gpkg"), date.fromisoformat(day))
    for (old, new), pairs in CHANGES.items():
        rows = [f"{pair.split()[0]},,{pair.split()[1]},,1" for pair in pairs]
        text = "\n".join(["from_code,from_name,to_code,to_name,share", *rows, ""])
        days = date.fromisoformat(old), date.fromisoformat(new)
        outcome = load_unit_changes(write_csv(text, f"{new}.csv"), *days)
        assert outcome.rows_refused == 0, outcome.findings


FORMER = [  # commune, district and day as typed; the commune that is meant, and what is said
    ("Xã Đức Quang,Huyện Đức Thọ", "2021-12-01", "18235", "old_name"),
    ("đức vĩnh,Đức Thọ", "2021-12-01", "18235", "old_name"),
    ("Thạch Sơn,Huyện Thạch Hà", "2021-12-01", None, "ambiguous_name"),  # both are in this district now
    ("Xã Thạch Sơn,Huyện Lộc Hà", "2021-12-01", "18252", "old_name"),  # a district that is no more
    ("Tân Lộc,Lộc Hà", "2021-12-01", "18252", "old_name"),  # the commune is called as before
    ("Xã Không,Huyện Lộc Hà", "2021-12-01", None, "unknown_district"),
    ("Đức Quang,", "2021-12-01", None, "missing"),
    ("Xã Quang Vĩnh,Huyện Đức Thọ", "2025-08-01", "18229", "old_name"),
    ("Xã Quang Vĩnh,", "2025-08-01", "18229", "old_name"),
    ("Xã Đức Vĩnh,Huyện Đức Thọ", "2025-08-01", "18229", "old_name"),  # over two steps
    ("Xã Đức Quang,", "2025-08-01", "18235", None),  # as it is called now
    ("Xã Đức Quang,Huyện Đức Thọ", "2025-08-01", None, "ambiguous_name"),  # then in 18229, now 18235's name
    ("Xã Thạch Hà,Huyện Thạch Hà", "2025-08-01", "18250", "old_name"),  # named as now, in a district of then
    ("Xã Thạch Hà,Huyện Không", "2025-08-01", None, "unknown_district"),
]  # fmt: skip


def test_a_merged_commune_is_known_by_its_name_and_district_of_then(merged, load):
    outcome, _ = load(*(f",{typed},{day}" for typed, day, _, _ in FORMER))
    rules = outcome.findings.set_index("row")["rule"].to_dict()
    refused = set(outcome.findings.loc[outcome.findings["refused"].astype(bool), "row"])
    codes = dict(stored("code, commune_code"))
    for row, (typed, day, code, rule) in enumerate(FORMER):
        assert (codes.get(f"V{row}"), rules.get(row + 2)) == (code, rule), (typed, day)
        assert (row + 2 in refused) == (code is None), (typed, day)


def test_a_merged_commune_is_known_by_its_province_of_then_or_of_now(merged, write_csv):
    header = "venue_code,name,kind,commune,district,province,created_on"
    typed = ("Tỉnh Hà Tĩnh", "hà tĩnh", "Tỉnh Nghệ An", "Huế")
    rows = [f"V{row},a,cafe,Xã Quang Vĩnh,Huyện Đức Thọ,{province},2025-08-01" for row, province in enumerate(typed)]
    load_venues(write_csv("\n".join([header, *rows, ""])))
    assert stored("code, commune_code") == [(f"V{row}", "18229") for row in range(3)]


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
