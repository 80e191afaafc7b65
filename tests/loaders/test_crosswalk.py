"""Older polygons dissolved into newer units, and the changes of units, with shares told or estimated."""

from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo import db
from geo.accounts import operator_scope
from geo.audit import Actor
from geo.crosswalk import carry_counts, count_communes, diff_units, read_changes
from geo.errors import FileError
from geo.schema import admin_unit
from geo.scope import Scope
from geo.units import list_vintages
from loaders.boundaries import load_boundaries
from loaders.unit_changes import load_unit_changes

OLD, NEW = date(2019, 1, 1), date(2020, 6, 1)
PLACE = ("440", "Huyện Đức Thọ", "42", "Tỉnh Hà Tĩnh")
HEADER = "from_code,from_name,from_district,from_province,to_code,to_name,to_district_code,to_district,to_province_code,to_province,share,decree"
END = ",440,Huyện Đức Thọ,42,Tỉnh Hà Tĩnh"
TOLD = "thành lập theo Nghị quyết 819/NQ-UBTVQH14"


def square(place, width=1):
    return shapely.box(105 + place / 10, 18, 105 + (place + width) / 10, 18.1)


# Đức Vĩnh and Đức Quang were made into Quang Vĩnh, which took Đức Vĩnh's code; Trường Sơn stayed; Tân Hương was divided.
BEFORE = [
    ("18232", "Xã Đức Quang", *PLACE, square(0)), ("18235", "Xã Đức Vĩnh", *PLACE, square(1)),
    ("18244", "Xã Trường Sơn", *PLACE, square(2)), ("18301", "Xã Tân Hương", *PLACE, square(3)),
]  # fmt: skip
AFTER = [
    ("18235", "Xã Quang Vĩnh", *PLACE, square(0, 2)), ("18244", "Xã Trường Sơn", *PLACE, square(2, 1.25)),
    ("18302", "Xã Tân Hương", *PLACE, square(3.25, 0.75)),
]  # fmt: skip
MERGED = [
    f"18232,Xã Đức Quang,Huyện Đức Thọ,Hà Tĩnh,18235,Xã Quang Vĩnh{END},,{TOLD}",
    f"18235,Xã Đức Vĩnh,Huyện Đức Thọ,Hà Tĩnh,18235,Xã Quang Vĩnh{END},,{TOLD}",
    f"18244,Xã Trường Sơn,Huyện Đức Thọ,Hà Tĩnh,18244,Xã Trường Sơn{END},,",
]
SPLIT = [
    "18301,Xã Tân Hương,Huyện Đức Thọ,Hà Tĩnh,18244,Xã Trường Sơn{end},{first},",
    "18301,Xã Tân Hương,Huyện Đức Thọ,Hà Tĩnh,18302,Xã Tân Hương{end},{second},",
]


def split(first="", second=""):
    return [row.format(end=END, first=first, second=second) for row in SPLIT]


@pytest.fixture
def write_changes(write_csv):
    return lambda rows, name="changes.csv": write_csv("\n".join([HEADER, *rows, ""]), name)


@pytest.fixture
def vintages(empty, write_units):
    load_boundaries(write_units(BEFORE, "before.gpkg"), OLD)
    load_boundaries(write_units(AFTER, "after.gpkg"), NEW)


def told(outcome):
    return outcome.findings[["row", "rule", "refused"]].values.tolist()


def areas():
    with db.engine().connect() as connection:
        rows = connection.execute(admin_unit.select().where(admin_unit.c.level == 3)).mappings().all()
    return {row["code"]: (row["name"], round(row["area_km2"])) for row in rows}


def bare(units):
    """As GADM has them: no codes, no blanks, no kinds."""
    return [
        (None, name.removeprefix("Xã ").replace(" ", ""), None, "ĐứcThọ", None, "HàTĩnh", shape)
        for _, name, *_, shape in units
    ]


