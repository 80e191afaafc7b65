"""Accounts: who may issue and change them, what is refused, and that a change acts at once."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from geo import accounts, db
from geo.accounts import (
    add_account,
    find_scope,
    generate_password,
    list_accounts,
    operator_scope,
    set_disabled,
    set_password,
    set_scope,
)
from geo.audit import Actor
from geo.errors import AccountError, BoundaryError
from geo.scope import ROLES, Scope
from geo.sessions import find_reader, session_key, sign_in
from loaders.boundaries import load_boundaries

OPERATOR = Actor("command:staff", Scope("operator"))
PASSWORD = "correct horse battery"
# name -> role, units: one admin of a district, one of the province, and who is inside, outside or partly outside the first
PEOPLE = {
    "admin-440": ("admin", ["440"]),
    "admin-42": ("admin", ["42"]),
    "inside": ("commune", ["18235"]),
    "beside": ("district", ["449"]),
    "astride": ("district", ["18235", "449"]),
    "above": ("leader", ["42"]),
    "abroad": ("leader", ["46"]),
}


@pytest.fixture
def quick(monkeypatch):
    """argon2id still, at the least cost it can have."""
    monkeypatch.setattr(accounts, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def people(database, boundary_file, quick):
    """The six communes and PEOPLE, all with PASSWORD; nothing else."""
    with db.engine().begin() as connection:
        connection.execute(sa.text("DELETE FROM account"))
        whole = connection.scalar(sa.text("SELECT count(*) FROM admin_unit")) == 11
        if not whole:
            connection.execute(sa.text("TRUNCATE load_run, boundary_vintage RESTART IDENTITY CASCADE"))
    if not whole:
        load_boundaries(boundary_file, date(2021, 11, 1))
    for name, (role, codes) in PEOPLE.items():
        add_account(OPERATOR, name, role, codes, PASSWORD)


def actor(name):
    return Actor(name, find_scope(name))


def rows(query):
    with db.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def units_of(name):
    return {account.name: [code for _, code, _ in account.units] for account in list_accounts(OPERATOR)}[name]


def test_a_password_is_kept_as_argon2id_and_nowhere_in_clear(people, monkeypatch):
    monkeypatch.undo()
    set_password(OPERATOR, "inside", PASSWORD)
    set_password(OPERATOR, "beside", PASSWORD)
    first, second = (kept for (kept,) in rows("SELECT password_hash FROM account WHERE name IN ('inside', 'beside')"))
    assert first != second
    for kept in (first, second):
        assert kept.startswith("$argon2id$")
        assert extract_parameters(kept).memory_cost >= RFC_9106_LOW_MEMORY.memory_cost
        assert extract_parameters(kept).time_cost >= RFC_9106_LOW_MEMORY.time_cost
    everything = [
        row
        for table in ("account", "audit", "gate_secret", "session")
        for row in rows(f"SELECT {table}::text FROM {table}")
    ]
    assert PASSWORD not in str(everything)


def test_generated_passwords_are_long_differ_and_are_given_once(people):
    given = {add_account(OPERATOR, f"new{number}", "data", ["42"]) for number in range(5)}
    assert len(given | {generate_password() for _ in range(5)}) == 10
    assert all(re.fullmatch(r"([2-9a-hjkmnp-z]{4}-){3}[2-9a-hjkmnp-z]{4}", password) for password in given)
    assert set_password(OPERATOR, "new0") not in given
    assert set_password(OPERATOR, "new0", PASSWORD) == PASSWORD


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "is no name"),
        ({"name": "a"}, "is no name"),
        ({"name": "a" * 65}, "is no name"),
        ({"name": "Duc_Tho"}, "is no name"),
        ({"name": "duc tho"}, "is no name"),
        ({"name": "đức-thọ"}, "is no name"),
        ({"name": "-duc"}, "is no name"),
        ({"name": "duc\n"}, "is no name"),
        ({"name": "command:root"}, "is no name"),
        ({"role": "root"}, "no role root; the roles are leader, district"),
        ({"role": "operator"}, "no role operator"),
        ({"role": "nobody"}, "no role nobody"),
        ({"codes": []}, "needs a unit"),
        ({"codes": ["999"]}, "no unit 999 among those in force since 01/11/2021"),
        ({"codes": ["440", "999", "998"]}, "no unit 998, 999"),
        ({"password": ""}, "has 10 to 200 characters"),
        ({"password": "short-one"}, "has 10 to 200 characters"),
        ({"password": "a1" * 101}, "has 10 to 200 characters"),
        ({"password": "aaaabbbbcccc"}, "too easy"),
        ({"password": "DUC-THO-2021"}, "too easy"),
        ({"name": "inside"}, "is an account inside already"),
    ],
)
def test_what_cannot_be_an_account_is_refused_in_one_line_and_leaves_nothing(people, changed, said):
    before = rows("SELECT account, vintage, code FROM account_unit"), rows("SELECT name, password_hash FROM account")
    with pytest.raises(AccountError, match=said) as refused:
        add_account(
            OPERATOR, **{"name": "duc-tho", "role": "district", "codes": ["440"], "password": PASSWORD} | changed
        )
    assert "\n" not in str(refused.value)
    assert before == (
        rows("SELECT account, vintage, code FROM account_unit"),
        rows("SELECT name, password_hash FROM account"),
    )


def test_the_same_name_issued_twice_at_once_is_one_account_and_one_refusal(people, monkeypatch):
    monkeypatch.undo()  # a hash that takes its time, so that both are at it together

    def add(_):
        try:
            return add_account(OPERATOR, "twin", "data", ["42"]) and "added"
        except AccountError as error:
            return str(error)

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(add, range(2))) == ["added", "there is an account twin already; choose another name"]


def test_an_account_needs_boundaries(people):
    with db.engine().begin() as connection:
        connection.execute(sa.text("TRUNCATE boundary_vintage CASCADE"))
    with pytest.raises(BoundaryError):
        add_account(OPERATOR, "duc-tho", "district", ["440"])


def test_units_are_those_in_force_on_the_day(people, boundary_file):
    load_boundaries(boundary_file, date(2025, 7, 1))
    add_account(OPERATOR, "then", "district", ["440"], day=date(2021, 12, 1))
    add_account(OPERATOR, "now", "district", ["440"], day=date(2025, 7, 1))
    assert (find_scope("then").units, find_scope("now").units) == (((1, "440"),), ((2, "440"),))
    # an admin of the old units is none of the new ones, whatever their codes
    with pytest.raises(AccountError, match="no unit 440"):
        add_account(actor("admin-440"), "other", "district", ["440"], day=date(2025, 7, 1))
    with pytest.raises(AccountError, match="no account now"):
        set_password(actor("admin-440"), "now")


@pytest.mark.parametrize(
    ("admin", "code", "may"),
    [
        ("admin-440", "18235", True), ("admin-440", "440", True), ("admin-440", "449", False), ("admin-440", "42", False),
        ("admin-42", "42", True), ("admin-42", "18754", True), ("admin-42", "46", False),
    ],
)  # fmt: skip
def test_an_admin_gives_units_inside_its_own_scope_only(people, admin, code, may):
    for give in (
        lambda: add_account(actor(admin), "new", "data", [code]),
        lambda: set_scope(actor(admin), "inside", [code], "data"),
    ):
        if may:
            give()
        else:
            with pytest.raises(AccountError, match=f"no unit {code}"):
                give()
    assert units_of("inside") == ([code] if may else ["18235"])


def test_an_admin_cannot_widen_its_own_scope(people):
    with pytest.raises(AccountError, match="no unit 42"):
        set_scope(actor("admin-440"), "admin-440", ["42"])
    with pytest.raises(AccountError, match="no unit 46"):
        set_scope(actor("admin-42"), "admin-42", ["42", "46"])


def test_who_administers_all_there_is_gives_any_unit(people):
    everything = Actor("admin-all", Scope("admin", operator_scope().units))
    set_scope(everything, "abroad", ["46", "42"])
    assert units_of("abroad") == ["42", "46"]
    assert {account.name for account in list_accounts(everything)} == set(PEOPLE)


@pytest.mark.parametrize(
    ("admin", "seen"),
    [
        ("admin-440", {"admin-440", "inside"}),
        ("admin-42", {"admin-440", "admin-42", "inside", "beside", "astride", "above"}),
    ],
)
def test_an_admin_sees_and_changes_the_accounts_wholly_inside_its_scope(people, admin, seen):
    assert {account.name for account in list_accounts(actor(admin))} == seen
    before = rows("SELECT name, password_hash, disabled_at, role FROM account ORDER BY 1")
    for name in set(PEOPLE) - seen:
        for change in (set_password, set_disabled, lambda who, name: set_scope(who, name, ["18235"])):
            with pytest.raises(AccountError, match=f"no account {name}"):
                change(actor(admin), name)
    assert rows("SELECT name, password_hash, disabled_at, role FROM account ORDER BY 1") == before
    for name in seen - {admin}:
        set_disabled(actor(admin), name)
        set_disabled(actor(admin), name, disabled=False)
        set_password(actor(admin), name)


def test_an_account_that_has_lost_its_units_is_for_who_sees_all(people):
    with db.engine().begin() as connection:
        connection.execute(
            sa.text("DELETE FROM account_unit WHERE account = (SELECT id FROM account WHERE name = 'abroad')")
        )
    assert "abroad" not in {account.name for account in list_accounts(actor("admin-440"))}
    with pytest.raises(AccountError, match="no account abroad"):
        set_password(actor("admin-440"), "abroad")
    set_password(OPERATOR, "abroad")


def test_nobody_disables_the_account_in_use(people):
    with pytest.raises(AccountError, match="in use"):
        set_disabled(actor("admin-440"), "admin-440")
    assert find_scope("admin-440").role == "admin"


@pytest.mark.parametrize("role", [*(role for role in ROLES if role != "admin"), "nobody"])
def test_only_an_admin_manages_accounts(people, role):
    who = Actor("above", Scope(role, operator_scope().units))
    for change in (
        lambda: list_accounts(who),
        lambda: add_account(who, "new", "data", ["18235"]),
        lambda: set_password(who, "inside"),
        lambda: set_disabled(who, "inside"),
        lambda: set_scope(who, "inside", ["18235"]),
    ):
        with pytest.raises(AccountError, match="only an admin"):
            change()


@pytest.mark.parametrize("change", [set_password, set_disabled, lambda who, name: set_scope(who, name, ["42"])])
def test_an_account_that_does_not_exist_is_one_clear_line(people, change):
    with pytest.raises(AccountError, match="there is no account nobody-here; see: phuqr user list"):
        change(OPERATOR, "nobody-here")


def signed_in(name):
    return session_key(sign_in(name, PASSWORD, "10.0.0.1"))


@pytest.mark.parametrize("end", [set_password, set_disabled])
def test_a_new_password_and_disabling_end_every_session_of_that_account_at_once(people, end):
    own, other = [signed_in("inside"), signed_in("inside")], signed_in("beside")
    end(OPERATOR, "inside")
    assert [find_reader(key) for key in own] == [None, None]
    assert find_reader(other).name == "beside"
    set_disabled(OPERATOR, "inside", disabled=False)
    assert [find_reader(key) for key in own] == [None, None]
    assert sign_in("inside", PASSWORD, "10.0.0.1") is None or end is set_disabled


def test_a_new_scope_or_role_is_that_of_the_open_sessions_at_once(people):
    key = signed_in("inside")
    assert find_reader(key).scope == Scope("commune", ((1, "18235"),))
    set_scope(OPERATOR, "inside", ["449", "18229"])
    assert find_reader(key).scope == Scope("commune", ((1, "18229"), (1, "449")))
    set_scope(OPERATOR, "inside", ["42"], "health")
    assert find_reader(key).scope == Scope("health", ((1, "42"),))
    with pytest.raises(AccountError, match="no role chief"):
        set_scope(OPERATOR, "inside", ["42"], "chief")


def test_a_unit_that_is_removed_takes_its_part_of_the_scope_with_it(people):
    key = signed_in("astride")
    with db.engine().begin() as connection:
        connection.execute(sa.text("DELETE FROM admin_unit WHERE code = '18235'"))
    assert find_reader(key).scope == Scope("district", ((1, "449"),))
    assert find_scope("inside").units == ()


def test_a_disabled_account_has_no_scope_to_read_with(people):
    set_disabled(OPERATOR, "inside")
    with pytest.raises(AccountError, match="the account inside is disabled"):
        find_scope("inside")


def test_the_list_says_who_may_sign_in_where_and_since_when(people):
    add_account(OPERATOR, "by-provider", "leader", ["42"], subject="issuer|1")
    set_disabled(OPERATOR, "beside")
    signed_in("inside")
    listed = {account.name: account for account in list_accounts(OPERATOR)}
    assert list(listed) == sorted(listed)
    assert listed["inside"].units == ((1, "18235", "Xã Quang Vĩnh"),)
    assert [name for name, account in listed.items() if account.last_at] == ["inside"]
    assert [name for name, account in listed.items() if account.disabled] == ["beside"]
    assert [name for name, account in listed.items() if account.by_provider] == ["by-provider"]
    with pytest.raises(AccountError, match="signs in through the identity provider"):
        set_password(OPERATOR, "by-provider")
