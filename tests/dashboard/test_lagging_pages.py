"""Tổng quan and Xã chậm, run as Streamlit runs them, with three report weeks of scans."""

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.navigation import PAGES
from dashboard.text import Text
from geo import db
from geo.campaign import add_campaign
from geo.offices import remove_solution, set_solution
from loaders.staff import load_staff

from .running import run

DAYS = {"from": "2021-11-26", "to": "2021-12-08"}


@pytest.fixture(autouse=True)
def leader(three_weeks, read_as):
    return read_as("leader")


def opened(path, **query):
    page = AppTest.from_file(PAGES[path].file, default_timeout=60)
    for name, text in query.items():
        page.query_params[name] = text
    return run(page)


def html(page):
    bodies = (element.proto.body for element in page.get("html"))
    return " ".join(body for body in bodies if not body.startswith(("<style", "<script"))).replace("\u00a0", " ")


def charts(page):
    return page.get("arrow_vega_lite_chart") + page.get("vega_lite_chart")


def test_the_overview_says_what_changed_and_who_lags_and_why():
    page = opened("overview", unit="440", **DAYS)
    shown = html(page)
    # 20 of 49 venues active, on two days; in the 13 days before it was 40, on one
    assert "20 hoạt động / 49 đã tạo" in shown
    assert "<b>giảm 40,8 điểm %</b> Kỳ trước (13/11/2021 – 25/11/2021): 81,6 % (40/49)" in shown
    assert "<b>không đổi</b> Kỳ trước (13/11/2021 – 25/11/2021): 120" in shown
    lines = (
        "0/20 địa điểm hoạt động (0,0 %; khoảng tin cậy 0,0–16,1 %), thấp hơn mức 40,8 % của huyện Đức Thọ; tuần thứ 2 liên tiếp.",
        "9/20 địa điểm phải tạo đã có mã QR (45,0 %; khoảng tin cậy 25,8–65,8 %), thấp hơn mức 81,7 % của huyện Đức Thọ; "
        "tuần thứ 6 liên tiếp.",
        "Không có lượt quét nào trong 3 tuần báo cáo liên tiếp.",
    )
    for line in lines:
        assert line in shown
    for tally in (
        "<b>0</b> chậm cả tạo mã và hoạt động",
        "<b>1</b> chậm tạo mã",
        "<b>1</b> chậm hoạt động",
        "<b>2</b> không có lượt quét",
    ):
        assert tally in shown
    assert shown.index("Xã Hòa Lạc") < shown.index("Xã Quang Vĩnh"), "the longer without scans first"


def test_the_overview_shows_each_deadline_with_its_line():
    page = opened("overview", unit="440", **DAYS)
    assert "Cơ sở kinh doanh, dịch vụ tạo mã QR · trước ngày 16/11/2021" in html(page)
    assert "quá hạn 23 ngày" in html(page) and "49/60 địa điểm phải tạo (81,7 %)" in html(page)
    assert "14 ngày qua không tạo thêm địa điểm nào" in html(page)
    assert "1/3 xã chưa đạt 100 % tại hạn." in html(page)
    assert "chưa có danh sách phải tạo" in html(page), "group A has no register"
    assert len(charts(page)) == 3, "its line, and two by day"


def test_a_group_keeps_the_other_groups_deadlines_away():
    assert "quá hạn" in html(opened("overview", unit="440", group="C", **DAYS))
    assert "Cơ quan, đơn vị tạo mã QR" not in html(opened("overview", unit="440", group="C", **DAYS))


def test_a_window_with_none_before_it_says_so():
    page = opened("overview", unit="440", **{"from": "2021-11-18", "to": "2021-11-24"})
    assert "Kỳ trước (11/11/2021 – 17/11/2021): chưa có số liệu" in html(page)


def test_a_named_window_is_chosen_by_its_name():
    with db.loading() as connection:
        add_campaign(connection, name="<b>Đợt</b>", unit_code="42", first_day=date(2021, 12, 1), due_on=date(2021, 12, 5),
                     strict=False, target=None)  # fmt: skip
    page = opened("overview", unit="440", **DAYS)
    assert page.selectbox(key="period").value == "Đợt rà soát 26/11–08/12"
    assert "Tuần 02/12/2021 – 08/12/2021" in page.selectbox(key="period").options
    page.selectbox(key="period").set_value("<b>Đợt</b>")
    run(page)
    asked = {name: found if isinstance(found, str) else found[-1] for name, found in page.query_params.items()}
    assert (asked["from"], asked["to"]) == ("2021-12-01", "2021-12-05")
    page.date_input(key="days").set_value((date(2021, 12, 1), date(2021, 12, 4)))
    run(page)
    assert page.selectbox(key="period").value == ""


def test_the_page_of_laggards_lists_those_that_lag_with_interval_trend_and_weeks():
    page = opened("lagging", unit="440", **DAYS)
    table = page.dataframe[0].value
    assert list(table["commune"]) == ["Xã Quang Vĩnh"]
    row = table.iloc[0].map(lambda cell: cell.replace("\u00a0", " ") if isinstance(cell, str) else cell)
    assert (row["activity_rate"], row["fraction"], row["lagging.interval"]) == ("0,0 %", "0/20", "0,0–16,1 %")
    assert (row["lagging.weeks"], row["lagging.verdict"], list(row["lagging.trend"])) == (2, "chậm", [1.0, 0.0, 0.0])
    page.toggle(key="every").set_value(True)
    assert list(run(page).dataframe[0].value["commune"]) == ["Xã Quang Vĩnh", "Thị trấn Đức Thọ", "Xã Hòa Lạc"]


