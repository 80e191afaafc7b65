"""What a row of venues must say, what is refused, what is kept and flagged; the rules are those of the indicators."""

import csv
import itertools
import unicodedata
from datetime import date

import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo import db
from geo.errors import FileError
from loaders.boundaries import load_boundaries
from loaders.venues import load_venues

HEADER = "venue_code,name,kind,commune,district,created_on,lon,lat,closed_on,solution,province,commune_code"
GOOD = {
    "venue_code": "V1", "name": "Quán Hoa", "kind": "Quán cà phê", "commune": "Xã Quang Vĩnh", "district": "Huyện Đức Thọ",
    "created_on": "2021-11-26",
}  # fmt: skip


@pytest.fixture
def load(write_csv):
    """A function that loads rows, each a dictionary of what differs from GOOD."""

    def run(*rows):
        lines = [",".join(f'"{(GOOD | row).get(column, "")}"' for column in HEADER.split(",")) for row in rows]
        return load_venues(write_csv("\n".join([HEADER, *lines]) + "\n"))

    return run


def told(outcome):
    return outcome.findings[["row", "column", "rule", "refused"]].values.tolist()


def stored(columns):
    with db.engine().connect() as connection:
        return [
            dict(row) for row in connection.execute(sa.text(f"SELECT {columns} FROM venue ORDER BY code")).mappings()
        ]


def test_a_good_row_is_stored_as_it_says(units, load):
    outcome = load({"lon": "105.65", "lat": "18.55", "closed_on": "08/12/2021", "solution": "Thiết bị"})
    assert (outcome.rows_in, outcome.rows_loaded, outcome.rows_refused, outcome.rows_changed) == (1, 1, 0, 1)
    assert told(outcome) == []
    wanted = "code, name, kind, organisation, commune_code, located_by, address, ST_AsText(point) AS point, outside_commune, created_on, closed_on, solution"
    assert stored(wanted) == [{
        "code": "V1", "name": "Quán Hoa", "kind": "cafe", "organisation": None, "commune_code": "18235", "located_by": "name",
        "address": None, "point": "POINT(105.65 18.55)", "outside_commune": False, "created_on": date(2021, 11, 26),
        "closed_on": date(2021, 12, 8), "solution": "device",
    }]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        ({"venue_code": ""}, "venue_code", "missing"),
        ({"venue_code": "1.23457E+18"}, "venue_code", "bad_venue_code"),
        ({"venue_code": "1,23e+15"}, "venue_code", "bad_venue_code"),
        ({"venue_code": "x" * 101}, "venue_code", "bad_venue_code"),
        ({"name": " "}, "name", "missing"),
        ({"commune": ""}, "commune", "missing"),
        ({"commune": "Xã Không Có"}, "commune", "unknown_commune"),
        ({"commune": "Kỳ Trinh"}, "commune", "unknown_commune"),
        ({"district": ""}, "district", "missing"),
        ({"district": "Huyện Không Có"}, "district", "unknown_district"),
        ({"province": "Tỉnh Không Có"}, "province", "unknown_province"),
        ({"province": "Thừa Thiên Huế"}, "district", "unknown_district"),
        ({"created_on": ""}, "created_on", "missing"),
        ({"created_on": "31/02/2021"}, "created_on", "not_a_date"),
        ({"created_on": "2021-02-29"}, "created_on", "not_a_date"),
        ({"created_on": "11/26/2021"}, "created_on", "not_a_date"),
        ({"created_on": "today"}, "created_on", "not_a_date"),
        ({"created_on": "２６/11/2021"}, "created_on", "not_a_date"),
        ({"created_on": "26/11/0021"}, "created_on", "not_a_date"),
        ({"created_on": "1900-01-01"}, "created_on", "early_date"),
        ({"created_on": "9999-12-31"}, "created_on", "future_date"),
        ({"closed_on": "31/02/2021"}, "closed_on", "not_a_date"),
        ({"closed_on": "25/11/2021"}, "closed_on", "closed_before_creation"),
        ({"solution": "giấy"}, "solution", "unknown_solution"),
        ({"commune_code": "99999"}, "commune_code", "unknown_code"),
        ({"commune_code": "440"}, "commune_code", "unknown_code"),
        ({"commune_code": "１８２３５"}, "commune_code", "unknown_code"),
    ],
)
def test_a_row_is_refused_when_what_or_where_it_is_cannot_be_known(units, load, row, column, rule):
    outcome = load({"venue_code": "V0"}, row)
    assert told(outcome) == [[3, column, rule, True]]
    assert (outcome.rows_in, outcome.rows_loaded, outcome.rows_refused) == (2, 1, 1)
    assert [each["code"] for each in stored("code")] == ["V0"]


