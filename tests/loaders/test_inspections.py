"""Inspections of venues: their outcomes and counts, what is refused, and what a later file adds."""

from datetime import date

import pytest

from loaders.inspections import COLUMNS, load_inspections

HEADER = list(COLUMNS)
GOOD = {
    "venue_code": "V1", "inspected_on": "07/12/2021", "campaign": "Tuần cao điểm", "outcome": "Đạt", "posted": "có", "supervisor": "x",
    "minutes": "45", "head_count": "40", "scanned": "31", "note": "mã dán ở cửa",
}  # fmt: skip
STORED = """
    SELECT v.code, i.inspected_on, i.campaign, i.outcome, i.posted, i.supervised, i.head_count, i.scanned, i.note
    FROM inspection i JOIN venue v ON v.id = i.venue_id
"""


@pytest.fixture
def load(write_records):
    """A function that loads rows, each a dictionary of what differs from GOOD."""
    return lambda *rows, header=HEADER: load_inspections(write_records(header, *({**GOOD, **row} for row in rows)))


@pytest.fixture
def stored(read_rows):
    return lambda: read_rows(STORED).astype(object).where(lambda rows: rows.notna(), None).values.tolist()


def told(outcome):
    return outcome.findings[["row", "column", "rule", "refused"]].values.tolist()


def test_an_inspection_is_stored_as_it_says(town, load, stored):
    outcome = load({}, dict.fromkeys(("campaign", "posted", "supervisor", "head_count", "scanned", "note"), ""))
    assert told(outcome) == [] and outcome.rows_changed == 2
    day = date(2021, 12, 7)
    assert stored() == [
        ["V1", day, "Tuần cao điểm", "passed", True, True, 40, 31, "mã dán ở cửa"],
        ["V1", day, None, "passed", None, None, None, None, None],
    ]


SPELLINGS = [
    ("ĐẠT", "passed"),
    ("Nhắc  nhở", "reminded"),
    ("đề nghị tạm dừng", "suspend"),
    ("Tạm dừng", "suspend"),
    ("De nghi xu phat", "sanction"),
    ("sanction", "sanction"),
]


def test_outcomes_are_known_in_many_spellings(town, load, stored):
    assert told(load(*({"outcome": typed, "campaign": typed} for typed, _ in SPELLINGS))) == []
    assert {row[2]: row[3] for row in stored()} == dict(SPELLINGS)


REFUSED = [
    ({"venue_code": ""}, "venue_code", "missing"),
    ({"venue_code": "V99"}, "venue_code", "unknown_venue"),
    ({"inspected_on": ""}, "inspected_on", "missing"),
    ({"inspected_on": "31/11/2021"}, "inspected_on", "not_a_date"),
    ({"inspected_on": "07/12/2019"}, "inspected_on", "early_date"),
    ({"inspected_on": "2099-01-01"}, "inspected_on", "future_date"),
    ({"outcome": ""}, "outcome", "unknown_outcome"),
    ({"outcome": "không đạt"}, "outcome", "unknown_outcome"),
    ({"posted": "chưa rõ"}, "posted", "not_a_flag"),
    ({"supervisor": "2"}, "supervisor", "not_a_flag"),
    ({"head_count": "đông"}, "head_count", "not_a_count"),
    ({"scanned": "-1"}, "scanned", "not_a_count"),
    ({"scanned": "41"}, "scanned", "scanned_above_head_count"),
]


def test_an_inspection_that_cannot_be_true_is_refused(town, load, stored):
    outcome = load(*(row | {"campaign": f"{place}"} for place, (row, _, _) in enumerate(REFUSED)), {})
    assert told(outcome) == [[2 + place, column, rule, True] for place, (_, column, rule) in enumerate(REFUSED)]
    assert (outcome.rows_in, outcome.rows_loaded, outcome.rows_refused) == (len(REFUSED) + 1, 1, len(REFUSED))
    assert [row[2] for row in stored()] == ["Tuần cao điểm"]


def test_of_a_column_with_the_month_first_no_day_is_guessed(town, load):
    outcome = load({"inspected_on": "11/28/2021"}, {"inspected_on": "11/12/2021"})
    assert told(outcome) == [[2, "inspected_on", "not_a_date", True], [3, "inspected_on", "month_first", True]]


def test_a_venue_is_inspected_once_a_day_in_each_campaign(town, load, stored):
    other, none = {"campaign": "Thường xuyên"}, {"campaign": ""}
    outcome = load({}, {"outcome": "nhắc nhở"}, other, none, none, {"venue_code": "V2"}, {"inspected_on": "2021-12-08"})
    assert told(outcome) == [[3, "inspected_on", "duplicate", True], [6, "inspected_on", "duplicate", True]]
    assert len(stored()) == 5 and {row[3] for row in stored()} == {"passed"}


def test_the_same_inspections_again_are_no_others(town, load, stored):
    load({}, {"campaign": ""})
    before = stored()
    outcome = load({"campaign": ""}, {})
    assert (outcome.rows_loaded, outcome.rows_changed) == (2, 0)
    assert stored() == before
    assert load({"outcome": "nhắc nhở"}).rows_changed == 1
    assert sorted(row[3] for row in stored()) == ["passed", "reminded"]


@pytest.mark.parametrize(
    ("header", "counts"),
    [
        (["venue_code", "inspected_on", "campaign", "outcome"], [40, 31]),
        (["venue_code", "inspected_on", "campaign", "outcome", "head_count"], [20, None]),
        (["venue_code", "inspected_on", "campaign", "outcome", "scanned"], [None, 20]),
    ],
)
def test_what_a_later_file_does_not_tell_stays_and_the_two_counts_are_one(town, load, stored, header, counts):
    load({})
    assert load({"outcome": "tạm dừng", "head_count": "20", "scanned": "20"}, header=header).rows_changed == 1
    ((*_, outcome, posted, supervised, head_count, scanned, note),) = stored()
    assert (outcome, posted, supervised, note) == ("suspend", True, True, "mã dán ở cửa")
    assert [head_count, scanned] == counts


def test_minutes_are_kept_and_other_than_ordered_is_said(town, load, read_rows):
    outcome = load({"minutes": "30"}, {"venue_code": "V2", "minutes": "20"}, {"campaign": "a", "minutes": "1441"}, {"campaign": "b", "minutes": "0"})
    assert told(outcome) == [
        [3, "minutes", "other_minutes", False], [4, "minutes", "not_a_count", True], [5, "minutes", "not_a_count", True]
    ]  # fmt: skip
    assert sorted(read_rows("SELECT minutes FROM inspection")["minutes"]) == [20, 30]


def test_rows_of_a_worklist_that_nobody_filled_in_are_left_out(town, load, stored):
    blank = dict.fromkeys(HEADER, "") | {"venue_code": "V2", "campaign": "Tuần cao điểm"}
    outcome = load({}, blank, blank | {"note": "đóng cửa"})
    assert (outcome.rows_in, outcome.rows_loaded, outcome.rows_refused) == (2, 1, 1), "a note alone is no result, and is not passed over"
    assert outcome.notes == ("Bỏ 1 dòng chưa ghi kết quả kiểm tra",)
    assert load(blank).rows_in == 0 and len(stored()) == 1
