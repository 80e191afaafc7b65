"""The page run as Streamlit runs it: figures, filters, the address, and what goes wrong told without a traceback."""

import re
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from geo import db
from loaders.boundaries import load_boundaries

from .running import run

PAGE = Path(dashboard.__file__).parent / "pages" / "coverage_map.py"
DAYS = {"from": "2021-11-26", "to": "2021-12-08"}


@pytest.fixture(autouse=True)
def leader(small_province, read_as):
    """Who sees all there is."""
    return read_as("leader")


def opened(**query):
    """The page as it stands after it was opened with an address."""
    page = AppTest.from_file(PAGE, default_timeout=30)
    for name, text in query.items():
        page.query_params[name] = text
    return run(page)


def html(page):
    bodies = (element.proto.body for element in page.get("html"))
    return " ".join(body for body in bodies if not body.startswith(("<style", "<script"))).replace("\u00a0", " ")


def notices(page):
    return [notice.value for kind in (page.error, page.warning, page.info) for notice in kind]


def address(page):
    return {name: found if isinstance(found, str) else found[-1] for name, found in page.query_params.items()}


def table(page):
    return page.dataframe[0].value


def test_the_page_opens_on_the_province_whose_venues_came_first(small_province):
    page = opened()
    assert address(page) == {
        "unit": "42",
        "indicator": "activity_rate",
        "lang": "vi",
        "from": "2021-11-27",
        "to": "2021-12-09",
    }
    assert "<h1>Bản đồ phủ QR</h1><h2>Tỉnh Hà Tĩnh</h2>" in html(page)
    assert html(page).count("<h1") == 1
    assert notices(page) == []
    assert "phuqr-banner" not in html(page), "nothing here is invented"


def test_figures_are_those_counted_by_hand(small_province):
    page = opened(unit="440", **DAYS)
    assert "<h2>Huyện Đức Thọ</h2>" in html(page)
    for figure, fraction in (("100,0 %", "8 đã tạo / 8 phải tạo"), ("33,3 %", "3 hoạt động / 9 đã tạo"),
                             ("28,6 %", "2 hoạt động / 7 tạo mới")):  # fmt: skip
        assert f'<div class="phuqr-figure">{figure}</div><div class="phuqr-fraction">{fraction}</div>' in html(page)
    assert list(table(page)["name"]) == ["Xã Quang Vĩnh", "Thị trấn Đức Thọ", "Xã Hòa Lạc"], "those behind first"
    assert list(table(page)["activity_rate"])[:2] == [0.2, 0.5]


def test_the_same_figures_travel_as_the_same_bytes(small_province):
    first, second = (opened(**DAYS).dataframe[0].proto.SerializeToString() for _ in range(2))
    assert first == second


def test_choosing_is_written_into_the_address(small_province):
    page = opened(**DAYS)
    page.selectbox(key="unit").set_value("440")
    run(page)
    page.selectbox(key="group").set_value("A")
    run(page)
    page.segmented_control(key="indicator").set_value("creation_rate")
    run(page)
    page.date_input(key="days").set_value((date(2021, 12, 1), date(2021, 12, 8)))
    run(page)
    assert address(page) == {
        "unit": "440", "from": "2021-12-01", "to": "2021-12-08", "indicator": "creation_rate", "group": "A", "lang": "vi",
    }  # fmt: skip
    assert "2 đã tạo / 2 phải tạo" in html(page)
    assert notices(page) == []


def test_another_reader_of_the_address_sees_the_same(small_province):
    first = opened(unit="440", **DAYS, group="A", indicator="creation_rate", commune="18229", lang="en")
    second = opened(**address(first))
    assert html(first) == html(second)
    assert table(first).equals(table(second))
    assert "QR coverage map" in html(second)


def test_going_to_another_address_is_followed(small_province):
    page = opened(unit="440", **DAYS)
    page.query_params["unit"] = "449"
    run(page)
    assert page.selectbox(key="unit").value == "449"
    assert "<h2>Thị xã Kỳ Anh</h2>" in html(page)


def test_a_choice_wins_over_an_address_that_is_late(small_province):
    page = opened(unit="440", **DAYS)
    late = address(page)
    page.segmented_control(key="indicator").set_value("creation_rate")
    run(page)
    page.query_params.clear()
    page.query_params.update(late)
    page.segmented_control(key="indicator").set_value("cohort_rate")
    run(page)
    assert address(page)["indicator"] == "cohort_rate"


