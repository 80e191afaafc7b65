"""The data page: a file checked, its findings shown, then loaded by the real command; loads, freshness and quality."""

import io
import json
import subprocess
import sys
import threading
import time
from datetime import date
from html import escape
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from starlette.exceptions import HTTPException
from starlette.requests import Request
from streamlit.testing.v1 import AppTest

from dashboard import data, data_panels, load_form, loads
from dashboard.app import checked_findings, run_findings
from dashboard.navigation import PAGES
from dashboard.text import Text
from dashboard.words import RULES
from geo import db
from geo.accounts import add_account, everything
from geo.audit import Actor, operator
from geo.errors import DatabaseError
from geo.scope import ROLES, Scope
from loaders import checking

from .running import press, run

VI = Text("vi")
HOSTILE = "<img src=x onerror=alert(1)>"
FILE = f"""Mã địa điểm,Tên địa điểm,Loại hình,Xã/phường/thị trấn,Quận/huyện,Ngày tạo
N1,Quán mới,Quán cà phê,Quang Vĩnh,Đức Thọ,26/11/2021
N2,{HOSTILE},Quán cà phê,Quang Vình,Đức Thọ,26/11/2021
N3,Quán ba,Quán cà phê,{HOSTILE},Đức Thọ,26/11/2021
""" + "".join(f"M{place},Quán {place},Quán ăn,Hòa Lạc,Đức Thọ,27/11/2021\n" for place in range(60))
PERSONAL = "Mã địa điểm,Ngày,Số lượt quét,Số người,Số điện thoại\nV1,2021-11-27,1,1,0912345678\n"
SCANS = "Mã địa điểm,Ngày,Số lượt quét,Số người\n" + "".join(
    f"V1,2021-11-{day},{30 + day},9\n" for day in range(20, 30)
)


@pytest.fixture(scope="module")
def seated(small_province):
    """The small province with an account per role of Hà Tĩnh, named by it, and a data account of Đức Thọ."""
    for role in ROLES:
        add_account(operator(), role, role, ["42"])
    add_account(operator(), "du-lieu-440", "data", ["440"])
    return small_province


@pytest.fixture
def read_as(seated, monkeypatch):
    def read(name="data", unit="42"):
        with db.gating() as connection:
            units = tuple((vintage, unit) for vintage, _ in everything(connection)[:1])
        role = name if name in ROLES else "data"
        actor = Actor(name, Scope(role, units), "127.0.0.1")
        monkeypatch.setattr(data, "reader", lambda: actor)
        return actor

    return read


def opened(**query):
    page = AppTest.from_file(PAGES["data"].file, default_timeout=90)
    for name, text in query.items():
        page.query_params[name] = text
    return run(page)


def html(page):
    return " ".join(each.proto.body for each in page.get("html") if not each.proto.body.startswith("<style"))


def put(page, name, content, kind="venues"):
    """Choose the kind and a file, as one does with the mouse."""
    page.selectbox(key="load-kind").set_value(kind)
    run(page)
    page.file_uploader(key=f"load-file-{kind}").set_value((name, content.encode(), "text/csv"))
    return run(page)


def count(table):
    with db.engine().connect() as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()


def test_a_check_shows_what_would_be_loaded_and_writes_nothing(read_as):
    read_as()
    before = count("venue"), count("load_run")
    page = press(put(opened(), "địa điểm.csv", FILE), "load-check")
    shown = html(page)
    assert "63 dòng = 61 nạp được + 2 bị từ chối" in shown
    assert (count("venue"), count("load_run")) == before
    assert [each.label for each in page.expander] == [
        VI("load.mapping"), "Từ chối: huyện này không có xã mang tên này – 2 dòng",
        "Cảnh báo: loại hình chưa biết, xếp vào Khác – 60 dòng",
    ]  # fmt: skip
    assert "có phải: Xã Quang Vĩnh" in shown and escape(HOSTILE) in shown and HOSTILE not in shown
    assert "20 dòng đầu trong 60 dòng; tải tệp Excel để xem hết." in [each.value for each in page.caption]
    assert page.button(key="load-load").label == "Nạp 61 dòng"
    # The table beside the map: of communes, and of what could not be placed
    for cells in ("<td>Xã Hòa Lạc</td><td>60</td><td>0</td><td>60</td>", "<td>Xã Quang Vĩnh</td><td>1</td><td>0</td><td>0</td>",
                  "<td>Không rõ xã nào</td><td>0</td><td>2</td><td>0</td>"):  # fmt: skip
        assert cells in shown


