"""A newer export of days that are known: what it replaces, takes back or leaves, and what is on record of it."""

from datetime import date, timedelta

import pytest

from loaders.load_cli import describe
from loaders.register import load_register
from loaders.scans import load_scans
from loaders.venues import load_venues

HEADER = ["venue_code", "day", "scans", "people"]
FIRST = date(2021, 12, 10)
STORED = "SELECT v.code, s.day, s.scans, s.people FROM scan_day s JOIN venue v ON v.id = s.venue_id"
RESTATED = "SELECT commune_code, day, measure, before, after FROM restatement WHERE load_run = {}"


def export(**changes):
    """Records of V1 to V4 (one commune) over five days, 20 in all; changes: V1_0 = (scans, people), or None for no row."""
    figures = {f"V{venue}_{day}": (10, 8) for venue in range(1, 5) for day in range(5)} | changes
    return [
        {"venue_code": venue, "day": FIRST + timedelta(int(day)), "scans": counts[0], "people": counts[1]}
        for (venue, day), counts in ((name.split("_"), counts) for name, counts in figures.items())
        if counts
    ]


@pytest.fixture
def load(town, write_records):
    """A function that loads records as the command does: at most 5 % of a file may be refused."""
    return lambda records, max_refused=0.05, **options: load_scans(
        write_records(HEADER, *records, **options), max_refused=max_refused
    )


@pytest.fixture
def stored(read_rows):
    return lambda: {
        f"{row.code}_{(row.day - FIRST).days}": (row.scans, row.people) for row in read_rows(STORED).itertuples()
    }


@pytest.fixture
def restated(read_rows):
    return lambda outcome: {
        (row.commune_code, row.day, row.measure): (row.before, row.after)
        for row in read_rows(RESTATED.format(outcome.run)).itertuples()
    }


def test_a_newer_export_replaces_its_days_and_the_difference_is_on_record(load, stored, restated):
    assert restated(load(export())) == {}
    outcome = load(export(V1_0=(30, 9), V2_0=(0, 0), V3_1=(9, 8)))
    assert (outcome.rows_changed, outcome.rows_taken_back, outcome.rows_kept) == (3, 0, 0)
    assert stored()["V1_0"] == (30, 9) and stored()["V2_0"] == (0, 0) and len(stored()) == 20
    assert restated(outcome) == {
        ("18229", FIRST, "active"): (4, 3),
        ("18229", FIRST, "scans"): (40, 50),
        ("18229", FIRST, "people"): (32, 25),
        ("18229", FIRST + timedelta(1), "scans"): (40, 39),
    }
    assert outcome.restated.values.tolist() == [["active", 1, 4, 3], ["people", 1, 32, 25], ["scans", 2, 80, 89]]
    assert "Số đã biết thay đổi: lượt quét 80 → 89 (2 số)" in list(describe(outcome))


def test_what_an_evidently_newer_export_no_longer_holds_is_taken_back(load, stored, restated, read_rows):
    load(export())
    outcome = load(export(V4_2=None))
    assert (outcome.rows_changed, outcome.rows_taken_back, outcome.rows_kept) == (0, 1, 0)
    assert "V4_2" not in stored() and len(stored()) == 19
    assert restated(outcome) == {
        ("18229", FIRST + timedelta(2), measure): counts
        for measure, counts in {"active": (4, 3), "scans": (40, 30), "people": (32, 24)}.items()
    }
    logged = read_rows(f"SELECT rows_taken_back FROM load_run WHERE id = {outcome.run}")
    assert logged["rows_taken_back"].tolist() == [1]
    assert "1 dòng nạp trước không còn trong tệp mới: đã bỏ" in list(describe(outcome))


def test_a_part_of_the_rows_takes_nothing_back(load, stored, restated):
    load(export())
    outcome = load(export(V4_2=None, V4_3=None, V1_0=(11, 8)))
    assert (outcome.rows_changed, outcome.rows_taken_back, outcome.rows_kept) == (1, 0, 2)
    assert stored() == {"V1_0": (11, 8)} | {name: (10, 8) for name in stored() if name != "V1_0"}
    assert list(restated(outcome).values()) == [(40, 41)]
    assert "2 dòng nạp trước không có trong tệp: vẫn giữ" in list(describe(outcome))
    assert load(export(V4_2=None, V4_3=None, V1_0=(11, 8)), max_refused=0.1, name="again.csv").same_as == outcome.run
    looser = load(export(V4_2=None, V4_3=None, V1_0=(11, 7)), max_refused=0.1)
    assert (looser.rows_taken_back, looser.rows_kept) == (2, 0)


