"""Quản lý tài khoản: accounts of the admin's units: issued, one by one or one to each unit, changed and disabled."""

import pandas as pd
import streamlit as st

from dashboard import data
from dashboard.frame import page
from geo.accounts import add_account, list_accounts, set_disabled, set_password, set_scope
from geo.db import today
from geo.errors import AccountError
from geo.scope import ROLES
from geo.units import ancestors

# Level of the unit -> role and the first part of the name of the account that is issued to it.
EACH = {2: ("district", "huyen-"), 3: ("commune", "xa-")}


def act(text, does):
    """Run what a button asks for; what is refused is told, and new passwords are shown until the next choice.

    They are put into a dict of before: a click meanwhile ends this run at its next use of Streamlit, but loses nothing.
    """
    told = st.session_state.told
    try:
        told.update(passwords=does() or [], error=None)
    except AccountError:
        told.update(passwords=None, error=text("error.account"))


def show_told(text):
    """What the last button has done."""
    told = st.session_state.setdefault("told", {"passwords": None, "error": None})
    if told["error"]:
        st.error(told["error"])
    elif told["passwords"]:
        st.success(text("accounts.passwords"))
        st.code("\n".join(f"{name}\t{password}" for name, password in told["passwords"]), language=None)
    elif told["passwords"] is not None:
        st.success(text("accounts.done"))


def state_of(each):
    return "disabled" if each.disabled else "by_provider" if each.by_provider else "active"


def show_list(accounts, text):
    """The accounts as a table; returns the one chosen, or None."""
    rows = pd.DataFrame(
        {
            "account": each.name,
            "role": text(f"role.{each.role}"),
            "accounts.scope": ", ".join(name for *_, name in each.units) or text("accounts.no_scope"),
            "accounts.state": text(f"accounts.{state_of(each)}"),
            "accounts.created": text.day(each.created_at),
            "accounts.last": text.moment(each.last_at) if each.last_at else text("accounts.never"),
        }
        for each in accounts
    )
    st.markdown(f"**{text('accounts.list', count=text.number(len(rows)))}**")
    st.caption(text("accounts.choose"))
    chosen = st.dataframe(
        rows, hide_index=True, key="accounts", on_select="rerun", selection_mode="single-row",
        column_config={column: text(column) for column in rows},
    ).selection.rows  # fmt: skip
    return accounts[chosen[0]] if chosen and chosen[0] < len(accounts) else None


def choose_role(text, key, role="commune"):
    return st.selectbox(text("role"), ROLES, ROLES.index(role), format_func=lambda role: text(f"role.{role}"), key=key)


def choose_units(text, units, key, codes=()):
    names = {code: f"{unit.name} ({code})" for code, unit in units.items()}
    st.session_state.setdefault(key, [code for code in codes if code in units])
    return st.multiselect(text("accounts.units"), list(units), format_func=names.get, key=key, placeholder="")


def show_changes(reader, each, units, text):
    """What can be changed of one account."""
    st.markdown(f"#### {each.name}")
    role = choose_role(text, f"role-{each.name}", each.role)
    codes = choose_units(text, units, f"units-{each.name}", [code for _, code, _ in each.units])
    st.button(text("accounts.rescope"), on_click=act, args=(text, lambda: set_scope(reader, each.name, codes, role)))
    if not each.by_provider:
        st.button(
            text("accounts.reset"), on_click=act, args=(text, lambda: [(each.name, set_password(reader, each.name))])
        )
    if each.name != reader.name:
        st.button(
            text(f"accounts.{'enable' if each.disabled else 'disable'}"),
            on_click=act,
            args=(text, lambda: set_disabled(reader, each.name, not each.disabled)),
        )


def show_issue(reader, units, text):
    """The form for one more account."""
    st.markdown(f"#### {text('accounts.issue')}")
    name = st.text_input(text("accounts.name"), key="new-name").strip().lower()
    st.caption(text("accounts.name_help"))
    role = choose_role(text, "new-role")
    codes = choose_units(text, units, "new-units")

    def issue():
        password = add_account(reader, name, role, codes)
        st.session_state.update({"new-name": "", "new-units": []})
        return [(name, password)]

    st.button(text("accounts.add"), on_click=act, args=(text, issue), type="primary")


def show_issue_each(reader, accounts, atlas, units, text):
    """One account to each district or commune that has none."""
    levels = [
        level for level in EACH if any(unit.level == level and unit.parent_code in units for unit in units.values())
    ]
    if not levels:
        return
    st.markdown(f"#### {text('accounts.each')}")
    st.caption(text("accounts.each_help"))
    level = st.segmented_control(
        text("accounts.each_level"), levels, default=levels[0], key="each-level", required=True,
        format_func=lambda level: text(f"role.{EACH[level][0]}"),
    )  # fmt: skip
    within = st.selectbox(
        text("accounts.each_within"), [code for code, unit in units.items() if unit.level < level],
        format_func=lambda code: units[code].name, key="each-within",
    )  # fmt: skip
    role, first = EACH[level]
    have = {code for each in accounts if each.role == role for _, code, _ in each.units}
    missing = [
        code for code, unit in units.items()
        if unit.level == level and code not in have and units[within] in ancestors(atlas.units, code)
    ]  # fmt: skip

    def issue():
        return [(f"{first}{code}", add_account(reader, f"{first}{code}", role, [code])) for code in missing]

    label = text("accounts.each_add", count=text.number(len(missing))) if missing else text("accounts.each_none")
    if st.button(label, disabled=not missing):
        with st.spinner(text("accounts.working")):
            act(text, issue)
        st.rerun()


with page("accounts") as (text, reader):
    st.html(f'<header class="phuqr-header"><h1>{text("accounts.title")}</h1></header>')
    held = data.holdings(reader.scope)
    atlas = data.atlas(held.version, reader.scope, today())
    units = {code: unit for code, unit in atlas.units.items() if unit.in_scope}
    show_told(text)
    left, right = st.columns([3, 2], gap="medium")
    accounts = list_accounts(reader)
    with left:
        chosen = show_list(accounts, text)
    with right:
        if chosen:
            show_changes(reader, chosen, units, text)
        show_issue(reader, units, text)
        show_issue_each(reader, accounts, atlas, units, text)