def test_what_a_browser_says_with_an_address_of_before_changes_no_choice(small_province):
    page = opened(unit="440", **DAYS)
    late = address(page)
    page.segmented_control(key="indicator").set_value("creation_rate")
    run(page)
    page.query_params.clear()
    page.query_params.update(late)
    run(page)
    assert address(page)["indicator"] == page.segmented_control(key="indicator").value == "creation_rate"


def test_only_a_first_day_leaves_the_window_as_it_was(small_province):
    page = opened(unit="440", **DAYS)
    page.date_input(key="days").set_value((date(2021, 12, 1),))
    run(page)
    assert address(page)["from"] == "2021-11-26"
    assert "26/11/2021 – 08/12/2021 (13 ngày)" in html(page)


def test_the_other_language_keeps_what_was_chosen(small_province):
    page = opened(unit="440", **DAYS, group="C", indicator="creation_rate", commune="18235")
    page.selectbox(key="language").set_value("en")
    run(page)
    assert address(page) == {
        "unit": "440", **DAYS, "group": "C", "indicator": "creation_rate", "commune": "18235", "lang": "en",
    }  # fmt: skip
    assert "Xã Quang Vĩnh" in html(page) and "125.0%" in html(page) and "Above the register" in html(page)
    page.segmented_control(key="indicator").set_value("activity_rate")
    run(page)
    assert (address(page)["group"], notices(page)) == ("C", [])


def test_another_province_is_chosen_whole(small_province):
    page = opened(unit="440", **DAYS, commune="18235")
    page.selectbox(key="top").set_value("46")
    run(page)
    assert address(page)["unit"] == "46"
    assert "<h2>Tỉnh Thừa Thiên Huế</h2>" in html(page)
    assert page.selectbox(key="unit").options == ["Toàn tỉnh", "Thành phố Huế"]
    assert html(page).count('<div class="phuqr-figure">chưa có số liệu</div>') == 3, "its files were not loaded"


def test_a_panel_opens_from_the_address_and_closes(small_province):
    page = opened(unit="440", **DAYS, commune="18229")
    assert 'id="commune-18229"' in html(page)
    assert "2 hoạt động / 4 đã tạo" in html(page)
    page.button[0].click()
    run(page)
    assert "phuqr-panel" not in html(page)
    assert "commune" not in address(page)


def test_a_panel_is_of_a_commune_inside_the_unit(small_province):
    page = opened(unit="42", **DAYS, commune="18229")
    page.selectbox(key="unit").set_value("440")
    run(page)
    assert 'id="commune-18229"' in html(page)
    page.selectbox(key="unit").set_value("449")
    run(page)
    assert "phuqr-panel" not in html(page)
    assert (address(page)["unit"], "commune" in address(page), notices(page)) == ("449", False, [])
    elsewhere = opened(unit="449", **DAYS, commune="18229")
    assert "phuqr-panel" not in html(elsewhere)
    assert len(notices(elsewhere)) == 1


def test_a_window_without_scans_has_no_data_and_no_zero(small_province):
    page = opened(unit="42", **{"from": "2022-01-01", "to": "2022-01-07"}, commune="18229")
    assert "0,0 %" not in html(page)
    assert table(page)["activity_rate"].isna().all()
    assert page.dataframe[0].proto.placeholder == "chưa có số liệu"
    assert "Lượt quét mới có đến ngày 09/12/2021" in html(page)


@pytest.mark.parametrize(
    "query",
    [{"unit": "999"}, {"unit": "18235"}, {"commune": "<script>alert(1)</script>"}, {"from": "x", "to": "y"},
     {"from": "2021-12-08", "to": "2021-11-26"}, {"from": "0001-01-01", "to": "9999-12-31"}, {"indicator": "1"},
     {"group": "%00"}, {"lang": "<b>"}],
)  # fmt: skip
def test_an_address_of_nonsense_gives_a_notice_and_the_page(small_province, query):
    page = opened(**query)
    assert notices(page) == [
        "Có lựa chọn không hợp lệ (đơn vị, thời gian hoặc mục khác); hệ thống đã dùng giá trị mặc định."
    ]
    assert "<h2>Tỉnh Hà Tĩnh</h2>" in html(page)
    assert "alert(1)" not in html(page)
    run(page)
    assert notices(page) == [], "it is told once"


