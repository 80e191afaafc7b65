"""The page of reports as Streamlit runs it: drafts, what is issued of them, who may take it away, restatements, who filed; the bulletin."""

import io
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from docx import Document
from streamlit.testing.v1 import AppTest

from dashboard import data, report_panels, report_parts
from dashboard.navigation import PAGES
from dashboard.report_drafts import Draft, _drafts
from dashboard.text import Text
from dashboard.words import TEXTS
from geo import coverage, daily, db, inspections, lagging, quality, tracing, weekly
from geo.accounts import add_account
from geo.audit import Actor, operator
from geo.coverage import Window
from geo.schema_reports import STATES
from geo.scope import ROLES, Scope
from loaders.scans import load_scans

from .running import press, run

VI = Text("vi")
# Accounts and the units they have; every one but the commune's has a district.
SEATS = {"leader": "42", "health": "42", "data": "42", "admin": "42", "district": "440", "ky-anh": "449", "commune": "18235"}
WEEK = {"from": "2021-12-02", "to": "2021-12-08"}
STEM = "440_2021-12-02_2021-12-08"


@pytest.fixture(scope="module")
def seated(small_province):
    for name, unit in SEATS.items():
        add_account(operator(), name, name if name in ROLES else "district", [unit])
    return small_province


@pytest.fixture(autouse=True)
def without_libreoffice(monkeypatch):
    monkeypatch.setattr(report_parts, "search_converter", lambda: None)


def actor(name, address="127.0.0.1"):
    return Actor(name, Scope(name if name in ROLES else "district", ((1, SEATS[name]),)), address)


@pytest.fixture
def opened(seated, monkeypatch):
    """A function that gives the page as an account sees it."""

    def open_page(name="district", **query):
        monkeypatch.setattr(data, "reader", lambda: actor(name))
        page = AppTest.from_file(PAGES["reports"].file, default_timeout=60)
        for key, said in (WEEK | query).items():
            page.query_params[key] = said
        return run(page)

    return open_page


def html(page):
    bodies = (element.proto.body for element in page.get("html"))
    return " ".join(body for body in bodies if not body.startswith(("<style", "<script"))).replace("\u00a0", " ")


def said(page):
    return " ".join(each.value for kind in (page.caption, page.info, page.warning, page.success, page.error) for each in kind)


def owner(statement, **parameters):
    with db.engine().connect() as connection:
        return connection.execute(sa.text(statement), parameters).all()


def looks():
    return owner("SELECT count(*) FROM audit WHERE event = 'case_view'")[0][0]


def downloads():
    return [tuple(row) for row in owner("SELECT account, detail FROM audit WHERE event = 'download' ORDER BY id")]


def draft_of(page, kind="weekly"):
    return page.session_state[f"report-job-{kind}"]["draft"]


def make(opened, name="district", **query):
    """The page with a draft of the week made, and the draft."""
    page = press(opened(name, **query), "report-make-weekly")
    return page, draft_of(page)


def issue(opened, name="district", **query):
    """The number of the report that is made and issued on the page, and the page."""
    page, _ = make(opened, name, **query)
    page = press(page, "report-issue-weekly")
    return page.session_state["report-job-weekly"]["issued"], page


def words_of(content):
    return [line.text for line in Document(io.BytesIO(content)).paragraphs]


def test_a_draft_is_made_with_the_offices_words_and_taken_away(opened, ask):
    page = opened()
    page.text_area(key="report-difficulties").set_value("Thiếu thiết bị.\nMất mạng.")
    page.text_area(key="report-proposals").set_value("Cấp kinh phí.")
    page = press(run(page), "report-make-weekly")
    draft = draft_of(page)
    assert list(draft.files) == [f"bao-cao_{STEM}.docx", f"phu-luc_{STEM}.xlsx"]
    lines = words_of(draft.files[f"bao-cao_{STEM}.docx"])
    assert {"Thiếu thiết bị.", "Mất mạng.", "Cấp kinh phí."} <= set(lines) and draft.found.on == date(2021, 12, 9)
    shown = html(page)
    assert '<b class="phuqr-state phuqr-state-draft">bản nháp</b>' in shown and "Huyện Đức Thọ, 02/12/2021 – 08/12/2021" in shown
    for name, content in draft.files.items():
        address = f"/report/draft/{draft.token}/{name}"
        assert f'href="{address}"' in shown
        status, headers, body = ask(address, reader=actor("district"))
        assert (status, body, headers["cache-control"]) == (200, content, "no-store")
        assert headers["content-disposition"] == f'attachment; filename="{name}"' and downloads()[-1] == ("district", f"draft {name}")
    assert owner("SELECT count(*) FROM report WHERE issued_by = 'district'") == [(0,)]
    assert VI("reports.no_pdf") in said(page) and page.checkbox(key="report-pdf-weekly").disabled