def test_older_units_are_dissolved_into_the_newer_ones(empty, write_units, write_changes):
    crosswalk = write_changes([*MERGED, *split("0.25", "0.75")])
    outcome = load_boundaries(write_units(bare(BEFORE)), NEW, crosswalk=crosswalk)
    assert (outcome.rows_in, outcome.rows_loaded, outcome.rows_changed) == (4, 4, 5)
    # Tân Hương is one polygon still: it goes to where the larger part of it went
    assert told(outcome) == [[4, "split_unit", False]]
    assert areas() == {"18235": ("Xã Quang Vĩnh", 234), "18244": ("Xã Trường Sơn", 117), "18302": ("Xã Tân Hương", 117)}


def test_a_divided_unit_without_shares_is_refused_and_with_its_own_code_kept(empty, write_units, write_changes):
    outcome = load_boundaries(write_units(bare(BEFORE)), NEW, crosswalk=write_changes([*MERGED, *split()]))
    assert told(outcome) == [[4, "split_unit", True]]
    assert "chia cho Xã Trường Sơn, Xã Tân Hương" in outcome.findings["remedy"].item()
    own = [row.replace(",18302,", ",18301,") for row in split()]
    outcome = load_boundaries(write_units(bare(BEFORE)), NEW, crosswalk=write_changes([*MERGED, *own]))
    assert told(outcome) == [[4, "split_unit", False]]
    assert areas()["18301"] == ("Xã Tân Hương", 117)


def test_a_newer_unit_of_which_a_part_is_not_in_the_map_is_told(empty, write_units, write_changes):
    outcome = load_boundaries(write_units(bare(BEFORE[1:3])), NEW, crosswalk=write_changes(MERGED))
    assert told(outcome) == [[1, "missing_part", False]]
    assert outcome.findings["remedy"].item() == "thiếu vùng của Xã Đức Quang"
    outcome = load_boundaries(write_units(bare(BEFORE[2:3])), NEW, crosswalk=write_changes(MERGED))
    assert outcome.notes[-1] == "1 xã mới không có vùng nào trong bản đồ: Xã Quang Vĩnh"


def test_what_the_crosswalk_does_not_name_is_refused(empty, write_units, write_changes):
    strange = [(None, "KhôngCó", None, "ĐứcThọ", None, "HàTĩnh", square(5))]
    outcome = load_boundaries(write_units(bare(BEFORE[:3]) + strange), NEW, crosswalk=write_changes(MERGED))
    assert told(outcome) == [[4, "unknown_commune", True]]
    twice = bare([*BEFORE[:3], ("", "Xã Đức Vĩnh", *PLACE, square(6))])
    outcome = load_boundaries(write_units(twice), NEW, crosswalk=write_changes(MERGED))
    assert told(outcome) == [[4, "duplicate", True]]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (MERGED[1].replace(",18235,Xã Quang", ",1823,Xã Quang"), r"mã xã mới không phải 5 chữ số: \['1823'\]"),
        (MERGED[1].replace("Xã Quang Vĩnh", "Xã Khác"), r"mã xã mới mang hai tên hoặc hai cấp trên: \['18235'\]"),
    ],
)
def test_a_crosswalk_that_contradicts_itself_is_refused_as_a_whole(empty, write_units, write_changes, row, said):
    with pytest.raises(FileError, match=f"changes.csv: {said}"):
        load_boundaries(write_units(bare(BEFORE)), NEW, crosswalk=write_changes([MERGED[0], row]))


def test_a_crosswalk_without_a_row_is_refused(empty, write_units, write_changes):
    with pytest.raises(FileError, match="changes.csv: bảng đối chiếu không có dòng nào"):
        load_boundaries(write_units(bare(BEFORE)), NEW, crosswalk=write_changes([]))
    assert (
        load_unit_changes(write_changes([]), OLD, NEW).error
        == "changes.csv: tệp không có dòng số liệu nào; hãy kiểm tra tệp"
    )


def test_a_file_of_changes_that_tells_no_vintages_is_refused(vintages, write_changes, read_rows):
    with pytest.raises(FileError, match="changes.csv: .*thêm cột to_vintage, hoặc ghi --from và --to"):
        load_unit_changes(write_changes(MERGED), OLD)
    assert "to_vintage" in read_rows("load_run")["error"].iloc[-1]