def test_the_map_is_painted_by_rows(read_as):
    found = {"a": {"loaded": 0, "refused": 2}, "b": {"loaded": 9, "refused": 0}, "c": {"loaded": 10, "refused": 1},
             "d": {"loaded": 99_999, "refused": 0}}  # fmt: skip
    classes = {code: load_form.classify_rows(row) for code, row in found.items()}
    assert classes == {"a": 5, "b": 0, "c": 1, "d": 4}
    assert [(label, count) for _, label, count in load_form.row_legend(classes, VI)] == [
        ("1 đến 9", 1), ("10 đến 99", 1), ("từ 10.000", 1), ("chỉ có dòng bị từ chối", 1),
    ]  # fmt: skip


def test_what_was_checked_is_loaded_in_the_accounts_name(read_as):
    read_as()
    page = press(put(opened(), "scans moi.csv", SCANS, "scans"), "load-check")
    assert "10 dòng = 10 nạp được + 0 bị từ chối" in html(page) and VI("load.no_findings") in [
        each.value for each in page.caption
    ]
    before = count("scan_day")
    page = press(page, "load-load")
    assert "Đã nạp: scans moi.csv (lần nạp" in html(page)
    assert count("scan_day") > before
    assert not page.session_state["job"]["path"].exists(), "it does not stay on the disk"
    assert "load-load" not in [button.key for button in page.button], "not twice"
    newest = page.dataframe[0].value.iloc[0]
    assert (newest["file_name"], newest["loaded_by"], newest["rows_loaded"]) == ("scans moi.csv", "data", 10)
    again = press(press(put(opened(), "tên khác.csv", SCANS, "scans"), "load-check"), "load-load")
    assert VI("load.same", run=newest["id"]) in html(again)


def test_a_file_changed_since_its_check_is_not_loaded(read_as):
    read_as()
    page = press(put(opened(), "venues.csv", FILE), "load-check")
    path = page.session_state["job"]["path"]
    path.chmod(0o600)
    path.write_text(FILE + "N9,Thêm,Quán cà phê,Quang Vĩnh,Đức Thọ,26/11/2021\n", encoding="utf-8")
    before = count("venue")
    page = press(page, "load-load")
    assert [error.value for error in page.error] == [VI("load.error.changed")] and count("venue") == before


def test_another_file_or_kind_hides_the_check_of_before(read_as):
    read_as()
    page = press(put(opened(), "venues.csv", FILE), "load-check")
    page = put(page, "venues.csv", FILE)
    assert "load-load" not in [button.key for button in page.button]
    assert "phuqr-tally" not in html(page)


def test_a_file_of_persons_is_refused_as_the_command_says_it(read_as):
    read_as()
    page = press(put(opened(), "ca nhan.csv", PERSONAL, "scans"), "load-check")
    assert "có cột dữ liệu cá nhân (Số điện thoại)" in html(page) and "0912345678" not in html(page)
    assert "load-load" not in [button.key for button in page.button] and "phuqr-tally" not in html(page)
    folder = page.session_state["job"]["spool"].folder
    assert not [path for path in folder.rglob("*") if path.is_file()], "it does not stay on the disk"


