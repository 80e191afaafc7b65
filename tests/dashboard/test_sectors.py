"""Theo ngành, run as Streamlit runs it: the small province by department and by kind of venue."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.navigation import PAGES
from dashboard.text import Text
from loaders.assessments import load_assessments
from loaders.register import load_register

from .running import run

DAYS = {"from": "2021-11-26", "to": "2021-12-08"}
VI = Text("vi")


@pytest.fixture(autouse=True)
def leader(small_province, read_as):
    return read_as("leader")


def opened(**query):
    page = AppTest.from_file(PAGES["sectors"].file, default_timeout=60)
    for name, text in query.items():
        page.query_params[name] = text
    return run(page)


def html(page):
    return " ".join(element.proto.body for element in page.get("html")).replace("\u00a0", " ")


def rows(page):
    table = page.dataframe[0].value.map(lambda cell: str(cell).replace("\u00a0", " "))
    return {row["name"]: row for _, row in table.iterrows()}


def test_kinds_of_venue_have_their_rates_and_the_lowest_comes_first():
    page = opened(unit="42", **DAYS)
    page.segmented_control(key="by").set_value("kind")
    found = rows(run(page))
    # Two offices, one of them scanned; five shops, one of them; a café that was, a vehicle and a market that were not
    assert (found["Trụ sở làm việc"]["activity_rate"], found["Trụ sở làm việc"]["created"]) == ("50,0 %", "2")
    assert found["Cơ sở sản xuất, kinh doanh"]["activity_rate"] == "20,0 %"
    assert found["Quán cà phê"]["activity_rate"] == "100,0 %"
    assert [row["activity_rate"] for row in found.values()] == ["0,0 %", "0,0 %", "20,0 %", "50,0 %", "100,0 %"]


def test_departments_add_up_to_the_unit():
    found = rows(opened(unit="42", **DAYS))
    assert sum(int(row["created"]) for row in found.values()) == 10
    assert found["Sở Giao thông vận tải"]["created"] == "1"  # the vehicle


def test_the_rate_is_chosen_as_on_the_map_and_is_in_the_address():
    page = opened(unit="42", **DAYS)
    page.segmented_control(key="indicator").set_value("cohort_rate")
    run(page)
    asked = page.query_params["indicator"]
    assert (asked if isinstance(asked, str) else asked[-1]) == "cohort_rate"
    assert list(page.dataframe[0].value)[1] == "cohort_rate"


def test_english_names_and_no_venues_at_all():
    assert "Department of Transport" in rows(opened(unit="42", lang="en", **DAYS))
    page = opened(unit="42", **{"from": "2021-10-01", "to": "2021-10-02"})
    assert [notice.value for notice in page.info] == ["Chưa có địa điểm nào trong thời gian này."]


def test_agencies_that_assessed_themselves_are_shown_and_those_that_did_not(tmp_path):
    before = opened(unit="42", **DAYS)
    assert VI("assess.title") not in html(before)
    (tmp_path / "register.csv").write_text("organisation,commune_code,obligation_group\nKho bạc <b>,18229,A\nUBND phường,18754,A\n", encoding="utf-8")
    (tmp_path / "told.csv").write_text("organisation,commune_code,assessed_on,points,supervisors,system,entrants,scanned\n"
                                       "Kho bạc <b>,18229,2021-12-07,3,4,Thiết bị,200,150\n", encoding="utf-8")  # fmt: skip
    load_register(tmp_path / "register.csv")
    load_assessments(tmp_path / "told.csv")
    shown = html(opened(unit="42", **DAYS))
    assert "1 đã trả lời / 2 cơ quan" in shown and "150 được quét / 200 ra vào" in shown and "75,0 %" in shown
    assert shown.index("<td>UBND phường<small>Phường Kỳ Trinh, Thị xã Kỳ Anh</small></td><td>chưa trả lời</td>") < shown.index("Kho bạc &lt;b&gt;<small>")
    assert "<b>,1" not in shown and "4 người giám sát" in shown
    assert "<td>Huyện Đức Thọ</td><td>100,0 %<small>1/1</small></td>" in shown
    assert "UBND phường" not in html(opened(unit="440", **DAYS))
    assert VI("assess.title") not in html(opened(unit="42", group="C", **DAYS)), "of agencies, which are no group C"