def test_days_and_flags_are_read_as_people_type_them(vintages, write_csv, read_rows):
    text = "from_vintage,from_code,from_name,to_vintage,to_code,to_name,share,estimated\n" + "".join(
        f"01/01/2019,18301,,1/6/2020,{code},,{share},{said}\n" for code, share, said in (("18244", '"0,25"', "có"), ("18302", "0.75", ""))
    )  # fmt: skip
    outcome = load_unit_changes(write_csv(text))
    assert (told(outcome), stored(read_rows)) == (
        [],
        [["18301", "18244", 0.25, True], ["18301", "18302", 0.75, False]],
    )
    outcome = load_unit_changes(write_csv(text.replace("có", "chắc")))
    assert told(outcome) == [[2, "not_a_flag", True], [3, "part_refused", True]]
    outcome = load_unit_changes(write_csv(text.replace("1/6/2020,18244", "1/6/2021,18244").replace("0.75", "")))
    assert told(outcome) == [[2, "unknown_vintage", True], [3, "part_refused", True]]


def test_an_account_loads_what_became_of_units_in_its_scope(vintages, write_changes, read_rows):
    own = Actor("own", Scope("data", ((1, "440"),)))
    assert load_unit_changes(write_changes(MERGED), OLD, NEW, actor=own).rows_loaded == 3
    other = Actor("other", Scope("data", ((1, "18244"),)))
    outcome = load_unit_changes(write_changes([*MERGED[:2], *split("0.4", "0.6")]), OLD, NEW, actor=other)
    assert told(outcome) == [[row, "outside_scope", True] for row in (2, 3, 4, 5)]
    assert len(stored(read_rows)) == 3


def stored(read_rows):
    rows = read_rows("SELECT from_code, to_code, share, estimated, decree FROM unit_change")
    return [] if rows.empty else rows.drop(columns="decree").values.tolist()


def test_a_whole_merger_needs_no_share_and_a_split_is_estimated_from_the_polygons(vintages, write_changes, read_rows):
    path = write_changes([*MERGED, *split()])
    outcome = load_unit_changes(path, OLD, NEW)
    assert (outcome.kind, outcome.rows_loaded, outcome.rows_changed) == ("unit-changes", 5, 5)
    assert told(outcome) == []
    found = stored(read_rows)
    assert [row[:2] + row[3:] for row in found] == [
        ["18232", "18235", False], ["18235", "18235", False], ["18244", "18244", False], ["18301", "18244", True], ["18301", "18302", True],
    ]  # fmt: skip
    assert [row[2] for row in found] == pytest.approx([1, 1, 1, 0.25, 0.75], abs=1e-6)
    assert read_rows("unit_change")["decree"].tolist()[0] == TOLD
    assert load_unit_changes(path, OLD, NEW).rows_changed == 0


