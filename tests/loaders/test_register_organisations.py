"""The register one organisation a row: what is stored, its sums by commune and group, and what is refused."""

import pytest

from geo.errors import FileError
from loaders.register import load_register

HEADER = ["organisation", "commune_code", "kind", "obligation_group", "obliged"]
GOOD = {"organisation": "Sở Y tế", "commune_code": "18229", "kind": "Trụ sở làm việc", "obliged": "3"}
STORED = "SELECT commune_code, obligation_group, name, kind, obliged FROM organisation"
SUMS = "SELECT commune_code, obligation_group, obliged FROM obligation"
RESTATED = "SELECT commune_code, measure, before, after FROM restatement"


@pytest.fixture
def load(write_records):
    """A function that loads rows, each a dictionary of what differs from GOOD."""
    return lambda *rows, header=HEADER: load_register(write_records(header, *({**GOOD, **row} for row in rows)))


@pytest.fixture
def stored(read_rows):
    return lambda: read_rows(STORED).astype(object).where(lambda rows: rows.notna(), None).values.tolist()


def told(outcome):
    return outcome.findings[["row", "column", "rule", "refused"]].values.tolist()


def test_the_register_is_the_sum_of_its_organisations(town, load, stored, read_rows):
    outcome = load(
        {}, {"organisation": "Kho bạc", "obliged": "0"}, {"organisation": "Quán <b>", "kind": "cafe", "obliged": "1"},
        {"organisation": "Cửa hàng", "kind": "", "obligation_group": "c", "obliged": "2"}, {"commune_code": "18235", "obligation_group": "C"},
    )  # fmt: skip
    assert told(outcome) == [] and outcome.rows_changed == 5
    assert stored() == [
        ["18229", "A", "Kho bạc", "office", 0], ["18229", "A", "Sở Y tế", "office", 3], ["18229", "C", "Cửa hàng", None, 2],
        ["18229", "C", "Quán <b>", "cafe", 1], ["18235", "C", "Sở Y tế", "office", 3],
    ]  # fmt: skip
    assert read_rows(SUMS).values.tolist() == [["18229", "A", 3], ["18229", "C", 3], ["18235", "C", 3]]


def test_without_counts_each_organisation_is_one(town, load, read_rows):
    load({}, {"organisation": "Kho bạc"}, header=HEADER[:-1])
    assert read_rows(SUMS).values.tolist() == [["18229", "A", 2]]


REFUSED = [
    ({"organisation": ""}, "organisation", "missing"),
    ({"organisation": "B", "commune_code": "99999"}, "commune_code", "unknown_code"),
    ({"organisation": "C", "obliged": ""}, "obliged", "missing"),
    ({"organisation": "D", "obliged": "hai"}, "obliged", "not_a_count"),
    ({"organisation": "E", "obligation_group": "B"}, "obligation_group", "unknown_group"),
    ({"organisation": "F", "kind": ""}, "obligation_group", "missing"),
    ({"organisation": "G", "kind": "Phương tiện vận tải"}, "obligation_group", "missing"),
    ({"organisation": "H", "kind": "Tiệm lạ"}, "obligation_group", "missing"),
    ({}, "organisation", "duplicate"),
]


def test_an_organisation_that_cannot_be_counted_is_refused(town, load, stored, read_rows):
    outcome = load({}, *(row for row, _, _ in REFUSED))
    assert told(outcome) == [[3 + place, column, rule, True] for place, (_, column, rule) in enumerate(REFUSED)]
    assert (outcome.rows_in, outcome.rows_refused) == (len(REFUSED) + 1, len(REFUSED))
    assert stored() == [["18229", "A", "Sở Y tế", "office", 3]]
    assert read_rows(SUMS).values.tolist() == [["18229", "A", 3]]


def test_of_a_kind_that_is_not_known_a_told_group_is_enough(town, load, stored):
    assert told(load({"kind": "Tiệm lạ", "obligation_group": "C"})) == [[2, "kind", "unknown_kind", False]]
    assert stored() == [["18229", "C", "Sở Y tế", None, 3]]


def test_a_later_file_changes_and_adds_and_the_sum_is_over_all_that_is_known(town, load, read_rows):
    load({}, {"organisation": "Kho bạc", "obliged": "4"}, {"commune_code": "18235"})
    outcome = load({"obliged": "5"}, {"organisation": "Thư viện", "obliged": "1"}, {"commune_code": "18235"})
    assert outcome.rows_changed == 2
    assert read_rows(SUMS).values.tolist() == [["18229", "A", 10], ["18235", "A", 3]]
    assert read_rows(RESTATED).values.tolist() == [["18229", "obliged", 7, 10]]


