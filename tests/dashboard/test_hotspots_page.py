"""The page of hotspots as Streamlit runs it: figures for who may see cases, weekly counts for the others, and every look on record."""

import csv
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from dashboard import data
from dashboard.navigation import PAGES
from dashboard.text import Text
from geo import db
from geo.accounts import add_account
from geo.audit import Actor, operator
from geo.retention import purge_visits
from geo.scope import ROLES, Scope
from loaders.scans import load_scans
from loaders.venues import load_venues
from loaders.visits import load_visits

from .running import run

DAYS = {"from": "2021-11-22", "to": "2021-12-12"}
NASTY = "<img src=x onerror=alert(1)> {{7*7}} *x*"
HEADER = ["case_code", "case_class", "venue_code", "commune_code", "place", "arrived_at", "left_at", "source"]
# V1, an office, is where two cases met; V11, a market in the other district, is none of Đức Thọ's; one case was in Hòa Lạc
VISITS = [
    ["CA-1", "F0", "V1", "", "", "2021-12-08 09:00", "2021-12-08 11:00", "declared"],
    ["CA-2", "F0", "V1", "", "", "2021-12-08 10:00", "", "declared"],
    ["CA-1", "F0", "V11", "", "", "2021-12-08 09:00", "", "declared"],
    ["CA-2", "F0", "V11", "", "", "2021-12-08 15:00", "", "declared"],
    ["CA-3", "F1", "", "18280", "Đám cưới ở thôn", "2021-12-08 09:00", "", "declared"],
    ["CA-4", "F1", "V6", "", "", "2021-12-01 09:00", "", "declared"],
]


@pytest.fixture(scope="module")
def province(small_province, tmp_path_factory):
    path = tmp_path_factory.mktemp("nasty") / "venues.csv"
    path.write_text(f"venue_code,name,kind,commune_code,created_on\nV1,{NASTY},Trụ sở làm việc,18229,2021-11-20\n", encoding="utf-8")
    load_venues(path)
    # Enough venues to judge Kỳ Trinh, where the market is, beside its neighbour, where all of them are scanned
    more = [(f"{commune}-{number}", commune) for commune in ("18754", "18757") for number in range(12)]
    rows = [f"{code},Quán {code},Quán cà phê,{commune},2021-11-20" for code, commune in more]
    path.write_text("\n".join(["venue_code,name,kind,commune_code,created_on", *rows]), encoding="utf-8")
    load_venues(path)
    scans = [f"{code},2021-12-08,2,2" for code, commune in more if commune == "18757"]
    path.write_text("\n".join(["venue_code,day,scans,people", *scans]), encoding="utf-8")
    load_scans(path)
    for role in ROLES:
        add_account(operator(), role, role, ["42"])
    return small_province


@pytest.fixture
def tell(province, tmp_path):
    """A function that loads visits, rows of HEADER; gone after the test."""
    number = 0

    def load(*rows):
        nonlocal number
        number += 1
        path = tmp_path / f"visits{number}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([HEADER, *rows])
        assert load_visits(path).rows_refused == 0

    yield load
    with db.engine().begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for table in ("visit", "visit_history", "hotspot_review", "rectification", "case_week", "gap_week", "visit_purge", "audit"):
            connection.execute(sa.text(f"DELETE FROM {table}"))
        connection.execute(sa.text("DELETE FROM load_run WHERE kind = 'visits'"))


@pytest.fixture
def opened(province, monkeypatch):
    """A function that gives the page as an account of that role sees it, of these units."""

    def open_page(role="health", units=("42",), name=None, path="hotspots", **query):
        actor = Actor(name or role, Scope(role, tuple((1, unit) for unit in units)), "127.0.0.1")
        monkeypatch.setattr(data, "reader", lambda: actor)
        page = AppTest.from_file(PAGES[path].file, default_timeout=30)
        for key, text in (DAYS | query).items():
            page.query_params[key] = text
        return run(page)

    return open_page


def html(page):
    bodies = (element.proto.body for element in page.get("html"))
    return " ".join(body for body in bodies if not body.startswith(("<style", "<script"))).replace("\u00a0", " ")


def words(page):
    """Everything that a page shows, as one text."""
    tables = [table.value.to_csv() for table in page.dataframe]
    options = [str(option) for box in page.selectbox for option in box.options]
    said = [element.value for kind in (page.markdown, page.caption, page.info, page.error, page.success) for element in kind]
    return " ".join([html(page), *tables, *options, *said])


def recorded(event="case_view"):
    with db.engine().connect() as connection:
        query = "SELECT account, detail FROM audit WHERE event = :event ORDER BY id"
        return [tuple(row) for row in connection.execute(sa.text(query), {"event": event})]