def test_a_day_after_today_is_refused_and_today_is_not(units, load, monkeypatch):
    monkeypatch.setattr("loaders.checking.today", lambda: date(2021, 12, 8))
    outcome = load({"created_on": "2021-12-08"}, {"venue_code": "V2", "created_on": "2021-12-09"})
    assert told(outcome) == [[3, "created_on", "future_date", True]]


@pytest.mark.parametrize("text", ["2021-11-26", "26/11/2021", "26-11-21", "26.11.2021", "44526", "2021-11-26T08:30:00"])
def test_days_are_written_in_many_forms(units, load, text):
    load({"created_on": text})
    assert stored("created_on") == [{"created_on": date(2021, 11, 26)}]
    load({"created_on": "1/2/2021"})
    assert stored("created_on") == [{"created_on": date(2021, 2, 1)}]


def test_a_code_already_seen_in_the_file_is_refused_even_if_the_first_was(units, load):
    outcome = load({}, {"name": "Khác"}, {"venue_code": "V2", "name": ""}, {"venue_code": "V2"})
    assert told(outcome) == [
        [3, "venue_code", "duplicate", True], [4, "name", "missing", True], [5, "venue_code", "duplicate", True],
    ]  # fmt: skip
    assert [each["name"] for each in stored("name")] == ["Quán Hoa"]


@pytest.mark.parametrize(
    ("typed", "code"),
    [("Quán cà phê", "cafe"), ("QUAN CA PHE", "cafe"), ("cafe", "cafe"), ("Café", "cafe"), ("Khác", "other")],
)
def test_kinds_are_known_by_code_and_by_name(units, load, typed, code):
    assert told(load({"kind": typed})) == []
    assert stored("kind") == [{"kind": code}]


@pytest.mark.parametrize("typed", ["Tiệm vàng", ""])
def test_an_unknown_kind_becomes_other_with_a_warning(units, load, typed):
    assert told(load({"kind": typed})) == [[2, "kind", "unknown_kind", False]]
    assert stored("kind") == [{"kind": "other"}]


@pytest.mark.parametrize(
    ("lon", "lat", "rules", "point", "outside"),
    [
        ("", "", [], None, False),
        ("105.65", "18.55", [], "POINT(105.65 18.55)", False),
        ("105.65", "", ["half_point"], None, False),
        ("", "18.55", ["half_point"], None, False),
        ("0", "0", ["null_island"], None, False),
        ("0.0", "-0", ["null_island"], None, False),
        ("18.55", "105.65", ["swapped_point"], "POINT(105.65 18.55)", False),
        # swapped, but then in another commune: no proof, and as it stands it is outside the country
        ("18.55", "105.55", ["outside_country"], None, False),
        ("2.35", "48.85", ["outside_country"], None, False),
        ("inf", "18.55", ["not_a_number", "half_point"], None, False),
        ("1e400", "-1e400", ["not_a_number", "not_a_number"], None, False),
        ("105.55", "18.55", ["outside_commune"], "POINT(105.55 18.55)", True),
        ("105,65", "18,55", [], "POINT(105.65 18.55)", False),
        ("nan", "nan", ["not_a_number", "not_a_number"], None, False),
    ],
)
def test_a_bad_point_costs_the_point_and_never_the_venue(units, load, lon, lat, rules, point, outside):
    outcome = load({"lon": lon, "lat": lat})
    assert outcome.findings["rule"].tolist() == rules and not outcome.findings["refused"].any()
    assert (outcome.rows_loaded, outcome.warnings) == (1, len(rules))
    assert stored("ST_AsText(point) AS point, outside_commune") == [{"point": point, "outside_commune": outside}]


def test_of_a_refused_row_no_warning_is_told(units, load):
    outcome = load({"name": "", "lon": "0", "lat": "0", "kind": "?"})
    assert told(outcome) == [[2, "name", "missing", True]]
    assert outcome.warnings == 0


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert('x')</script> & <b>", "'); DROP TABLE venue; --", "%(name)s :name {0} $1 \\N \\.", "a\n\\.\nb",
        "NULL", "nan", "=1+1", unicodedata.normalize("NFD", "Quán Đức"), "\t tab, \u00a0blank",
    ],
)  # fmt: skip
def test_names_are_kept_as_they_are(units, load, name):
    outcome = load({"name": name, "venue_code": name.replace("\n", "")})
    assert told(outcome) == []
    assert stored("name, code") == [{"name": name.strip(), "code": name.replace("\n", "").strip()}]


