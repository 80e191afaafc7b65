"""The invented province on real units: every figure against those worked out apart from this code."""

import io
import json
from datetime import date

import pytest
from docx import Document

from dashboard.report_letter import write_letter
from dashboard.text import Text
from geo import db
from geo.accounts import operator_scope
from geo.coverage import Window, read_coverage
from geo.lagging import read_lagging
from geo.weekly import read_report
from loaders.boundaries import load_boundaries
from loaders.register import load_register
from loaders.scans import load_scans
from loaders.venues import load_venues


@pytest.fixture(scope="module")
def expected(shared_data):
    return json.loads((shared_data / "ha_tinh" / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def outcomes(database, shared_data):
    files = shared_data / "ha_tinh"
    return {
        "boundaries": load_boundaries(
            shared_data / "boundaries" / "communes_2021_four_provinces.gpkg", date(2021, 11, 1)
        ),
        "register": load_register(files / "register.xlsx"),
        "venues": load_venues(files / "venues.csv"),
        "scans": load_scans(files / "scans.csv"),
    }


@pytest.fixture(scope="module")
def read(outcomes, expected):
    window = Window(*(date.fromisoformat(day) for day in expected["window"]))

    def coverage(unit, **options):
        with db.reading(operator_scope()) as connection:
            return read_coverage(connection, unit, window, **options)

    return coverage


@pytest.fixture(scope="module")
def judged(outcomes, expected):
    window = Window(*(date.fromisoformat(day) for day in expected["window"]))

    def lagging(unit):
        with db.reading(operator_scope()) as connection:
            return read_lagging(connection, unit, window)

    return lagging


def test_rows_in_and_rows_refused(outcomes, expected):
    assert {kind: outcome.rows_in for kind, outcome in outcomes.items()} == {
        "boundaries": 532, "register": expected["rows"]["register_in"], "venues": expected["rows"]["venues_in"],
        "scans": expected["rows"]["scans_in"],
    }  # fmt: skip
    assert {kind: outcome.rows_refused for kind, outcome in outcomes.items()} == {
        "boundaries": 0, "register": 0, "venues": expected["refused"]["venues"], "scans": expected["refused"]["scans"],
    }  # fmt: skip


def test_reasons_of_refusal(outcomes):
    def rules(kind):
        findings = outcomes[kind].findings
        return sorted(findings.loc[findings["refused"].astype(bool), "rule"])

    assert rules("venues") == ["duplicate", "future_date", "missing", "missing", "not_a_date", "unknown_commune"]
    assert rules("scans") == ["future_date", "not_a_count", "people_above_scans", "unknown_venue"]


def test_warnings_by_rule(outcomes, expected):
    findings = outcomes["venues"].findings
    assert findings.loc[~findings["refused"].astype(bool), "rule"].value_counts().to_dict() == {
        "outside_commune": expected["warned"]["outside_declared_commune"], "swapped_point": expected["warned"]["swapped_coordinates"],
        "null_island": expected["warned"]["null_island"], "half_point": expected["warned"]["half_a_coordinate"],
        "unknown_kind": expected["warned"]["unknown_kind"],
    }  # fmt: skip
    assert [outcomes[kind].warnings for kind in ("boundaries", "register", "scans")] == [0, 0, 0]


def test_totals_of_the_province(read, expected):
    total = read(expected["province"]).total
    assert {name: total[name] for name in expected["totals"]} == expected["totals"]


@pytest.mark.parametrize(("level", "count"), [("commune", 216), ("district", 13)])
def test_counts_of_every_unit(read, expected, level, count):
    rows = read(expected["province"], by=level).rows.set_index("code")
    wanted = {unit["code"]: unit for unit in expected[f"{level}s"]}
    assert len(rows) == len(wanted) == count
    names = ["created", "new", "active", "cohort", "obliged"]
    assert {code: rows.loc[code, names].astype(int).to_dict() for code in rows.index} == {
        code: {name: unit[name] for name in names} for code, unit in wanted.items()
    }


NAMED_BY_THE_LETTER = {
    "Quang Vĩnh", "Tùng Châu", "Trường Sơn", "Yên Hồ", "Bùi La Nhân", "Thanh Bình Thịnh", "Đức Đồng", "Đức Lạng", "Tân Hương",
}  # fmt: skip


def test_every_verdict_on_creation_and_activity(judged, expected):
    found = {code: (row["creation"], row["activity"]) for code, row in judged("42").rows.iterrows()}
    assert found == {row["code"]: (row["creation"], row["activity"]) for row in expected["communes"]}


@pytest.mark.parametrize("question", ["creation", "activity"])
def test_the_nine_communes_that_the_letter_names_lag_and_no_other(judged, question):
    district = judged("440")
    named = [district.rows.loc[code, "name"].removeprefix("Xã ") for code in district.named(question)]
    assert set(named) == NAMED_BY_THE_LETTER and len(district.rows) == 16


def test_the_weekly_letter_of_duc_tho_says_what_the_offices_own_said(outcomes, expected):
    window = Window(*(date.fromisoformat(day) for day in expected["window"]))
    with db.reading(operator_scope()) as connection:
        weekly = read_report(connection, "440", window, date(2021, 12, 9), cases=False)
    letter = Document(io.BytesIO(write_letter(weekly, {"map": None, "days": None}, None, None, Text("vi"))))
    said = [line.text for line in letter.paragraphs]
    assert any("có 1.904 địa điểm tạo mới, trong đó có 570 điểm hoạt động (đạt 29,9\u00a0%)" in line for line in said)
    (low,) = [line for line in said if line.startswith("Các xã có kết quả tạo mã và hoạt động thấp so với mức chung của huyện Đức Thọ: ")]
    assert set(low.split(": ")[1].removesuffix(".").split(", ")) == NAMED_BY_THE_LETTER