def test_the_same_organisations_again_are_no_others(town, load, read_rows):
    load({}, {"organisation": "Kho bạc"})
    before = read_rows(STORED), read_rows(SUMS)
    outcome = load({"organisation": "Kho bạc"}, {})
    assert (outcome.rows_loaded, outcome.rows_changed) == (2, 0)
    assert all(now.equals(then) for now, then in zip((read_rows(STORED), read_rows(SUMS)), before, strict=True))
    assert len(read_rows(RESTATED)) == 0


def test_a_kind_that_a_later_file_does_not_tell_stays(town, load, stored):
    load({})
    outcome = load({"obligation_group": "A"}, header=[column for column in HEADER if column != "kind"])
    assert outcome.rows_changed == 0
    assert stored() == [["18229", "A", "Sở Y tế", "office", 3]]


def test_counts_of_a_commune_are_replaced_by_its_organisations(town, load, write_csv, read_rows):
    load_register(write_csv("commune_code,obligation_group,obliged\n18229,A,9\n18229,C,4\n", "counts.csv"))
    load({})
    assert read_rows(SUMS).values.tolist() == [["18229", "A", 3], ["18229", "C", 4]]
    assert read_rows(RESTATED).values.tolist() == [["18229", "obliged", 13, 7]]


def test_an_organisation_that_changes_its_group_is_in_one_group(load, town, stored, read_rows):
    load({}, {"organisation": "Kho bạc", "obliged": "4"}, {"organisation": "Quán", "kind": "cafe", "obliged": "1"})
    outcome = load(
        {"organisation": "Kho bạc", "obliged": "4", "obligation_group": "C"},
        {},
        {"organisation": "Quán", "kind": "cafe", "obliged": "1"},
    )
    assert (outcome.rows_changed, outcome.rows_taken_back, outcome.rows_kept) == (1, 1, 0)
    assert [row[1:3] for row in stored()] == [["A", "Sở Y tế"], ["C", "Kho bạc"], ["C", "Quán"]]
    assert read_rows(SUMS).values.tolist() == [["18229", "A", 3], ["18229", "C", 5]]


def test_of_a_group_that_all_have_left_nothing_is_left(load, town, read_rows):
    load({}, {"commune_code": "18235"})
    outcome = load({"obligation_group": "C"}, {"commune_code": "18235"})
    assert outcome.rows_taken_back == 1
    assert read_rows(SUMS).values.tolist() == [["18229", "A", 0], ["18229", "C", 3], ["18235", "A", 3]]
    assert len(read_rows(RESTATED)) == 0  # as many are obliged as before


def test_a_file_of_one_group_says_nothing_of_the_others(load, town, stored):
    load({}, {"organisation": "Kho bạc"}, {"organisation": "Quán", "kind": "cafe"})
    outcome = load({"organisation": "Quán", "kind": "cafe"}, {"kind": "cafe"})
    assert (outcome.rows_taken_back, outcome.rows_kept) == (0, 0)
    assert [row[1:3] for row in stored()] == [["A", "Kho bạc"], ["A", "Sở Y tế"], ["C", "Quán"], ["C", "Sở Y tế"]]


def test_what_a_newer_register_evidently_no_longer_holds_is_taken_back(town, write_records, stored, read_rows):
    def load(records, **more):
        return load_register(write_records(HEADER, *records), max_refused=0.05, **more)

    many = [{**GOOD, "organisation": f"Đơn vị {number:02}"} for number in range(40)]
    load([*many, {**GOOD, "commune_code": "18235"}])
    part = load(many[:37])
    assert (part.rows_taken_back, part.rows_kept, len(stored())) == (0, 3, 41)
    refused = load([*many[:38], {**many[39], "obliged": "hai"}])
    assert (refused.rows_refused, refused.rows_taken_back, refused.rows_kept) == (1, 1, 0)
    assert [row[2] for row in stored()[36:]] == ["Đơn vị 36", "Đơn vị 37", "Đơn vị 39", "Sở Y tế"]
    assert read_rows(SUMS).values.tolist() == [["18229", "A", 117], ["18235", "A", 3]]
    assert read_rows(RESTATED).values.tolist() == [["18229", "obliged", 120, 117]]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (["organisation", "commune_code"], r"cần obligation_group \(Nhóm\) hoặc kind \(Loại hình\)"),
        (["organisation", "kind"], "thiếu cột chỉ nơi chốn"),
        (["commune_code", "kind"], r"cần obliged \(Số địa điểm phải tạo\), hoặc organisation"),
    ],
)
def test_a_file_must_say_where_what_and_how_many(town, load, header, said):
    with pytest.raises(FileError, match=said):
        load({}, header=header)