def test_a_draft_is_there_for_its_account_and_while_its_page_is_open(opened, ask):
    page, draft = make(opened)
    address = f"/report/draft/{draft.token}/bao-cao_{STEM}.docx"
    demoted = Actor("district", Scope("district", ((1, "449"),)), "127.0.0.1")
    promoted = Actor("district", Scope("leader", ((1, "440"),)), "127.0.0.1")
    for reader in (*map(actor, ("leader", "ky-anh", "commune")), demoted, promoted):
        assert ask(address, reader=reader)[0] == 404
    for wrong in (f"/report/draft/{draft.token}x/bao-cao_{STEM}.docx", f"/report/draft/{draft.token}/x.docx"):
        assert ask(wrong, reader=actor("district"))[0] == 404
    assert ask(address, reader=actor("district", "10.0.0.9"))[0] == 200
    token = draft.token
    page.session_state["report-job-weekly"].clear()
    del draft
    assert token not in _drafts and ask(address, reader=actor("district"))[0] == 404


def test_a_draft_of_other_choices_is_not_shown_and_one_of_older_data_not_issued(opened, tmp_path):
    page, _ = make(opened)
    page.text_area(key="report-proposals").set_value("Khác.")
    assert "phuqr-state-draft" not in html(run(page)) and not [each for each in page.button if each.key == "report-issue-weekly"]
    page, _ = make(opened)
    late = tmp_path / "late.csv"
    late.write_text("venue_code,day,scans,people\nV11,2021-12-07,1,1\n", encoding="utf-8")
    load_scans(late)
    page = run(page)
    assert VI("reports.outdated") in said(page) and page.button(key="report-issue-weekly").disabled


def test_what_is_issued_is_what_was_made_and_handed_out_byte_for_byte(opened, ask):
    page, draft = make(opened)
    files = dict(draft.files)
    page = press(page, "report-issue-weekly")
    number = page.session_state["report-job-weekly"]["issued"]
    assert f"Đã phát hành báo cáo số {number}." in said(page) and "phuqr-state-draft" not in html(page)
    assert f"Báo cáo số {number}, phát hành lúc" in html(page) and "tài khoản district" in html(page)
    assert owner("SELECT account, address FROM audit WHERE event = 'report_issued' ORDER BY id DESC LIMIT 1") == [("district", "127.0.0.1")]
    for name, content in files.items():
        address = f"/report/issued/{number}/{name}"
        assert f'href="{address}"' in html(page)
        status, headers, body = ask(address, reader=actor("district"))
        assert (status, body) == (200, content) and downloads()[-1] == ("district", f"report {number}: {name}")
    again, page = issue(opened)
    shown = html(page)
    assert f"Thay thế báo cáo số {number}" in shown and "phuqr-state-superseded" in shown
    assert shown.index(f"Báo cáo số {again},") < shown.index(f"Báo cáo số {number},"), "the newest first"
    assert ask(f"/report/issued/{number}/bao-cao_{STEM}.docx", reader=actor("district"))[2] == files[f"bao-cao_{STEM}.docx"]