def choose_part(page, part):
    page.segmented_control(key="tracing-part").set_value(part)
    return run(page)


def choose_venue(page, code):
    page.session_state["venue"] = code
    return run(page)


def decide(page, form, field, button, reason):
    """Fill in a form of the page and press one of its buttons."""
    page.text_area(key=field).set_value(reason)
    page.button(key=button).click()
    return run(page)


def test_a_leader_sees_the_hotspots_in_communes_that_lag_first(tell, opened):
    tell(*VISITS)
    page = opened("leader")
    assert "<h1>Điểm nóng</h1><h2>Tỉnh Hà Tĩnh</h2>" in html(page)
    table = page.dataframe[0].value
    # In Kỳ Trinh none of 13 venues is active, beside 12 of 25 in the town
    assert table["hotspots.venue"].tolist() == ["Chợ", NASTY]
    assert table["hotspots.little"].tolist() == ["chậm", ""]
    assert table["hotspots.cases"].tolist() == [2, 2] and table["hotspots.meetings"].tolist() == [0, 1]
    assert '<div class="phuqr-figure">2</div><div class="phuqr-fraction">0 rất cao, 0 cao, 2 vừa</div>' in html(page)
    assert "1 ở xã chậm, 0 ở xã cần theo dõi; trên 2 điểm nóng chưa đóng" in html(page)
    assert "Xã chậm về quét mã so với huyện: 0,0 % địa điểm hoạt động." in html(choose_venue(page, "V11"))
    assert "2 lượt F0, F1 khai đã đến 1 xã như vậy." in html(page)
    behind = page.dataframe[1].value
    assert behind.values.tolist() == [["Phường Kỳ Trinh", "chậm", "2/2", "0,0\u00a0%", "1", "Thị xã Kỳ Anh"]]
    assert '<span>xã chậm so với huyện</span><b>1</b>' in html(page)
    assert "5 trên 6 lượt khai báo; khoảng tin cậy 95 %: 43,6 % – 97,0 %" in html(page)
    assert "Nơi ca bệnh đã đến, không phải nơi ở của ca." in html(page)


def test_the_hotspots_are_of_the_unit_chosen_and_of_the_days_that_end_with_the_window(tell, opened):
    tell(*VISITS)
    assert opened("leader", unit="449").dataframe[0].value["hotspots.venue"].tolist() == ["Chợ"]
    page = opened("leader", unit="449", to="2021-12-07")
    assert "Không có điểm nóng nào trong các ngày này." in words(page)


def test_a_chosen_venue_tells_why_and_shows_its_days(tell, opened):
    tell(*VISITS)
    page = choose_venue(opened("leader"), "V1")
    assert "2 ca F0 với 2 lượt đến trong 7 ngày; 0 lượt quét trong các giờ đó (số người có thể đã tiếp xúc); 1 cặp ca có mặt cùng lúc; lần gần nhất 08/12/2021." in html(page)
    assert "**08/12/2021** Ngày này không có lượt quét nào." in words(page)
    charts = page.get("vega_lite_chart")
    assert len(charts) == 1 and "CA-2" in repr(charts[0].proto)
    assert "phuqr-spot" not in html(choose_venue(page, "V99"))


def test_the_gap_is_told_by_kind_of_gap_district_and_agency(tell, opened):
    tell(*VISITS)
    page = choose_part(opened("leader"), "gap")
    for kind, count in (("a", 1), ("b", 4), ("c", 0), ("covered", 1)):
        assert f"<dd>{count}</dd>" in html(page).split(f'phuqr-gap-{kind}"')[1].split("</div>")[0]
    rates, agencies = (table.value for table in page.dataframe)
    assert rates["name"].tolist() == ["Thị xã Kỳ Anh", "Huyện Đức Thọ"] and rates["gap.rate"].tolist() == [1, 0.75]
    assert agencies["gap.agency"].tolist() == [NASTY, "Chợ"] and set(agencies["gap.state"]) == {"chưa trả lời"}
    page.segmented_control(key="gap-by").set_value("kind")
    assert "không nêu địa điểm" in run(page).dataframe[0].value["name"].tolist()
    page.segmented_control(key="gap-by").set_value("department")
    assert run(page).dataframe[0].value[["name", "gap.rate", "gap.declared"]].values.tolist() == [
        ["không nêu địa điểm", 1, 1], ["Sở Thông tin và Truyền thông", 0.8, 5],
    ]  # fmt: skip