def test_a_row_that_the_newer_export_names_wrongly_stays_as_it_was(load, stored, restated):
    load(export())
    outcome = load(export(V1_0=(5, 9)))
    assert (outcome.rows_refused, outcome.rows_taken_back, outcome.rows_kept) == (1, 0, 0)
    assert stored()["V1_0"] == (10, 8) and restated(outcome) == {}


def test_other_days_and_other_communes_are_left_alone(load, stored, restated):
    load(export() + [{"venue_code": "V5", "day": FIRST, "scans": 3, "people": 3}])
    newer = [row for row in export(V1_0=(11, 8), V4_0=None) if row["day"] == FIRST]
    assert load(newer, max_refused=0.4).rows_taken_back == 1
    assert stored() == {name: (10, 8) for name in stored()} | {"V1_0": (11, 8), "V5_0": (3, 3)}
    assert len(stored()) == 20


def test_days_and_venues_that_were_not_known_are_no_restatement(load, stored, restated):
    load(export(V4_0=None))
    outcome = load(
        [
            {"venue_code": "V5", "day": FIRST, "scans": 3, "people": 3},
            {"venue_code": "V1", "day": "2022-01-01", "scans": 3, "people": 3},
            {"venue_code": "V1", "day": "2021-12-31", "scans": 3, "people": 3},
        ]
    )
    assert (outcome.rows_changed, restated(outcome)) == (3, {})
    # a venue more on a known day of a known commune is one
    assert restated(load([{"venue_code": "V4", "day": FIRST, "scans": 3, "people": 3}])) == {
        ("18229", FIRST, measure): counts
        for measure, counts in {"active": (3, 4), "scans": (30, 33), "people": (24, 27)}.items()
    }


def test_the_same_file_again_is_told_and_restates_nothing(load, stored, read_rows):
    first = load(export())
    before = stored()
    again = load(export(), name="another name.csv")
    assert (again.same_as, again.run, again.rows_in, again.rows_changed) == (first.run, None, 20, 0)
    assert list(describe(again)) == [
        f"another name.csv: chính tệp này đã nạp (lần nạp {first.run}); không có gì thay đổi"
    ]
    assert stored() == before and len(read_rows("SELECT id FROM load_run WHERE kind = 'scans'")) == 1


def test_the_older_file_loaded_after_the_newer_one_says_what_it_undoes(load, stored, restated):
    load(export())
    before = stored()
    there = restated(load(export(V1_0=(30, 9), V4_2=None)))
    outcome = load(export())
    assert outcome.same_as is None and outcome.rows_changed == 2
    assert stored() == before
    assert restated(outcome) == {figure: (after, before) for figure, (before, after) in there.items()}
    # and then that file is the one that is known
    assert load(export()).same_as == outcome.run


def test_a_file_is_read_anew_once_its_venues_are_known(units, write_csv, write_records, stored):
    venue = "venue_code,name,kind,commune_code,created_on\n{},a,cafe,18229,2021-11-26\n"
    load_venues(write_csv(venue.format("V1"), "first.csv"))
    scans = write_records(HEADER, *(row for row in export() if row["venue_code"] in ("V1", "V2")))
    assert (load_scans(scans).rows_refused, len(stored())) == (5, 5)
    assert load_scans(scans).same_as is not None
    load_venues(write_csv(venue.format("V2"), "second.csv"))
    outcome = load_scans(scans)
    assert (outcome.same_as, outcome.rows_refused, outcome.rows_changed) == (None, 0, 5)
    assert len(stored()) == 10


def test_a_venue_that_moves_or_is_redated_changes_the_count_of_both(units, small_files, write_csv, restated):
    load_venues(small_files["venues"])
    text = small_files["venues"].read_text(encoding="utf-8")
    moved = text.replace("Quán cà phê,ĐỨC THỌ,Đức Thọ", "Quán cà phê,Quang Vĩnh,Đức Thọ")
    outcome = load_venues(write_csv(moved.replace("28/11/2021", "29/11/2021").replace("Trụ sở,", "Tòa nhà,")))
    assert outcome.rows_changed == 3
    assert restated(outcome) == {
        ("18229", date(2021, 11, 26), "venues"): (1, 0), ("18235", date(2021, 11, 26), "venues"): (1, 2),
        ("18754", date(2021, 11, 28), "venues"): (1, 0), ("18754", date(2021, 11, 29), "venues"): (0, 1),
    }  # fmt: skip


def test_a_newer_register_changes_the_count_of_its_communes(town, small_files, write_csv, restated):
    load_register(small_files["register"])
    outcome = load_register(write_csv("commune_code,obligation_group,obliged\n18229,A,5\n18235,C,4\n18280,A,7\n"))
    assert outcome.rows_changed == 2
    assert restated(outcome) == {("18229", None, "obliged"): (4, 7), ("18280", None, "obliged"): (0, 7)}