def test_told_shares_are_kept_and_replace_what_was_told_before(vintages, write_changes, read_rows):
    load_unit_changes(write_changes(split()), OLD, NEW)
    load_unit_changes(write_changes([*MERGED, *split("0.4", "0,6".replace(",", "."))]), OLD, NEW)
    assert stored(read_rows)[3:] == [["18301", "18244", 0.4, False], ["18301", "18302", 0.6, False]]
    whole = split()[1]
    load_unit_changes(write_changes([whole]), OLD, NEW)
    assert [row for row in stored(read_rows) if row[0] == "18301"] == [["18301", "18302", 1.0, False]]
    assert len(stored(read_rows)) == 4  # of the others nothing was said


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (split("0.4", "0.5"), [[2, "share_sum"], [3, "share_sum"]]),
        (split("0.4", "1.5"), [[2, "part_refused"], [3, "bad_share"]]),
        (split("0.4", "x"), [[2, "part_refused"], [3, "bad_share"]]),
        ([split()[0], split()[1].replace(",18302,Xã Tân Hương", ",18999,Xã Không")], [[2, "part_refused"], [3, "unknown_commune"]]),
        ([MERGED[2], MERGED[2].replace("18244,Xã Trường Sơn" + END, "18302,Xã Tân Hương" + END)], [[3, "no_overlap"]]),
        ([MERGED[2].replace("18244,Xã Trường Sơn" + END, "18302,Xã Tân Hương" + END)], [[2, "still_there"]]),
        ([MERGED[0], MERGED[0]], [[2, "part_refused"], [3, "duplicate"]]),
        ([MERGED[0].replace("Đức Quang", "Đức Khác")], [[2, "unknown_commune"]]),
    ],
)  # fmt: skip
def test_changes_that_cannot_be_are_refused(vintages, write_changes, read_rows, rows, found):
    outcome = load_unit_changes(write_changes(rows), OLD, NEW)
    assert outcome.findings[["row", "rule"]].values.tolist() == found
    assert all(share == 1 for *_, share, _ in stored(read_rows))
    if "share_sum" in outcome.findings["rule"].tolist():
        assert outcome.findings["remedy"].iloc[0] == "tổng là 0.9; sửa cho bằng 1"


def test_the_vintages_come_from_the_file_or_from_who_loads_it(vintages, write_csv):
    text = "Địa giới cũ,Tên xã cũ,Tên huyện cũ,Địa giới mới,Mã xã mới,Tên xã mới,Tên huyện mới\n2019-01-01,Xã Đức Vĩnh,Đức Thọ,2020-06-01,18235,Quang Vĩnh,Đức Thọ\n"
    assert load_unit_changes(write_csv(text)).rows_loaded == 1
    outcome = load_unit_changes(write_csv(text.replace("2019-01-01", "2018-01-01")))
    assert outcome.findings["rule"].tolist() == ["unknown_vintage"]
    assert "01/01/2019, 01/06/2020" in outcome.findings["remedy"].item()
    backwards = text.replace("2020-06-01", "2019-01-01").replace("2019-01-01", "2020-06-01", 1)
    assert load_unit_changes(write_csv(backwards)).findings["rule"].tolist() == ["not_earlier"]


@pytest.fixture(scope="module")
def real(shared_data, database, tmp_path_factory):
    """Both real files of older communes dissolved by the real crosswalk, beside the communes of 2019 (of Hà Tĩnh), 2021 and
    2025 and what became of them: the outcomes."""
    folder = shared_data / "boundaries"
    older = tmp_path_factory.mktemp("2019") / "ha_tinh.gpkg"
    gpd.read_file(folder / "country_2019_11163.gpkg", where="province = 'Hà Tĩnh'").to_crs(9209).to_file(older)
    crosswalk = folder / "crosswalk_2019_to_2024_four_provinces.csv"
    return {
        "2021": load_boundaries(folder / "communes_2021_four_provinces.gpkg", date(2021, 11, 1)),
        "gadm": load_boundaries(folder / "gadm41_level3_four_provinces.gpkg", date(2021, 11, 2), crosswalk=crosswalk),
        "2009": load_boundaries(folder / "census2009_four_provinces.gpkg", date(2021, 11, 3), crosswalk=crosswalk),
        "2025": load_boundaries(folder / "communes_2025_four_former_provinces.gpkg", date(2025, 7, 1)),
        "2019": load_boundaries(older, OLD),
        "2019 to 2021": load_unit_changes(crosswalk, OLD, date(2021, 11, 1)),
        "2021 to 2025": load_unit_changes(
            folder / "crosswalk_2025_four_provinces.csv", date(2021, 11, 1), date(2025, 7, 1)
        ),
    }