BAD = (
    "Mã địa điểm,Tên địa điểm,Loại hình,Xã,Huyện,Ngày tạo\nB1,x,Chợ dân sinh,Quang Vĩnh,Đức Thọ,31/02/2021\n"
    + "".join(f"B{place},x,Chợ dân sinh,Quang Vĩnh,Đức Thọ,30/11/2021\n" for place in range(2, 8))
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BAD, ["1/7 dòng bị từ chối (14,3\u00a0%)", "hãy sửa tệp", "7 dòng, trong đó 1 bị từ chối; không dòng nào được nạp"]),
        ("Mã địa điểm,Cột lạ,Loại hình\nB1,x,Chợ dân sinh\n", ["thiếu cột", "chọn ở trên một tệp ánh xạ tiêu đề cột"]),
    ],
)  # fmt: skip
def test_a_refusal_names_no_option_of_the_command(read_as, content, said):
    read_as()
    page = press(put(opened(), "tệp.csv", content), "load-check")
    shown = html(page)
    assert all(each in shown.replace(" %", "\u00a0%") for each in said), shown
    assert " --" not in shown and "load-load" not in [button.key for button in page.button]


def test_a_mapping_that_cannot_be_read_is_told_as_such(read_as):
    read_as()
    page = put(opened(), "tệp.csv", FILE)
    page.file_uploader(key="load-map-venues").set_value(("cột.toml", b"[columns\n", "text/plain"))
    page = press(run(page), "load-check")
    assert "cột.toml: tệp ánh xạ tiêu đề cột không đúng cú pháp TOML" in html(page)


def test_a_name_that_a_person_has_told_is_understood_from_then_on(read_as):
    read_as()
    page = press(put(opened(), "tên xã.csv", FILE), "load-check")
    box = page.selectbox(key="load-name-Quang Vình")
    assert box.options[0] == "Xã Quang Vĩnh, Huyện Đức Thọ", "the candidate first"
    assert len(box.options) == 5
    box.set_value("18235")
    page = press(run(page), "load-remember")
    assert "63 dòng = 62 nạp được + 1 bị từ chối" in html(page)
    with db.engine().connect() as connection:
        rows = connection.exec_driver_sql("SELECT alias, district_code, commune_code FROM unit_alias").all()
    assert len(rows) == 1 and rows[0][1:] == ("440", "18235")


def test_a_district_account_loads_rows_of_its_district_only(read_as):
    read_as("du-lieu-440", "440")
    rows = "Mã địa điểm,Tên địa điểm,Loại hình,Mã xã,Ngày tạo\nK1,Chợ,Chợ dân sinh,18754,26/11/2021\n"
    rows += "".join(f"K{place},Chợ,Chợ dân sinh,18280,26/11/2021\n" for place in range(2, 40))
    page = press(put(opened(), "hai huyện.csv", rows), "load-check")
    assert "39 dòng = 38 nạp được + 1 bị từ chối" in html(page)
    assert any("ngoài phạm vi" in each.label for each in page.expander)
    assert "Kỳ Trinh" not in html(page)


def test_options_go_with_the_kind(read_as):
    read_as()
    page = opened()
    assert "load-vintage-venues" not in [box.key for box in page.selectbox]
    page.selectbox(key="load-kind").set_value("register")
    page = run(page)
    assert page.selectbox(key="load-vintage-register").options == ["có hiệu lực từ 01/11/2021"]


def test_what_is_not_of_communes_is_left_to_the_command(read_as):
    read_as()
    offered = opened().selectbox(key="load-kind").options
    assert offered == [VI(f"kind.{kind}") for kind in loads.KINDS if kind not in ("boundaries", "unit-changes")]
    with pytest.raises(ValueError):
        loads.run_load("boundaries", "a.gpkg", "data")


# --- who sees what


@pytest.mark.parametrize("role", ["leader", "district", "commune", "health"])
def test_other_roles_do_not_see_the_page(read_as, role):
    read_as(role)
    page = opened()
    assert [warning.value for warning in page.warning] == [VI("error.signed_out")]
    assert not page.tabs and not page.dataframe


def test_an_admin_sees_loads_and_quality_and_loads_nothing(read_as):
    read_as("admin")
    page = opened()
    assert [tab.label for tab in page.tabs] == [VI("data.history"), VI("data.freshness"), VI("data.quality")]
    assert not page.file_uploader and "load-check" not in [button.key for button in page.button]
    assert "venues.csv" in list(page.dataframe[0].value["file_name"])