def test_an_issued_report_is_there_for_who_has_its_unit(opened, ask):
    number, _ = issue(opened)
    address = f"/report/issued/{number}/bao-cao_{STEM}.docx"
    before, seen = len(downloads()), looks()
    found = {name: ask(address, reader=actor(name))[0] for name in SEATS}
    assert looks() == seen, "it tells of no cases"
    assert found == dict.fromkeys(("leader", "health", "data", "admin", "district"), 200) | dict.fromkeys(("ky-anh", "commune"), 404)
    assert len(downloads()) == before + 5
    for wrong in (f"/report/issued/{number}/x.docx", "/report/issued/999999/x.docx", "/report/issued/-1/x.docx", f"/report/issued/{'9' * 30}/x"):
        assert ask(wrong, reader=actor("leader"))[0] == 404
    assert f"Báo cáo số {number}," not in html(opened("ky-anh")) and f"Báo cáo số {number}," in html(opened("leader"))


def test_cases_are_for_who_may_see_them_and_on_record(opened, ask):
    before = looks()
    number, page = issue(opened, "leader", unit="440")
    assert looks() > before and "Có số liệu ca bệnh" in html(page)
    assert any("Điểm nóng" in line for line in words_of(read_file(number)))
    address = f"/report/issued/{number}/bao-cao_{STEM}.docx"
    for name in SEATS:
        before = looks()
        seen = name in ("leader", "health")
        assert ask(address, reader=actor(name))[0] == (200 if seen else 404), name
        assert looks() == before + seen, name
    shown = html(opened("district"))
    assert f"Báo cáo số {number}," not in shown and "ca bệnh:" not in shown.replace(VI("banner_invented"), "")
    page = opened("leader", unit="440")
    page.checkbox(key="report-cases").uncheck()
    page = press(run(page), "report-make-weekly")
    assert not draft_of(page).found.cases
    assert not [box for box in opened("district").checkbox if box.key == "report-cases"]


def read_file(number):
    return bytes(owner("SELECT content FROM report_file WHERE report = :id AND name LIKE '%.docx'", id=number)[0][0])


def test_reruns_look_at_cases_once(opened):
    page = opened("leader", unit="440")
    before = looks()
    run(run(page))
    assert looks() == before


def test_a_file_that_is_not_as_it_was_issued_is_kept_back(opened, ask):
    number, _ = issue(opened)
    with db.engine().begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(sa.text("UPDATE report_file SET content = 'forged' WHERE report = :id AND name LIKE '%.docx'"), {"id": number})
    status, _, body = ask(f"/report/issued/{number}/bao-cao_{STEM}.docx", reader=actor("district"))
    assert status == 500 and b"forged" not in body


def test_restatements_are_shown_in_words_and_nothing_else_changes(opened, ask, tmp_path):
    number, page = issue(opened)
    content = ask(f"/report/issued/{number}/phu-luc_{STEM}.xlsx", reader=actor("district"))[2]
    page.selectbox(key="report-compare-weekly").set_value(number)
    assert f"vẫn đúng như báo cáo số {number} đã in" in said(run(page))
    late = tmp_path / "late.csv"
    late.write_text("venue_code,day,scans,people\nV3,2021-12-08,6,5\n", encoding="utf-8")
    load_scans(late)
    shown, told = html(run(page)), said(page)
    assert f"số liệu đã thay đổi sau khi phát hành báo cáo số {number}" in told
    assert "Hoạt động<small>Toàn đơn vị</small></td><td>1 → <b>2</b></td><td>+1</td>" in shown
    assert "Lượt quét<small>Xã: Thị trấn Đức Thọ</small>" in shown and "Lượt quét<small>Ngày: 08/12/2021</small>" in shown
    assert shown.index("Toàn đơn vị") < shown.index("Xã: Thị trấn Đức Thọ") < shown.index("Ngày: 08/12/2021")
    assert "Tỷ lệ hoạt động<small>Toàn đơn vị</small>" in shown and "điểm %" in shown
    assert ask(f"/report/issued/{number}/phu-luc_{STEM}.xlsx", reader=actor("district"))[2] == content


def test_a_comparison_without_cases_is_no_look_at_them(opened):
    number, _ = issue(opened)
    page = opened("leader", unit="440")
    before = looks()
    page.selectbox(key="report-compare-weekly").set_value(number)
    assert f"báo cáo số {number}" in said(run(page)) and looks() == before


