"""The pages for admins: accounts issued, changed and disabled as the buttons say, and what the audit then shows."""

from streamlit.testing.v1 import AppTest

from dashboard.navigation import PAGES
from geo.accounts import add_account, list_accounts
from geo.audit import operator
from geo.sessions import sign_in

from .running import run


def opened(path, **query):
    page = AppTest.from_file(PAGES[path].file, default_timeout=30)
    for name, text in query.items():
        page.query_params[name] = text
    return run(page)


def press(page, label):
    assert label in [button.label for button in page.button]
    next(button for button in page.button if button.label == label).click()
    return run(page)


def choose(page, name):
    """Tick the account's row."""
    place = list(page.dataframe[0].value["account"]).index(name)
    page.session_state["accounts"] = {"selection": {"rows": [place], "columns": [], "cells": []}}
    return run(page)


def passwords(page):
    return dict(line.split("\t") for line in page.code[0].value.splitlines()) if page.code else {}


def accounts():
    return {each.name: each for each in list_accounts(operator())}


def test_an_account_is_issued_with_a_password_that_opens_it(small_province, read_as):
    read_as("admin", "42")
    page = opened("accounts")
    page.text_input(key="new-name").set_value("Duc_Tho ")
    page.selectbox(key="new-role").set_value("district")
    page.multiselect(key="new-units").set_value(["440"])
    press(run(page), "Cấp tài khoản")
    assert passwords(page).keys() == {"duc_tho"}
    assert sign_in("duc_tho", passwords(page)["duc_tho"], "127.0.0.1")
    issued = accounts()["duc_tho"]
    assert (issued.role, [code for _, code, _ in issued.units]) == ("district", ["440"])
    assert "duc_tho" in list(page.dataframe[0].value["account"])
    assert page.text_input(key="new-name").value == "" and page.multiselect(key="new-units").value == []
    press(page, "Cấp tài khoản")
    assert not page.code, "shown once"
    assert [error.value for error in page.error] == [
        "Tên hoặc mật khẩu không hợp lệ, tên đã có, hoặc đơn vị ngoài địa bàn được giao."
    ]


def test_one_account_is_issued_to_each_unit_that_has_none(small_province, read_as):
    read_as("admin", "440")
    page = opened("accounts")
    press(page, "Cấp 3 tài khoản")
    assert passwords(page).keys() == {"xa-18229", "xa-18235", "xa-18280"}
    assert {name: each.role for name, each in accounts().items() if name.startswith("xa-")} == dict.fromkeys(
        passwords(page), "commune"
    )
    assert any(button.label == "Mọi đơn vị đã có tài khoản." and button.disabled for button in page.button)


def test_an_account_is_changed(small_province, read_as):
    read_as("admin", "42")
    add_account(operator(), "ky_anh", "district", ["449"])
    page = choose(opened("accounts"), "ky_anh")
    press(page, "Đặt lại mật khẩu")
    assert sign_in("ky_anh", passwords(page)["ky_anh"], "127.0.0.1")
    page.selectbox(key="role-ky_anh").set_value("data")
    page.multiselect(key="units-ky_anh").set_value(["440", "449"])
    press(run(page), "Lưu vai trò và địa bàn")
    changed = accounts()["ky_anh"]
    assert (changed.role, [code for _, code, _ in changed.units]) == ("data", ["440", "449"])
    assert [said.value for said in page.success] == ["Đã lưu."]
    press(page, "Khóa tài khoản")
    assert accounts()["ky_anh"].disabled
    press(page, "Mở khóa tài khoản")
    assert not accounts()["ky_anh"].disabled


def test_an_admin_sees_and_gives_only_what_is_in_its_scope(small_province, read_as):
    read_as("admin", "440")
    add_account(operator(), "hoa_lac", "commune", ["18280"])
    add_account(operator(), "hai_huyen", "data", ["440", "449"])
    page = opened("accounts")
    names = list(page.dataframe[0].value["account"])
    assert "hoa_lac" in names and "hai_huyen" not in names, "the second sees another district, too"
    assert "449" not in " ".join(page.multiselect(key="new-units").options)


def test_an_admin_does_not_lock_itself_out(small_province, read_as):
    read_as("admin", "42")
    page = opened("accounts")
    page.text_input(key="new-name").set_value("admin")
    page.selectbox(key="new-role").set_value("admin")
    page.multiselect(key="new-units").set_value(["42"])
    press(run(page), "Cấp tài khoản")
    choose(page, "admin")
    labels = [button.label for button in page.button]
    assert "Đặt lại mật khẩu" in labels and "Khóa tài khoản" not in labels


def test_the_audit_shows_the_newest_first_and_can_be_narrowed(small_province, read_as):
    read_as("admin", "42")
    for name in ("loc_ha", "can_loc"):
        sign_in(name, add_account(operator(), name, "leader", ["42"]), "192.0.2.7")
    page = opened("audit", lang="en")
    rows = page.dataframe[0].value
    assert list(rows["event"][:2]) == ["sign-in", "account issued"]
    assert rows["detail"][1] == "can_loc: leader, Tỉnh Hà Tĩnh (42)"
    page.selectbox(key="event").set_value("sign_in")
    assert set(run(page).dataframe[0].value["event"]) == {"sign-in"}
    page.text_input(key="audit_account").set_value("Loc_Ha")
    found = run(page).dataframe[0].value
    assert list(found["account"]) == ["loc_ha"] and list(found["address"]) == ["192.0.2.7"]