RATIOS = """
    SELECT v.valid_from, p.code AS province, count(*) AS communes, percentile_cont(0.5) WITHIN GROUP (ORDER BY c.area_km2 / t.area_km2) AS median
    FROM admin_unit c JOIN boundary_vintage v ON v.id = c.vintage
    JOIN admin_unit d ON d.vintage = c.vintage AND d.code = c.parent_code
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = d.parent_code AND p.level = 1
    LEFT JOIN admin_unit t ON t.code = c.code AND t.level = 3
     AND t.vintage = (SELECT id FROM boundary_vintage WHERE valid_from = '2021-11-01')
    WHERE c.level = 3 AND v.valid_from BETWEEN '2021-11-01' AND '2021-11-03' GROUP BY 1, 2
"""


def test_the_real_files_dissolve_into_the_communes_of_2021(real, read_rows):
    found = read_rows(RATIOS).set_index(["valid_from", "province"])
    for day in (date(2021, 11, 2), date(2021, 11, 3)):
        # the crosswalk goes on to 2024, when Phú Yên and Ninh Thuận had merged seven more
        assert found.loc[day, "communes"].to_dict() == {"42": 216, "46": 141, "54": 106, "58": 62}
        assert found.loc[day, "median"].between(0.98, 1.02).all()
    assert found.loc[date(2021, 11, 1), "communes"].to_dict() == {"42": 216, "46": 141, "54": 110, "58": 65}


def test_what_is_wrong_with_the_real_files_is_told(real):
    assert {name: (outcome.rows_in, outcome.rows_refused) for name, outcome in real.items()} == {
        "2021": (532, 0), "gadm": (591, 1), "2009": (591, 1), "2025": (167, 0), "2019": (262, 0), "2019 to 2021": (594, 332),
        "2021 to 2025": (523, 11),
    }  # fmt: skip
    assert real["2021"].findings.empty
    for name, slivers in (
        ("gadm", "947 chỗ chồng (21,6"),
        ("2009", "2095 chỗ chồng (53,0"),
    ):
        assert slivers in real[name].notes[-1]
        findings = real[name].findings
        refused = findings[findings["refused"].astype(bool)]
        assert refused["rule"].tolist() == ["split_unit"]  # Phú Thuận, between two wards
        counts = findings[findings["rule"] == "other_count"]
        assert sorted(counts["remedy"].str.extract(r"(\d+) xã, danh mục có (\d+)").values.tolist()) == [
            ["12", "16"],
            ["13", "16"],
        ]
    exclusion = real["2009"].findings.query("rule == 'by_exclusion'")["value"]
    assert set(exclusion) == {"Xã Cổ Đạm", "Thị trấn Kỳ Anh", "Phường Vĩ Dạ", "Xã A Roằng", "Xã Hòa Bình 2"}


def test_what_became_of_the_real_communes_is_told(real):
    refused = real["2021 to 2025"].findings.query("refused == True")["rule"].value_counts().to_dict()
    assert refused == {"unknown_commune": 5, "unknown_district": 3, "no_overlap": 3}
    with db.reading(operator_scope()) as connection:
        vintages = {vintage.valid_from: vintage for vintage in list_vintages(connection)}
        old, new, newest = (vintages[day] for day in (OLD, date(2021, 11, 1), date(2025, 7, 1)))
        merger, counts = diff_units(connection, old, new), count_communes(connection, old, new)
        changes = read_changes(connection, old, newest)
    assert counts.query("code == '42'")[["before", "after"]].values.tolist() == [[262, 216]]
    found = merger.query("change == 'merged'")
    assert found["from_code"].nunique() - found["to_code"].nunique() == 262 - 216
    assert not found["estimated"].any() and found["decree"].notna().mean() > 0.9
    assert merger["change"].value_counts().drop("not_loaded").to_dict() == {
        "unchanged": 181, "merged": 80, "reused_code": 29, "renamed": 1,
    }  # fmt: skip
    # the table of 2025 begins with the communes of 2024: of some that were merged in between it says nothing
    known = changes.dropna(subset=["to_code"])["from_code"].unique()
    assert len(known) == 252
    counted = pd.DataFrame({"venues": range(1, 253), "scans": range(10**6, 10**6 + 252)}, index=known)
    carried = carry_counts(counted, changes)
    assert carried[["venues", "scans"]].sum().tolist() == counted.sum().tolist() and len(carried) == 69