def test_a_reviewer_confirms_and_closes_and_visits_open_it_again(tell, opened):
    tell(*VISITS)
    page = choose_venue(opened("health"), "V1")
    assert "Chưa có ai rà soát." in html(page)
    page = decide(page, "review-V1", "reason-V1", "confirmed-V1", "Hai ca cùng ca trực")
    assert "Tình trạng: <b>đã xác nhận</b>" in html(page) and "Hai ca cùng ca trực" in html(page)
    page = decide(page, "review-V1", "reason-V1", "closed-V1", "Đã khử khuẩn")
    assert "Tình trạng: <b>đã đóng</b>" in html(page)
    assert page.dataframe[0].value["hotspots.venue"].tolist() == ["Chợ", NASTY], "closed ones come last"
    assert [account for account, _ in recorded("hotspot_review")] == ["health", "health"]
    tell(["CA-9", "F0", "V1", "", "", "2021-12-06 09:00", "", "declared"])
    page = choose_venue(opened("leader"), "V1")
    assert "Tình trạng: <b>đề xuất (mở lại vì có lượt đến mới)</b>" in html(page)


def test_what_an_agency_answered_stands_under_its_form_and_no_other_agency_is_ticked_then(tell, opened):
    tell(*VISITS)
    page = choose_part(opened("health"), "gap")
    page.session_state["agencies-0"] = {"selection": {"rows": [0]}}
    page = decide(run(page), "rectify-V1", "note-V1", "answered-V1", "Sẽ quét từ mai")
    assert [success.value for success in page.success] == ["Đã lưu."] and not page.text_area
    agencies = page.dataframe[1].value
    assert agencies["gap.state"].tolist() == ["chưa trả lời", "đã trả lời"] and agencies["gap.agency"].tolist() == ["Chợ", NASTY]
    page.session_state["agencies-1"] = {"selection": {"rows": [1]}}
    assert "Sẽ quét từ mai" in html(run(page)) and "<b>đã trả lời</b>" in html(page)
    assert ("health", "answers of an agency of 42") in recorded()


@pytest.mark.parametrize("reason", ["", "gọi 0912345678"])
def test_a_review_without_a_reason_or_with_a_number_of_a_person_is_not_saved(tell, opened, reason):
    tell(*VISITS)
    page = decide(choose_venue(opened("health"), "V1"), "review-V1", "reason-V1", "closed-V1", reason)
    assert [error.value for error in page.error] == ["Không lưu được: cần ghi lý do (tối đa 500 ký tự), không có số điện thoại hay số giấy tờ."]
    assert "đề xuất" in html(page) and recorded("hotspot_review") == []


def test_each_look_is_on_record_once_for_each_account_and_tells_no_venue(tell, opened):
    tell(*VISITS)
    page = opened("health")
    looked = [("health", "hotspots of 42 until 2021-12-12"), ("health", "gap of 42 from 2021-11-22 to 2021-12-12")]
    assert recorded() == looked
    run(choose_part(page, "gap"))
    assert recorded() == looked, "the same, seen again by who has it before him"
    opened("leader")
    assert [account for account, _ in recorded()[2:]] == ["leader", "leader"], "what was read for one is not shown to another unseen"
    page = choose_venue(opened("health"), "V1")
    assert len(recorded()) == 7 and recorded()[-1] == ("health", "visits to a venue of 42 until 2021-12-12")
    page.query_params["unit"] = "449"
    run(page)
    assert recorded()[-2:] == [("health", "hotspots of 449 until 2021-12-12"), ("health", "gap of 449 from 2021-11-22 to 2021-12-12")]


def test_what_is_new_since_the_account_last_looked_is_told(tell, opened):
    tell(*VISITS[:2])
    assert "Tài khoản này xem mục Điểm nóng lần đầu." in html(opened("health"))
    assert "không có gì mới" in html(opened("health"))
    tell(*VISITS, ["CA-7", "F0", "V1", "", "", "2021-12-07 15:00", "", "declared"])
    page = opened("health")
    assert ": 1 điểm nóng mới, 1 điểm thêm ca." in html(page)
    assert page.dataframe[0].value["hotspots.new"].tolist() == ["mới", "thêm ca"]
    assert "lần đầu" in html(opened("leader"))


def test_purged_visits_are_gone_from_a_page_that_is_open(tell, opened):
    tell(*VISITS)
    page = opened("leader")
    assert len(page.dataframe[0].value) == 2
    purge_visits(operator(), date(2021, 12, 8) + timedelta(29))
    assert "Không có điểm nóng nào trong các ngày này." in words(run(page))
    page = choose_part(page, "gap")
    assert "Lượt đến đến hết ngày 08/12/2021 đã xóa theo thời hạn lưu" in words(page)