@pytest.mark.parametrize(("name", "value", "words"), [("activity", "lagging", "chậm"), ("state", "closed", "đã đóng"), ("last_day", "2021-12-08", "08/12/2021"),
                                                      ("active", 1904, "1.904"), ("cohort_rate", 0.2994, "29,9 %"), ("points_right", 0.5, "50,0 %"),
                                                      ("mean7", 12.07, "12,1"), ("active", None, "chưa có số liệu")])  # fmt: skip
def test_kept_figures_are_said_in_words(name, value, words):
    assert report_panels.say_value(name, value, VI).replace("\u00a0", " ") == words


def test_who_has_filed_is_told_of_a_district_and_of_the_province(opened):
    issue(opened)
    shown, told = html(opened("leader")), said(opened("leader"))
    assert "Hạn nộp thứ Năm 09/12/2021: 0/2 đơn vị đúng hạn (0,0 %)." in told.replace("\u00a0", " ")
    assert shown.index("chưa nộp, quá hạn") < shown.index("nộp muộn"), "who did not file stands first"
    rows = shown[shown.index("phuqr-filed") :]
    assert rows.index("Thị xã Kỳ Anh") < rows.index("Huyện Đức Thọ")
    assert "Báo cáo của tỉnh Hà Tĩnh: chưa nộp, quá hạn." in told
    issue(opened, "data", unit="42")
    assert "Báo cáo của tỉnh Hà Tĩnh: nộp muộn, nộp lúc" in said(opened("data", unit="42"))
    assert "Báo cáo của" not in said(opened("district"))
    own = html(opened("district"))
    assert "nộp muộn" in own and "Thị xã Kỳ Anh" not in own


def test_units_and_weeks_that_may_be_chosen(opened):
    page = opened("leader", unit="449", **{"from": "", "to": ""})
    assert page.selectbox(key="report-unit").options == ["Tỉnh Hà Tĩnh", "Huyện Đức Thọ", "Thị xã Kỳ Anh"]
    assert page.selectbox(key="report-unit").value == "449" and dict(page.query_params)["unit"] in ("449", ["449"])
    weeks = page.selectbox(key="report-window").options
    assert weeks[0] == "Tuần 09/12/2021 – 15/12/2021" and len([each for each in weeks if each.startswith("Tuần")]) == 8
    page = opened("district", unit="449")
    assert page.selectbox(key="report-unit").options == ["Huyện Đức Thọ"], "a unit out of scope is as one that is not there"
    assert "Đợt rà soát 26/11–08/12" in page.selectbox(key="report-window").options
    for query in ({"from": "x"}, {"from": "2021-12-08", "to": "2021-12-02"}, {"unit": "'; --", "part": "x"}, {"to": "2199-01-01"}):
        assert opened("district", **query).selectbox(key="report-unit").value == "440"


def test_a_commune_has_no_page_of_reports(opened):
    page = opened("commune")
    assert [warning.value for warning in page.warning] == [VI("error.signed_out")] and "Quang Vĩnh" not in html(page)


def test_libreoffice_makes_the_pdf_or_the_page_says_that_it_failed(opened, monkeypatch, tmp_path, ask):
    monkeypatch.setattr(report_parts, "search_converter", lambda: "soffice")
    stub = tmp_path / "bin" / "soffice"
    stub.parent.mkdir()
    monkeypatch.setenv("PATH", f"{stub.parent}:/usr/bin:/bin")
    for script, made in (('for last in "$@"; do :; done; printf %%PDF-1.7 > "${last%.docx}.pdf"', True), ("exit 1", False)):
        stub.write_text(f"#!/bin/bash\n{script}\n")
        stub.chmod(0o755)
        page, draft = make(opened)
        assert (f"bao-cao_{STEM}.pdf" in draft.files) == made
        assert (VI("reports.pdf_failed") in said(page)) != made and len(draft.files) == 2 + made
        if made:
            status, headers, body = ask(f"/report/draft/{draft.token}/bao-cao_{STEM}.pdf", reader=actor("district"))
            assert (status, headers["content-type"], body) == (200, "application/pdf", b"%PDF-1.7")