def test_the_calendar_goes_beyond_ten_years(small_province):
    page = opened(unit="42", **{"from": "2020-01-01", "to": "2050-01-01"})
    assert notices(page) == []


def test_a_database_that_is_away_is_told_and_comes_back(small_province, use_database):
    page = opened(unit="440", **DAYS, group="C", indicator="cohort_rate")
    use_database(small_province.rsplit("/", 1)[0] + "/phuqr_test_nowhere")
    try:
        run(page)
        assert notices(page) == ["Không truy cập được cơ sở dữ liệu. Đề nghị báo người quản trị hệ thống."]
        assert "phuqr_test_nowhere" not in html(page)
    finally:
        use_database(small_province)
    run(page)
    assert notices(page) == []
    assert (address(page)["unit"], address(page)["group"], address(page)["indicator"]) == ("440", "C", "cohort_rate")


def test_venues_of_other_units_are_told_and_can_be_left(small_province, small_files, read_as):
    load_boundaries(small_files["boundaries"], date(2025, 7, 1))
    read_as("leader")
    page = opened(unit="440", **DAYS, indicator="creation_rate", lang="en")
    page.date_input(key="days").set_value((date(2025, 7, 1), date(2025, 7, 2)))
    run(page)
    assert notices(page) == ["This window cannot be counted, since the units have changed; choose another."]
    page.date_input(key="days").set_value((date(2021, 11, 26), date(2021, 12, 8)))
    run(page)
    assert notices(page) == []
    assert address(page) == {"unit": "440", **DAYS, "indicator": "creation_rate", "lang": "en"}


def test_an_empty_database_says_what_is_missing(make_database, use_database, small_province):
    use_database(make_database())
    try:
        db.migrate()
        assert notices(opened()) == ["Chưa nạp ranh giới hành chính nên chưa có bản đồ."]
    finally:
        use_database(small_province)


def test_names_from_files_are_text_wherever_they_stand(
    make_database, use_database, small_province, small_files, tmp_path, read_as
):
    import geopandas as gpd

    nasty = "<img src=x onerror=alert(1)>"
    frame = gpd.read_file(small_files["boundaries"])
    frame.loc[frame["commune_code"] == "18235", "commune_name"] = nasty
    frame.loc[frame["district_code"] == "440", "district_name"] = f"{nasty} & {{{{7*7}}}}"
    frame.to_file(tmp_path / "nasty.gpkg", layer="communes")
    use_database(make_database())
    try:
        db.migrate()
        load_boundaries(tmp_path / "nasty.gpkg", date(2021, 11, 1))
        read_as("leader")
        page = opened(unit="440", commune="18235")
        assert "<img" not in html(page)
        assert f"<h2>{nasty.replace('<', '&lt;').replace('>', '&gt;')}</h2>" in html(page)
        assert nasty in list(table(page)["name"])
        assert notices(page) == []
    finally:
        use_database(small_province)


def names_of(page):
    return [button.label for button in page.button if button.key and button.key.startswith("path-")]


def test_the_path_leads_down_to_where_one_is_and_up_again(small_province):
    page = opened(unit="440", **DAYS, commune="18229")
    assert names_of(page) == ["Toàn địa bàn", "› Tỉnh Hà Tĩnh", "› Huyện Đức Thọ", "› Thị trấn Đức Thọ"]
    page.button(key="path-3").click()
    run(page)
    assert (address(page)["unit"], address(page)["commune"], address(page)["near"]) == ("440", "18229", "1")
    page.button(key="path-1").click()
    run(page)
    assert address(page)["unit"] == "42" and not {"commune", "near"} & address(page).keys()
    assert "<h2>Tỉnh Hà Tĩnh</h2>" in html(page)
    page.button(key="path-0").click()
    run(page)
    assert address(page)["unit"] == "all" and "<h2>Toàn địa bàn</h2>" in html(page)
    assert notices(page) == []


def test_the_path_of_a_reader_begins_at_what_it_may_see(small_province, read_as):
    read_as("district", "440")
    page = opened(**DAYS, commune="18229")
    assert names_of(page) == ["Huyện Đức Thọ", "› Thị trấn Đức Thọ"]