def test_a_code_says_where_without_names(units, load):
    assert told(load({"commune_code": "18235", "commune": "", "district": ""})) == []
    assert stored("commune_code, located_by") == [{"commune_code": "18235", "located_by": "code"}]


@pytest.mark.parametrize(
    ("row", "agrees"),
    [
        ({}, True),
        ({"commune": "QUANG VĨNH", "district": "", "province": "Hà Tĩnh"}, True),
        ({"commune": "Hòa Lạc"}, False),
        ({"district": "Thị xã Kỳ Anh"}, False),
        ({"province": "Thừa Thiên Huế"}, False),
    ],
)
def test_names_beside_a_code_must_be_its_own(units, load, row, agrees):
    outcome = load({"commune_code": "18235"} | row)
    assert told(outcome) == ([] if agrees else [[2, "commune_code", "code_and_name_differ", True]])
    if not agrees:
        assert outcome.findings["remedy"].tolist() == ["có phải: Xã Quang Vĩnh, Huyện Đức Thọ, Tỉnh Hà Tĩnh"]


def test_the_nearest_name_is_suggested_and_not_taken(units, load):
    outcome = load({"commune": "Xã Quang Vịnh"})
    assert told(outcome) == [[2, "commune", "unknown_commune", True]]
    assert outcome.findings["remedy"].tolist() == ["có phải: Xã Quang Vĩnh"]


@pytest.fixture
def twins(empty, write_units):
    """Kỳ Anh twice in one district, as a commune and as a town, and a commune of that name in another district."""
    place = ("42", "Tỉnh Hà Tĩnh")
    communes = [
        ("18001", "Xã Kỳ Anh", "447", "Huyện Một", *place, shapely.box(105, 18, 105.1, 18.1)),
        ("18002", "Thị trấn Kỳ Anh", "447", "Huyện Một", *place, shapely.box(105.1, 18, 105.2, 18.1)),
        ("18003", "Xã Kỳ Anh", "448", "Huyện Hai", *place, shapely.box(105.2, 18, 105.3, 18.1)),
    ]
    return load_boundaries(write_units(communes), date(2021, 11, 1))


def test_two_communes_of_one_name_are_never_guessed_between(twins, load):
    outcome = load({"commune": "Kỳ Anh", "district": "Huyện Một"})
    assert told(outcome) == [[2, "commune", "ambiguous_name", True]]
    assert outcome.findings["remedy"].tolist() == ["có phải: Thị trấn Kỳ Anh, Xã Kỳ Anh"]
    load(
        {"venue_code": "1", "commune": "X. Kỳ Anh", "district": "Huyện Một"},
        {"venue_code": "2", "commune": "TT Kỳ Anh", "district": "Một"},
        {"venue_code": "3", "commune": "Kỳ Anh", "district": "Huyện Hai"},
    )
    assert [each["commune_code"] for each in stored("commune_code")] == ["18001", "18002", "18003"]


def test_since_2025_communes_stand_right_under_their_province(empty, write_units, load):
    box = shapely.box(105, 18, 105.1, 18.1)
    load_boundaries(write_units([("18229", "Xã Đức Thọ", None, None, "42", "Tỉnh Hà Tĩnh", box)]), date(2025, 7, 1))
    assert told(load({"commune": "Đức Thọ", "district": "", "created_on": "2025-07-02"})) == []
    # a district that is no more is not passed over, nor taken for the commune of that name
    outcome = load({"commune": "Đức Thọ", "district": "Đức Thọ", "created_on": "2025-07-02"})
    assert told(outcome) == [[2, "district", "unknown_district", True]]


def test_names_are_those_in_force_on_the_day_of_creation(units, write_units, load):
    box = shapely.box(105.6, 18.5, 105.7, 18.6)
    later = [("18235", "Xã Mới", "440", "Huyện Đức Thọ", "42", "Tỉnh Hà Tĩnh", box)]
    load_boundaries(write_units(later), date(2022, 1, 1))
    new = {"commune": "Xã Mới", "created_on": "2022-01-01"}
    outcome = load(
        {"venue_code": "before", "created_on": "2021-10-01"}, {"venue_code": "old", "created_on": "2021-12-31"},
        new | {"venue_code": "new"}, new | {"venue_code": "early", "created_on": "2021-12-31"}, {"venue_code": "late", "created_on": "2022-01-01"},
    )  # fmt: skip
    assert told(outcome) == [[5, "commune", "unknown_commune", True], [6, "commune", "unknown_commune", True]]
    assert stored("code, vintage") == [
        {"code": "before", "vintage": 1}, {"code": "new", "vintage": 2}, {"code": "old", "vintage": 1},
    ]  # fmt: skip