def test_loads_are_narrowed_by_kind_in_the_address(read_as):
    read_as("admin")
    page = opened(run_kind="venues")
    assert set(page.dataframe[0].value["kind"]) == {"Địa điểm"}
    page.selectbox(key="run-kind").set_value("register")
    page = run(page)
    assert page.query_params["run_kind"] in ("register", ["register"])
    assert set(page.dataframe[0].value["kind"]) == {"Diện phải tạo"}
    assert not opened(run_kind="<b>").exception
    page.selectbox(key="run-kind").set_value("visits")
    assert VI("run.none") in [each.value for each in run(page).info]


def test_a_load_that_is_chosen_is_told_in_full(read_as):
    read_as()
    page = press(put(opened(), f"{HOSTILE}.csv", PERSONAL, "scans"), "load-check")
    kind = "all"
    runs = page.dataframe[0].value
    page.session_state[f"runs-{kind}"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    page = run(page)
    assert "dữ liệu cá nhân" in html(page) and "<img" not in html(page) and len(runs)


def test_freshness_has_every_source_and_commune_the_overdue_first(read_as):
    read_as("admin")
    page = opened()
    shown, communes = html(page), page.dataframe[1].value
    places = [shown.index(f"<td>{VI(f'kind.{kind}')}</td>") for kind in loads.KINDS]
    assert places == sorted(places)
    assert f"<td>Dân số</td><td>{VI('source.never')}</td><td>–</td><td>–</td>" in shown
    assert "<td>0</td><td>09/12/2021</td>" in shown and "<td>0</td><td>01/11/2021</td>" in shown
    assert len(communes) == 5 and (communes["days_without"].dropna() >= 0).all()
    never = communes["days_without"].isna()
    assert list(never) == sorted(never, reverse=True), "those that never had scans come first"
    told = communes.loc[~never, "days_without"]
    assert list(told) == sorted(told, reverse=True)


def test_quality_has_its_four_headings_with_numerator_and_denominator(read_as):
    read_as("admin")
    shown = html(opened())
    for heading in ("right", "full", "timely", "linked"):
        assert f"<h3>{VI(f'quality.{heading}')}</h3>" in shown
    assert "100,0\u00a0%</b><span>1 / 1</span>" in shown, "of the venues with a point"
    assert VI("quality.points_right.definition") in shown
    assert "26/11/2021" in shown or "27/11/2021" in shown


@pytest.mark.parametrize("path", PAGES)
def test_a_database_that_is_away_before_anything_is_read_is_told_and_nothing_else(monkeypatch, path):
    def away():
        raise DatabaseError("the database cannot be used")

    monkeypatch.setattr(data, "reader", away)
    for file in (PAGES[path].file, PAGES[path].file.with_name("entry.py")):
        page = AppTest.from_file(file, default_timeout=30).run()
        assert not page.exception and [error.value for error in page.error] == [VI("error.database")]


def test_english(read_as):
    read_as()
    page = opened(lang="en")
    assert [tab.label for tab in page.tabs] == ["Load a file", "Loads", "Freshness", "Data quality"]
    page = press(put(page, "venues.csv", FILE), "load-check")
    assert "63 rows = " in html(page)
    assert any(each.label.startswith("Warning: unknown kind") for each in page.expander)


# --- the command as a process


def test_a_command_gets_words_and_never_a_shell(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(loads, "_run", lambda words: ran.append(words) or (json.dumps({"kind": "register"}), "", 0))
    loads.run_load(
        "register", tmp_path / "$(touch x).csv", "data", dry_run=True, vintage=date(2021, 11, 1), findings="f.xlsx"
    )  # fmt: skip
    assert ran == [[
        sys.executable, "-m", "phuqr", "load", "register", str(tmp_path / "$(touch x).csv"), "--as=data", "--json", "--dry-run",
        "--findings=f.xlsx", "--vintage=2021-11-01",
    ]]  # fmt: skip
    with pytest.raises(ValueError):
        loads.run_load("--help", tmp_path / "x", "data")


def test_one_load_of_an_account_at_a_time(monkeypatch):
    entered, leave = threading.Event(), threading.Event()

    def wait(words):
        entered.set()
        assert leave.wait(20)
        return "{}", "", 0

    monkeypatch.setattr(loads, "_run", wait)
    first = threading.Thread(target=loads.run_load, args=("scans", "a.csv", "data"))
    first.start()
    assert entered.wait(20)
    with pytest.raises(loads.LoadError) as refused:
        loads.run_load("venues", "b.csv", "data")
    assert refused.value.why == "busy"
    leave.set()
    assert loads.run_load("venues", "b.csv", "other") and not first.join()
    loads.run_load("venues", "b.csv", "data")


def test_a_load_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(loads, "LONGEST", 1)
    began = time.monotonic()
    with pytest.raises(loads.LoadError) as refused:
        loads._run([sys.executable, "-c", "import time; time.sleep(60)", "load", "x"])
    assert refused.value.why == "slow" and time.monotonic() - began < 20


def test_a_server_that_ends_does_not_wait_for_a_load():
    script = (
        "import sys, threading\nfrom dashboard import loads\n"
        "def load():\n    try: loads._run([sys.executable, '-c', 'import time; time.sleep(60)', 'load', 'x'])\n"
        "    except loads.LoadError as error: print(error.why)\n"
        "threading.Thread(target=load).start()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.strip() == "slow"


def test_a_database_that_is_away_is_not_the_files_fault():
    told = {"kind": "venues", "file": "a.csv", "error": "the database cannot be used", "error_type": "DatabaseError"}
    with pytest.raises(loads.LoadError) as refused:
        loads.read_result(json.dumps(told), "", 1)
    assert refused.value.why == "database" and VI("load.error.database")


@pytest.mark.parametrize("printed", ["", "Traceback", "[]", "null", '"x"', "{}{}"])
def test_what_is_no_object_of_a_load_is_an_error(printed):
    with pytest.raises(loads.LoadError) as refused:
        loads.read_result(printed, "phuqr: a fault", 1)
    assert refused.value.why == "failed"


def test_an_account_that_may_not_load_is_told_so_by_the_command(seated, read_as):
    read_as()
    with pytest.raises(loads.LoadError):
        loads.run_load("venues", __file__, "leader", dry_run=True)


def test_a_failed_command_is_a_notice(read_as, monkeypatch):
    read_as()
    monkeypatch.setattr(loads, "COMMAND", [sys.executable, "-c", "raise SystemExit('phuqr: gone')"])
    page = press(put(opened(), "venues.csv", FILE), "load-check")
    assert [error.value for error in page.error] == [VI("load.error.failed")]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Địa điểm tháng 11.CSV", "Địa điểm tháng 11.csv"), ("../../etc/passwd", "passwd"), ("C:\\tệp\\a.xlsx", "a.xlsx"),
        ("-rf.csv", "rf.csv"), ("<b>x</b>.csv", "b_.csv"), (".csv", "tep.csv"), ("", "tep"), ("a\0b\n.csv", "a_b_.csv"),
        ("x" * 300 + ".xlsx", "x" * 80 + ".xlsx"), ("a.c/s;v", "s_v"), ("a.cs;v", "a.csv"), ("..", "tep"),
    ],
)  # fmt: skip
def test_names_of_files_are_made_safe(name, safe):
    assert loads.safe_name(name) == safe


def test_the_folder_is_private_and_goes_with_the_session():
    spool = loads.Spool()
    path = spool.keep("../a.csv", b"1")
    assert (
        path.read_bytes() == b"1" and path.is_relative_to(spool.folder) and spool.folder.stat().st_mode & 0o777 == 0o700
    )
    assert spool.keep("a.csv", b"2") != path
    folder = spool.folder
    del spool
    assert not folder.exists()


def test_what_a_killed_server_has_left_is_removed():
    script = "import os, signal\nfrom dashboard.loads import Spool\nspool = Spool()\nspool.keep('a.csv', b'1')\n"
    script += "print(spool.folder, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    left = Path(done.stdout.strip())
    assert (left.is_dir(), done.returncode) == (True, -9)
    mine = loads.Spool()
    loads.Spool()
    assert not left.exists() and mine.folder.is_dir()


def test_labels_take_no_markdown():
    assert data_panels.plain("[a](//b) :red[x] <i> **b** $x$") == (
        "\\[a\\]\\(//b\\) \\:red\\[x\\] \\<i\\> \\*\\*b\\*\\* \\$x\\$"
    )


def test_the_words_of_the_rules_are_those_of_the_command():
    assert {rule: said for rule, (said, _) in checking.RULES.items()} == RULES


# --- downloads


def request(actor, **path):
    scope = {"type": "http", "headers": [], "query_string": b"", "path_params": path, "method": "GET"}
    made = Request(scope)
    made.state.reader = actor
    return made


def downloads():
    with db.engine().connect() as connection:
        query = "SELECT account, detail FROM audit WHERE event = 'download' ORDER BY id DESC LIMIT 1"
        return connection.exec_driver_sql(query).one_or_none()


@pytest.fixture(scope="module")
def bad_run(seated, tmp_path_factory):
    """A load with a refused row in Quang Vĩnh, and one of a commune that could not be known."""
    from loaders.venues import load_venues

    path = tmp_path_factory.mktemp("bad") / "bad.csv"
    path.write_text(
        "Mã địa điểm,Tên địa điểm,Loại hình,Xã,Huyện,Ngày tạo\nB1,=1+1,Chợ dân sinh,Quang Vĩnh,Đức Thọ,31/02/2021\n"
        "B2,x,Chợ dân sinh,Lạ,Đức Thọ,30/11/2021\nB3,x,Chợ dân sinh,Quang Vĩnh,Đức Thọ,30/11/2021\n",
        encoding="utf-8",
    )
    return load_venues(path).run


@pytest.mark.parametrize("name", [*ROLES, "du-lieu-440"])
def test_findings_of_a_load_are_for_data_and_admin_and_on_record(bad_run, read_as, name):
    actor = read_as(name, "440" if name == "du-lieu-440" else "42")
    if actor.scope.role not in PAGES["data"].roles:
        with pytest.raises(HTTPException) as refused:
            run_findings(request(actor, run=bad_run))
        assert refused.value.status_code == 404
        return
    answer = run_findings(request(actor, run=bad_run))
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.body)).get_sheet_by_index(0).to_python()
    assert rows[0] == [
        VI(f"finding.{name}") for name in ("row", "column", "value", "rule", "refused", "remedy", "commune")
    ]
    assert rows[1] == [2, "Ngày tạo", "31/02/2021", "không phải ngày có thật", "từ chối", rows[1][5], "Xã Quang Vĩnh"]
    assert len(rows) == 2, "rows whose commune is not known are for who sees all"
    assert downloads() == (name, f"phu-qr_lan-nap-{bad_run}.xlsx")