def test_all_in_scope_is_shown_at_once(small_province):
    page = opened(unit="all", **DAYS)
    assert notices(page) == [] and len(table(page)) == 6
    assert page.selectbox(key="top").value == "all"
    page.selectbox(key="top").set_value("46")
    run(page)
    assert "<h2>Tỉnh Thừa Thiên Huế</h2>" in html(page)


def test_what_is_not_known_of_venues_leads_to_the_list_of_them(small_province):
    page = opened(unit="42", **DAYS)
    button = page.button(key="quality-no_point")
    assert button.label == "Không có tọa độ: 10 / 11 địa điểm"
    assert page.button(key="quality-outside").label == "Tọa độ ngoài xã đã khai: 0"
    assert len(page.dataframe) == 1
    button.click()
    run(page)
    assert address(page)["state"] == "no_point"
    listed = page.dataframe[1].value
    assert len(listed) == 9 and "Trụ sở" not in set(listed["name"]) and "Chợ" in set(listed["name"])
    page.segmented_control(key="map-state").set_value("silent")
    run(page)
    assert page.dataframe[1].value["name"].tolist() == ["Cơ sở 5"]
    page.button(key="venues-close").click()
    run(page)
    assert len(page.dataframe) == 1 and "state" not in address(page)


def test_classes_of_the_figures_are_made_on_demand_and_say_so(small_province):
    page = opened(unit="42", **DAYS)
    assert "Lớp cố định, gắn với mục tiêu; mỗi lớp tính cả cận dưới." in html(page)
    page.selectbox(key="map-breaks").set_value("quantiles")
    run(page)
    assert address(page)["breaks"] == "quantiles"
    assert "không so sánh được với thời gian hay địa bàn khác" in html(page)


@pytest.mark.parametrize("layer", ["change", "clusters", "weeks", "venues"])
def test_every_layer_says_what_it_is(small_province, layer):
    page = opened(unit="42", **DAYS, layer=layer)
    assert notices(page) == []
    said = {
        "change": "Thay đổi Tỷ lệ hoạt động", "clusters": "Cụm xã thấp – Tỷ lệ hoạt động", "weeks": "số xã là của tuần cuối",
        "venues": "im lặng: từng có lượt quét",
    }  # fmt: skip
    assert said[layer] in html(page)
    assert sum(map(int, re.findall(r"<b>(\d+)</b></li>", html(page)))) >= 5


def test_venues_are_narrowed_by_kind_and_state_and_opened_from_the_list(small_province):
    page = opened(unit="440", **DAYS, layer="venues", kind="office")
    assert page.dataframe[1].value["code"].tolist() == ["V1", "V3"]
    page.selectbox(key="map-state").set_value("never")
    run(page)
    assert page.dataframe[1].value["code"].tolist() == ["V3"]
    assert (address(page)["kind"], address(page)["state"]) == ("office", "never")
    page = opened(unit="440", **DAYS, layer="venues", department="transport")
    assert page.dataframe[1].value["name"].tolist() == ["Xe khách"]
    opened_one = opened(unit="440", **DAYS, layer="venues", venue="V3")
    assert "<h2>Trụ sở hai</h2>" in html(opened_one) and "chưa từng có lượt quét" in html(opened_one)
    opened_one.button(key="venue-close").click()
    run(opened_one)
    assert "phuqr-venue" not in html(opened_one)


@pytest.mark.parametrize("query", [{"kind": "nowhere"}, {"department": "nobody"}, {"venue": "V999"}, {"venue": "' OR 1=1 --"}])
def test_a_kind_or_venue_that_there_is_not_is_left_out(small_province, query):
    page = opened(unit="440", **DAYS, layer="venues", **query)
    assert "phuqr-venue" not in html(page) and notices(page) == []


def test_two_windows_stand_side_by_side(small_province):
    page = opened(unit="440", **DAYS)
    page.toggle(key="split").set_value(True)
    run(page)
    assert (address(page)["beside_from"], address(page)["beside_to"]) == ("2021-11-13", "2021-11-25")
    assert html(page).count('class="phuqr-legend"') == 2
    page.toggle(key="split").set_value(False)
    run(page)
    assert "beside_from" not in address(page) and html(page).count('class="phuqr-legend"') == 1