def choose_day(page, day):
    page.date_input(key="report-day").set_value(day)
    return run(page)


def test_the_bulletin_of_a_day_is_shown_made_and_issued(opened, ask):
    page = choose_day(opened("leader", part="daily", unit="42"), date(2021, 12, 9))
    shown = html(page)
    assert '<h3>Địa điểm có lượt quét (I4d)</h3><div class="phuqr-figure">1</div>' in shown
    assert "9,1 % số địa điểm đã tạo mã" in shown and "Trong ngày 09/12/2021 có 4 xã, phường, thị trấn không có lượt quét nào (I6)." in shown
    assert "Xã Hòa Lạc (chưa có địa điểm tạo mã), Thị trấn Đức Thọ" in shown, "the longest without a scan first"
    page = press(page, "report-make-daily")
    draft = draft_of(page, "daily")
    assert list(draft.files) == ["ban-tin_42_2021-12-09.docx", "ban-tin_42_2021-12-09.xlsx"]
    assert "Trong ngày 09/12/2021 có 4 xã, phường, thị trấn không có lượt quét nào (I6)." in words_of(draft.files["ban-tin_42_2021-12-09.docx"])
    files = dict(draft.files)
    page = press(page, "report-issue-daily")
    number = page.session_state["report-job-daily"]["issued"]
    for name, content in files.items():
        assert ask(f"/report/issued/{number}/{name}", reader=actor("leader"))[2] == content
    assert ask(f"/report/issued/{number}/ban-tin_42_2021-12-09.docx", reader=actor("district"))[0] == 404
    assert f"Báo cáo số {number}," not in html(opened("leader")), "the weekly part lists weekly reports"


def test_a_day_without_scans_is_no_data(opened):
    shown = html(choose_day(opened("district", part="daily"), date(2021, 11, 28)))
    assert '<div class="phuqr-figure">chưa có số liệu</div>' in shown and '<div class="phuqr-figure">0</div>' not in shown


def test_english(opened):
    page = opened("leader", lang="en", part="daily")
    assert "<h1>Reports</h1>" in html(page) and "Communes without a scan" in html(page)
    page = opened("leader", lang="en")
    assert page.button(key="report-make-weekly").label == "Make a draft" and "missing" in html(page)


def test_every_figure_that_is_kept_has_its_words():
    named = {*weekly._TOTALS, *weekly._ROWS, *weekly._CLOCK, *lagging.QUESTIONS, "creation_weeks", "activity_weeks", "weeks_without_scans",
             "active", "scans", "people", *inspections.DEFINITIONS, *quality.COUNTS, *quality.SHARES, "last_day", *tracing.COUNTS, "rate", "low", "high",
             "open", "cases", "state", *daily.FIGURES, "mean7", "before", "change", "share", "days", *coverage.COUNTS}  # fmt: skip
    sections = {"unit", "before", "communes", "verdicts", "departments", "deadlines", "days", "inspections", "quality", "gap", "hotspots",
                "means", "units", "silent"}  # fmt: skip
    for texts in TEXTS.values():
        assert {f"figure.{name}" for name in named} | {f"reports.section.{name}" for name in sections} <= set(texts)
    assert {f"reports.state.{state}" for state in ("draft", *STATES)} <= set(TEXTS["vi"])


def test_a_draft_is_forgotten_with_the_object():
    reader = actor("district")
    draft = Draft(reader, 1, (), None, {"x.docx": b"x"})
    token = draft.token
    assert _drafts[token] is draft and len(token) >= 32
    del draft
    assert token not in _drafts


def test_what_is_no_window_in_the_address_is_none():
    for query in ({}, {"from": "2021-12-02"}, {"from": "2021-12-08", "to": "2021-12-02"}, {"from": "x", "to": "y"}):
        assert report_parts._read_window(query) is None
    assert report_parts._read_window(WEEK) == Window(date(2021, 12, 2), date(2021, 12, 2) + timedelta(days=6))