def test_findings_of_no_load_or_of_elsewhere_are_not_there(bad_run, read_as):
    for actor, run_id in ((read_as("data", "449"), bad_run), (read_as("data"), 10**17), (read_as("data"), 1)):
        with pytest.raises(HTTPException) as refused:
            run_findings(request(actor, run=run_id))
        assert refused.value.status_code == 404


def test_findings_of_a_check_are_for_its_account_and_while_its_session_lasts(read_as):
    mine, admin, other = read_as(), read_as("admin"), read_as("du-lieu-440", "440")
    read_as()
    page = press(put(opened(), "tệp xấu.csv", FILE), "load-check")
    offered = page.session_state["job"]["offered"]
    token = offered.token
    answer = checked_findings(request(mine, token=token))
    assert str(answer.path) == str(offered.path) and downloads() == ("data", "tệp xấu-can-sua.xlsx")
    rows = CalamineWorkbook.from_path(str(offered.path)).get_sheet_by_index(0).to_python()
    assert rows[-1][0] == "N3" and HOSTILE in rows[-1]
    demoted = Actor(mine.name, Scope("leader", mine.scope.units), mine.address)
    for actor, asked in ((other, token), (admin, token), (demoted, token), (mine, token + "x"), (mine, "")):
        with pytest.raises(HTTPException):
            checked_findings(request(actor, token=asked))
    page.session_state["job"].clear()
    del offered
    with pytest.raises(HTTPException):
        checked_findings(request(mine, token=token))