def test_names_from_files_are_text_wherever_they_stand(tell, opened):
    tell(*VISITS)
    page = choose_venue(opened("leader"), "V1")
    assert "<img" not in html(page) and "&lt;img src=x" in html(page) and "49 *x*" not in words(page)
    page = choose_part(page, "gap")
    assert "<img" not in html(page)


OTHERS = [role for role in ROLES if role not in ("health", "leader")]
SECRETS = [NASTY, "Chợ", "CA-1", "CA-3", "Đám cưới ở thôn", "V1,", "V11", "Chưa có ai rà soát", "phuqr-spot"]


@pytest.mark.parametrize("role", OTHERS)
def test_other_roles_see_counts_of_communes_without_the_small_ones(tell, opened, role):
    tell(*VISITS, *([f"CB-{n}", "F0", "V6", "", "", "2021-12-08 09:00", "", "declared"] for n in range(4)))
    page = opened(role)
    shown = words(page)
    assert "Ca bệnh đã đến các xã, theo tuần" in html(page)
    for secret in SECRETS:
        assert secret not in shown, secret
    sums, communes = (table.value for table in page.dataframe)
    assert dict(zip(communes["commune"], communes["cases.count"], strict=True)) == {
        "Xã Quang Vĩnh": "4", "Thị trấn Đức Thọ": "< 3", "Xã Hòa Lạc": "< 3", "Phường Kỳ Trinh": "< 3", "Xã Kỳ Lợi": "0",
    }  # fmt: skip
    assert dict(zip(sums["name"], sums["cases"], strict=True)) == {
        "Cộng cả địa bàn": "7 – 10", "Huyện Đức Thọ": "6 – 8", "Thị xã Kỳ Anh": "1 – 2",
    }  # fmt: skip
    assert recorded() == [], "which is no look at cases"


def everything_shown(opened, role, units):
    """What the page shows a role, for each of its units, windows and weeks."""
    shown = []
    for unit in units:
        for first, last in (("2021-11-22", "2021-12-12"), ("2021-12-06", "2021-12-12"), ("2021-11-30", "2021-12-12"), ("2021-12-07", "2021-12-08")):
            page = opened(role, units[:1], unit=unit, **{"from": first, "to": last})
            weeks = next((box for box in page.selectbox if box.key == "case-week"), None)
            for week in range(len(weeks.options) if weeks else 1):
                if weeks:
                    page.selectbox(key="case-week").select_index(week)
                    run(page)
                shown.append(words(page))
    return shown


@pytest.mark.parametrize(("role", "units"), [("district", ["440"]), ("admin", ["42", "440", "449"])])
def test_no_page_tells_one_case_from_two_whatever_is_chosen_and_compared(tell, opened, monkeypatch, role, units):
    import dashboard.text

    monkeypatch.setattr(dashboard.text.Text, "moment", lambda self, moment: "")  # when the loads were
    others = [[f"CB-{n}", "F0", "V6", "", "", "2021-12-08 09:00", "", "declared"] for n in range(4)]
    tell(*others, VISITS[0])
    one = everything_shown(opened, role, units)
    tell(VISITS[1])
    assert everything_shown(opened, role, units) == one
    tell(["CA-8", "F0", "V1", "", "", "2021-12-07 09:00", "", "declared"])
    assert everything_shown(opened, role, units) != one, "of three it does tell"


def test_where_no_visits_are_loaded_nobody_is_shown_a_zero(tell, opened):
    assert "Chưa nạp lượt đến nào của ca bệnh" in words(opened("leader"))
    assert "chưa có số liệu" in html(opened("leader"))
    assert "Không có tuần nào đã hết trong khoảng thời gian này, hoặc chưa nạp lượt đến nào." in words(opened("district"))


def test_the_page_speaks_english_too(tell, opened):
    tell(*VISITS)
    page = choose_part(choose_venue(opened("leader", lang="en"), "V1"), "gap")
    assert "Visits that F0 and F1 declared, without a scan" in words(page)
    assert "Cases that were in the communes, by week" in words(opened("district", lang="en"))



def test_the_map_shows_hotspots_to_who_may_see_cases_and_each_look_is_on_record(tell, opened):
    tell(*VISITS)
    legend = Text("vi")("hotspots.legend")
    page = opened("leader", path="", layer="hotspots")
    assert legend in html(page) and recorded() == [("leader", "hotspots of 42 until 2021-12-12")]
    assert page.segmented_control(key="map-layer").value == "hotspots"
    for role in ("district", "data", "admin", "commune"):
        page = opened(role, path="", layer="hotspots")
        assert legend not in html(page) and page.segmented_control(key="map-layer").value == "rates"
    assert len(recorded()) == 1