def test_the_question_is_chosen_and_the_funnel_drawn():
    page = opened("lagging", unit="440", **DAYS)
    assert len(charts(page)) == 1
    page.segmented_control(key="indicator").set_value("creation_rate")
    assert list(run(page).dataframe[0].value["commune"]) == ["Xã Hòa Lạc"]


def test_what_is_chosen_stands_in_the_address_and_is_read_from_it():
    page = opened("lagging", unit="42", by="district", every="1", indicator="creation_rate", **DAYS)
    assert list(page.dataframe[0].value["commune"]) == ["Thị xã Kỳ Anh", "Huyện Đức Thọ"]
    page.segmented_control(key="by").set_value("commune")
    page.toggle(key="every").set_value(False)
    run(page)
    asked = {name: found if isinstance(found, str) else found[-1] for name, found in page.query_params.items()}
    assert asked["by"] == "commune" and asked["indicator"] == "creation_rate" and "every" not in asked
    # A rate that is not asked here, and rows that another page has, are as if none was chosen
    page = opened("lagging", unit="42", by="kind", indicator="cohort_rate", **DAYS)
    assert (page.segmented_control(key="by").value, page.segmented_control(key="indicator").value) == ("commune", "activity_rate")


def test_districts_are_compared_with_the_province():
    page = opened("lagging", unit="42", **DAYS)
    page.segmented_control(key="by").set_value("district")
    table = run(page).dataframe[0].value
    assert list(table["commune"]) == ["Thị xã Kỳ Anh"]
    assert "Chỉ có 3 xã đủ để so sánh" in html(page)


def test_a_laggard_leads_to_its_own_page():
    assert 'href="/commune?unit=440&amp;from=2021-11-26&amp;to=2021-12-08' in html(opened("overview", unit="440", **DAYS))


def test_a_commune_has_its_verdict_and_its_venues_to_go_to():
    page = opened("commune", unit="440", commune="18235", **DAYS)
    shown = html(page)
    assert "<h2>Xã Quang Vĩnh</h2>" in shown and "0/20 địa điểm hoạt động (0,0 %" in shown
    # All 20 were scanned once, before the window
    assert "Việc cần làm: 0 địa điểm chưa từng quét, 20 địa điểm không quét trong thời gian này" in shown
    assert shown.count(">20/11/2021</td>") == 20 and "Quán 18235-7" in shown
    assert len(charts(page)) == 1
    page.selectbox(key="chosen_commune").set_value("18280")
    shown = html(run(page))
    assert "9 địa điểm chưa từng quét" in shown and shown.count(">chưa từng</td>") == 9
    asked = page.query_params["commune"]
    assert (asked if isinstance(asked, str) else asked[-1]) == "18280"


def test_a_commune_that_is_not_behind_says_so_and_none_chosen_asks_for_one():
    assert "Không chậm hơn mức chung" in html(opened("commune", unit="440", commune="18229", **DAYS))
    assert [notice.value for notice in opened("commune", unit="440", **DAYS).info] == ["Chọn một xã để xem."]
    page = opened("commune", unit="440", commune="18229", **{"from": "2021-10-01", "to": "2021-10-09"})
    assert "Chưa có số liệu lượt quét trong thời gian này" in page.info[0].value


@pytest.mark.parametrize("path", ["overview", "lagging"])
def test_pages_are_in_english_when_that_is_chosen(path):
    page = opened(path, unit="440", lang="en", **DAYS)
    assert f"<h1>{Text('en')(PAGES[path].title)}</h1>" in html(page)


@pytest.mark.parametrize("path", ["overview", "lagging", "commune"])
def test_a_commune_reads_its_own_verdict(path, read_as):
    read_as("commune", "18235")
    page = opened(path, **DAYS)
    shown = html(page) + " ".join(str(table.value.to_csv()) for table in page.dataframe)
    assert "Xã Quang Vĩnh" in shown and "Thị trấn Đức Thọ" not in shown and "Hòa Lạc" not in shown


def test_the_overview_shows_the_days_and_says_where_none_is_loaded():
    page = opened("overview", unit="440", **DAYS)
    assert any("địa điểm đã tạo mã có ít nhất một lượt quét trong ngày" in each.value for each in page.caption)
    page = opened("overview", unit="440", **{"from": "2021-01-01", "to": "2021-01-07"})
    assert any(each.value == "Chưa nạp lượt quét của những ngày này." for each in page.info)


def test_staff_with_the_app_is_told_where_agencies_returned_it(tmp_path):
    assert "Cài đặt ứng dụng" not in html(opened("overview", unit="440", **DAYS))
    file = tmp_path / "staff.csv"
    file.write_text(
        "organisation,commune_code,returned_on,staff,installed\nKho bạc,18229,2021-12-01,40,36\nThuế,18235,2021-12-02,10,9\n",
        encoding="utf-8",
    )
    load_staff(file)
    shown = html(opened("overview", unit="440", **DAYS))
    assert "90,0 %" in shown and "45/50 người đã cài đặt" in shown
    assert "2 cơ quan báo cáo, từ 01/12/2021 đến 02/12/2021" in shown


def test_old_posters_are_listed_where_devices_are_in_force():
    assert "Mã QR dán cũ phải gỡ" not in html(opened("overview", unit="440", **DAYS))
    with db.loading() as connection:
        set_solution(connection, "42", date(2021, 12, 6), "device", "letter", "test")
    try:
        page = opened("overview", unit="440", **DAYS)
        assert "Mã QR dán cũ phải gỡ" in html(page)
        assert any("Đến 08/12/2021 còn 49 địa điểm dùng mã QR dán." in each.value for each in page.caption)
    finally:
        with db.loading() as connection:
            remove_solution(connection, "42", date(2021, 12, 6), "test")