def test_a_file_must_say_where(units, write_csv):
    with pytest.raises(FileError, match=r"thiếu cột chỉ nơi chốn; cần commune_code \(Mã xã\)"):
        load_venues(write_csv("venue_code,name,kind,commune,created_on\n1,2,3,4,2021-11-26\n"))


def test_a_file_of_a_header_alone_loads_nothing(units, write_csv):
    outcome = load_venues(write_csv(HEADER + "\n"))
    assert (outcome.rows_in, outcome.rows_loaded, outcome.rows_refused, outcome.rows_changed) == (0, 0, 0, 0)


DAMAGE = st.sampled_from([
    "", "0", "V1", "inf", "-1", "105.65", "18.55", "31/02/2021", "2021-11-26", "today", "18235", "440", "Kỳ Anh", "Hà Tĩnh",
    "<b>", "１", "\u00a0", "1E+20", "9" * 400, "\\.", '"', "\n", "'; --", "Huyện Đức Thọ", "1e-400", "poster",
])  # fmt: skip
CELLS = st.one_of(DAMAGE, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8))
ROWS = st.lists(
    st.dictionaries(st.sampled_from(HEADER.split(",")), CELLS, max_size=3).map(
        lambda damage: GOOD | {"lon": "105.65", "lat": "18.55"} | damage
    ),
    max_size=12,
)


EXAMPLES = itertools.count()


@settings(max_examples=75, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(ROWS)
def test_rows_in_are_rows_loaded_and_rows_refused(units, tmp_path, rows):
    titles = [*HEADER.split(","), f"lần {next(EXAMPLES)}"]  # no two files alike, or the second would not be read
    with open(tmp_path / "damaged.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, titles)
        writer.writeheader()
        writer.writerows(rows)
    outcome = load_venues(tmp_path / "damaged.csv")
    refused = outcome.findings.loc[outcome.findings["refused"].astype(bool), "row"].nunique()
    assert outcome.rows_in == len(rows) == outcome.rows_loaded + outcome.rows_refused
    assert outcome.rows_refused == refused
    assert load_venues(tmp_path / "damaged.csv").rows_changed == 0


def test_a_venue_is_not_redated_behind_a_closing_that_stays(units, write_csv):
    rows = "V1,A,cafe,18229,2021-11-20{}\nV2,B,cafe,18229,2021-11-20\n"
    load_venues(write_csv("venue_code,name,kind,commune_code,created_on,closed_on\n" + rows.format(",2021-12-01")))
    brief = "venue_code,name,kind,commune_code,created_on\n" + rows.format("").replace("11-20", "12-20")
    assert told(load_venues(write_csv(brief))) == [[2, "created_on", "closed_before_creation", True]]
    assert stored("created_on, closed_on") == [
        {"created_on": date(2021, 11, 20), "closed_on": date(2021, 12, 1)}, {"created_on": date(2021, 12, 20), "closed_on": None},
    ]  # fmt: skip


def test_what_a_later_file_does_not_tell_stays(units, write_csv, read_rows):
    whole = "venue_code,name,kind,commune_code,created_on,organisation,address,lon,lat,closed_on,solution\n"
    load_venues(write_csv(whole + "V1,A,cafe,18229,2021-11-20,Sở Y tế,Số 1,105.55,18.55,2021-12-01,device\n"))
    before = read_rows("venue").to_dict("records")[0]
    brief = "venue_code,name,kind,commune_code,created_on\n"
    assert load_venues(write_csv(brief + "V1,A,cafe,18229,2021-11-20\n")).rows_changed == 0
    load_venues(write_csv(brief + "V1,B,cafe,18235,2021-11-20\n"))
    after = read_rows("venue").to_dict("records")[0]
    moved = {"name": "B", "commune_code": "18235", "unit": after["unit"], "outside_commune": True}
    assert after == before | moved and after["unit"] != before["unit"]
    load_venues(write_csv(whole + "V1,B,cafe,18235,2021-11-20,,,,,,\n"))
    emptied = read_rows("venue").to_dict("records")[0]
    assert (emptied["organisation"], emptied["point"], emptied["solution"]) == (None, None, "poster")
