"""Signing in and out: what opens a session, what ends it, and how guessing is made slow."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from geo import accounts, db
from geo.accounts import add_account, find_scope, list_accounts, set_disabled, set_password
from geo.audit import Actor
from geo.errors import AccountError
from geo.scope import Scope
from geo.sessions import (
    FREE,
    TooManyTries,
    change_password,
    find_reader,
    session_key,
    sign_in,
    sign_in_by_provider,
    sign_out,
)
from loaders.boundaries import load_boundaries

OPERATOR = Actor("command:staff", Scope("operator"))
PASSWORD, WRONG, HERE = "correct horse battery", "wrong horse battery", "10.0.0.1"


@pytest.fixture(scope="module")
def units(database, boundary_file):
    load_boundaries(boundary_file, date(2021, 11, 1))


@pytest.fixture
def offices(units, monkeypatch):
    """Two accounts with PASSWORD, argon2id at the least cost it can have, and no failed sign-ins."""
    monkeypatch.setattr(accounts, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    accounts._nobodys_hash.cache_clear()
    change("DELETE FROM account", "DELETE FROM sign_in_turn")
    add_account(OPERATOR, "duc-tho", "district", ["440"], PASSWORD)
    add_account(OPERATOR, "ky-anh", "district", ["449"], PASSWORD)
    yield
    accounts._nobodys_hash.cache_clear()


@pytest.fixture
def verified(monkeypatch):
    """The hashes that passwords were tried against, each as it is."""
    tried, verify = [], accounts.hasher.verify
    monkeypatch.setattr(
        type(accounts.hasher), "verify", lambda self, kept, given: tried.append(kept) or verify(kept, given)
    )
    return tried


def change(*statements):
    with db.engine().begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def rows(query):
    with db.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def failures():
    return dict(rows("SELECT key, failures FROM sign_in_turn"))


def fail(times, name="duc-tho", address=HERE):
    """How long the next try has to wait after that many failures in a row, in s; 0: not at all."""
    change("DELETE FROM sign_in_turn", f"INSERT INTO sign_in_turn VALUES ('{name}', {times}, clock_timestamp())")
    try:
        sign_in(name.partition(":")[2] if name.startswith("account:") else "no-such", WRONG, address)
    except TooManyTries as error:
        return error.seconds
    return 0


def test_a_session_is_opened_with_a_token_that_the_database_does_not_hold(offices):
    token = sign_in(" Duc-Tho ", PASSWORD, HERE)
    reader = find_reader(session_key(token))
    assert (reader.name, reader.address, reader.scope) == ("duc-tho", HERE, Scope("district", ((1, "440"),)))
    assert len(token) >= 43  # 256 bits
    kept = str([rows(f"SELECT t::text FROM {table} t") for table in ("session", "audit", "account", "sign_in_turn")])
    assert token not in kept
    assert token.encode().hex() not in kept
    assert [find_reader(key) for key in (b"", token.encode(), session_key(""), session_key("' OR true --"))] == [
        None
    ] * 4
    assert sign_in("duc-tho", PASSWORD, HERE) != token


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("duc-tho", WRONG), ("no-such", PASSWORD), ("disabled", PASSWORD), ("by-provider", PASSWORD), ("duc-tho", ""),
        ("", ""), ("duc-tho", PASSWORD + "x"), ("a" * 5000, "b" * 100_000), ("duc-tho' --", PASSWORD),
        ("duc-tho\0", PASSWORD), ("duc-tho", PASSWORD + "\0"), ("duc-tho\ud800", PASSWORD),
    ],
)  # fmt: skip
def test_whatever_does_not_fit_is_answered_alike_and_after_the_same_work(offices, verified, name, password):
    add_account(OPERATOR, "disabled", "data", ["42"], PASSWORD)
    set_disabled(OPERATOR, "disabled")
    add_account(OPERATOR, "by-provider", "data", ["42"], subject="issuer|1")
    assert sign_in(name, password, HERE) is None
    assert len(verified) == 1
    assert verified[0].startswith("$argon2id$")
    assert (
        verified[0].split("$")[3]
        == rows("SELECT password_hash FROM account WHERE name = 'duc-tho'")[0][0].split("$")[3]
    )
    assert rows("SELECT * FROM session") == []


@pytest.mark.parametrize(
    ("column", "age", "stands"),
    [
        ("seen_at", "59 minutes", True), ("seen_at", "61 minutes", False),
        ("started_at", "11 hours 59 minutes", True), ("started_at", "12 hours 1 minute", False),
    ],
)  # fmt: skip
def test_a_session_ends_when_idle_and_after_a_working_day(offices, column, age, stands):
    key = session_key(sign_in("duc-tho", PASSWORD, HERE))
    change(f"UPDATE session SET {column} = now() - interval '{age}'")
    assert bool(find_reader(key)) is stands


def test_a_request_keeps_a_session_from_being_idle(offices):
    key = session_key(sign_in("duc-tho", PASSWORD, HERE))
    for _ in range(3):
        change("UPDATE session SET seen_at = seen_at - interval '50 minutes'")
        assert find_reader(key)
        assert rows("SELECT seen_at > now() - interval '1 minute' FROM session") == [(True,)]


def test_signing_out_ends_that_session_wherever_its_cookie_is(offices):
    own, other = (session_key(sign_in("duc-tho", PASSWORD, HERE)) for _ in range(2))
    reader = find_reader(own)
    sign_out(reader, own)
    sign_out(reader, own)
    assert find_reader(own) is None
    assert find_reader(other)


def test_no_session_of_a_disabled_account_stands_whoever_disabled_it(offices):
    key = session_key(sign_in("duc-tho", PASSWORD, HERE))
    change("UPDATE account SET disabled_at = now()")
    assert find_reader(key) is None


def test_old_sessions_are_forgotten(offices):
    sign_in("duc-tho", PASSWORD, HERE)
    change("UPDATE session SET started_at = now() - interval '16 days'")
    sign_in("ky-anh", PASSWORD, HERE)
    assert len(rows("SELECT * FROM session")) == 1


@pytest.mark.parametrize("between", [set_password, set_disabled])
def test_no_session_is_opened_by_what_changed_while_the_password_was_tried(offices, monkeypatch, between):
    verify = accounts.verify

    def tried(kept, given):
        fits = verify(kept, given)
        between(OPERATOR, "duc-tho")
        return fits

    monkeypatch.setattr(accounts, "verify", tried)
    assert sign_in("duc-tho", PASSWORD, HERE) is None
    assert rows("SELECT * FROM session WHERE ended_at IS NULL") == []


@pytest.mark.parametrize("kind", FREE)
def test_each_failure_beyond_the_free_ones_doubles_the_wait_up_to_five_minutes(offices, kind):
    turn = {"account": "account:duc-tho", "address": f"address:{HERE}"}[kind]
    free = FREE[kind]
    waits = [fail(free + more, turn) for more in (-1, 0, 1, 2, 3, 7, 8, 9, 30, 3000)]
    assert waits == [0, 0, 2, 4, 8, 128, 256, 300, 300, 300]


def test_failures_are_counted_by_account_and_by_address(offices):
    for name, address in (("duc-tho", HERE), (" DUC-THO", "10.0.0.2"), ("no-such", HERE)):
        assert sign_in(name, WRONG, address) is None
    assert failures() == {
        "account:duc-tho": 2, "account:no-such": 1, f"address:{HERE}": 2, "address:10.0.0.2": 1,
    }  # fmt: skip


def test_who_has_to_wait_is_told_so_without_being_tried_or_counted(offices, verified):
    change("INSERT INTO sign_in_turn VALUES ('account:duc-tho', 8, clock_timestamp())")
    before = failures()
    for _ in range(3):
        with pytest.raises(TooManyTries, match=r"try again in 1?[0-9] s"):
            sign_in("duc-tho", PASSWORD, HERE)
    assert verified == []
    assert failures() == before
    assert sign_in("ky-anh", PASSWORD, HERE)


def test_the_wait_passes_and_the_right_password_starts_the_account_anew(offices):
    change(
        "INSERT INTO sign_in_turn VALUES ('account:duc-tho', 8, now() - interval '17 seconds')",
        f"INSERT INTO sign_in_turn VALUES ('address:{HERE}', 3, now())",
    )
    assert sign_in("duc-tho", PASSWORD, HERE)
    assert failures() == {f"address:{HERE}": 3}  # what others failed there stays


def test_failures_are_forgotten_an_hour_after_the_last(offices):
    change(
        "INSERT INTO sign_in_turn VALUES ('account:duc-tho', 30, now() - interval '61 minutes'), ('account:x', 9, now())"
    )
    assert sign_in("duc-tho", WRONG, HERE) is None
    assert failures() == {"account:duc-tho": 1, "account:x": 9, f"address:{HERE}": 1}


@pytest.mark.parametrize(
    ("free", "tries"),
    [
        (FREE["account"], [("duc-tho", f"10.0.1.{number}") for number in range(20)]),
        (FREE["address"], [(f"guess-{number}", HERE) for number in range(30)]),
    ],
)
def test_tries_at_once_are_all_counted_before_any_is_seen_to_fail(offices, verified, free, tries):
    def attempt(who):
        with suppress(TooManyTries):
            assert sign_in(who[0], WRONG, who[1]) is None

    with ThreadPoolExecutor(len(tries)) as pool:
        list(pool.map(attempt, tries))
    # the free ones, and the one that the first wait is for
    assert len(verified) == free + 1
    assert max(failures().values()) == free + 1


def test_a_typed_name_that_can_be_no_name_is_kept_nowhere(offices):
    """It may be a password, in the wrong field."""
    assert sign_in("My Secret Pass!", WRONG, HERE) is None
    kept = str([rows(f"SELECT t::text FROM {table} t") for table in ("audit", "sign_in_turn", "session")])
    assert "secret" not in kept.lower()


def reader_of(name):
    return Actor(name, find_scope(name), HERE)


def test_an_own_password_is_changed_with_the_present_one_and_ends_all_sessions(offices):
    keys = [session_key(sign_in("duc-tho", PASSWORD, HERE)) for _ in range(2)]
    other = session_key(sign_in("ky-anh", PASSWORD, HERE))
    assert change_password(reader_of("duc-tho"), WRONG, "another horse battery") is False
    assert find_reader(keys[0])
    assert change_password(reader_of("duc-tho"), PASSWORD, "another horse battery") is True
    assert [find_reader(key) for key in keys] == [None, None]
    assert find_reader(other)
    assert sign_in("duc-tho", PASSWORD, HERE) is None
    assert sign_in("duc-tho", "another horse battery", HERE)


def test_a_weak_new_password_is_refused_and_nothing_changes(offices):
    key = session_key(sign_in("duc-tho", PASSWORD, HERE))
    with pytest.raises(AccountError, match="too easy"):
        change_password(reader_of("duc-tho"), PASSWORD, "duc-tho-2021")
    assert find_reader(key)
    assert sign_in("duc-tho", PASSWORD, HERE)


def test_guessing_the_present_password_is_slow_too(offices, verified):
    for _ in range(FREE["account"] + 1):
        assert change_password(reader_of("duc-tho"), WRONG, "another horse battery") is False
    with pytest.raises(TooManyTries):
        change_password(reader_of("duc-tho"), PASSWORD, "another horse battery")
    assert len(verified) == FREE["account"] + 1


def by_provider(name="vhtt", role="district", codes=("440",), subject="issuer|7"):
    return sign_in_by_provider(subject, name, role, list(codes), HERE)


def test_who_a_provider_vouches_for_is_issued_an_account_and_kept_up_to_date(offices):
    first = find_reader(session_key(by_provider()))
    assert (first.name, first.scope) == ("vhtt", Scope("district", ((1, "440"),)))
    again = session_key(by_provider("renamed", "health", ("449", "18235")))
    assert find_reader(again).scope == Scope("health", ((1, "18235"), (1, "449")))
    assert find_reader(again).name == "vhtt"
    assert len(list_accounts(OPERATOR)) == 3
    assert rows("SELECT password_hash, subject FROM account WHERE name = 'vhtt'") == [(None, "issuer|7")]
    with pytest.raises(AccountError, match="identity provider"):
        change_password(reader_of("vhtt"), PASSWORD, "another horse battery")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "duc-tho"}, "is an account duc-tho already"),
        ({"subject": "other-issuer|7"}, "is an account vhtt already"),
        ({"codes": ("999",)}, "no unit 999"),
        ({"codes": ()}, "needs a unit"),
        ({"role": "operator"}, "no role operator"),
        ({"name": "Lan Nguyễn", "subject": "issuer|8"}, "is no name"),
    ],
)
def test_what_a_provider_cannot_vouch_for_is_refused(offices, changed, said):
    if "name" not in changed:
        by_provider()
    before = rows("SELECT account, code FROM account_unit"), rows("SELECT count(*) FROM session")
    with pytest.raises(AccountError, match=said):
        by_provider(**changed)
    assert before == (rows("SELECT account, code FROM account_unit"), rows("SELECT count(*) FROM session"))


def test_a_disabled_account_is_not_let_in_by_the_provider_either(offices):
    key = session_key(by_provider())
    set_disabled(OPERATOR, "vhtt")
    with pytest.raises(AccountError, match="vhtt is disabled"):
        by_provider()
    assert find_reader(key) is None
