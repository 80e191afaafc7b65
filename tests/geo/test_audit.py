"""The audit: every event with who, what and from where; added to, never changed; read by admins only."""

import re
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from geo import accounts, db
from geo.accounts import add_account, find_scope, operator_scope, set_disabled, set_password, set_scope
from geo.audit import EVENTS, Actor, list_events, operator, reading_cases, record
from geo.errors import AccountError, DatabaseError, FileError
from geo.schema import GATE, LOADER, OWNER, VIEWER
from geo.scope import ROLES, Scope
from geo.sessions import change_password, find_reader, session_key, sign_in, sign_in_by_provider, sign_out
from loaders.boundaries import load_boundaries
from loaders.venues import load_venues

PASSWORD, HERE = "correct horse battery", "10.0.0.1"
ADMIN = Actor("an-admin", Scope("operator"), "10.0.0.9")


@pytest.fixture(scope="module")
def units(database, boundary_file):
    load_boundaries(boundary_file, date(2021, 11, 1))


@pytest.fixture
def office(units, monkeypatch):
    """An account of Huyện Đức Thọ."""
    monkeypatch.setattr(accounts, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with db.engine().begin() as connection:
        connection.execute(sa.text("DELETE FROM account"))
        connection.execute(sa.text("DELETE FROM sign_in_turn"))
    add_account(ADMIN, "duc-tho", "health", ["440"], PASSWORD)


@pytest.fixture
def added(office):
    """A function that gives what was added to the audit since the last call: account, event, detail, address."""
    last = 0

    def read():
        nonlocal last
        with db.engine().connect() as connection:
            found = connection.execute(sa.text("SELECT id, account, event, detail, address, at > now() - interval '1 minute' "
                                               "FROM audit WHERE id > :last ORDER BY id"), {"last": last}).all()  # fmt: skip
        last = max((row.id for row in found), default=last)
        assert all(row[5] for row in found)
        return [tuple(row[1:5]) for row in found]

    read()
    return read


def test_signing_in_and_out_is_on_record(added):
    token = sign_in("duc-tho", PASSWORD, HERE)
    assert added() == [("duc-tho", "sign_in", None, HERE)]
    sign_in("duc-tho", "wrong horse battery", HERE)
    sign_in("no-such", PASSWORD, "10.0.0.2")
    sign_in("Họ Tên", PASSWORD, HERE)
    assert added() == [
        ("duc-tho", "sign_in_failed", None, HERE),
        ("no-such", "sign_in_failed", None, "10.0.0.2"),
        (None, "sign_in_failed", None, HERE),
    ]
    reader = find_reader(session_key(token))
    sign_out(reader, session_key(token))
    sign_out(reader, session_key(token))
    assert added() == [("duc-tho", "sign_out", None, HERE)]


def test_every_change_of_an_account_is_on_record(added):
    add_account(ADMIN, "new", "district", ["440", "18754"])
    set_scope(ADMIN, "new", ["449"], "data")
    set_password(ADMIN, "new")
    set_disabled(ADMIN, "new")
    set_disabled(ADMIN, "new", disabled=False)
    change_password(Actor("duc-tho", find_scope("duc-tho"), HERE), PASSWORD, "another horse battery")
    assert added() == [
        ("an-admin", "account_added", "new: district, Phường Kỳ Trinh (18754), Huyện Đức Thọ (440)", "10.0.0.9"),
        ("an-admin", "account_scope", "new: data, Thị xã Kỳ Anh (449)", "10.0.0.9"),
        ("an-admin", "account_password", "new", "10.0.0.9"),
        ("an-admin", "account_disabled", "new", "10.0.0.9"),
        ("an-admin", "account_enabled", "new", "10.0.0.9"),
        ("duc-tho", "account_password", "duc-tho", HERE),
    ]


def test_what_a_provider_changes_is_on_record_and_what_it_leaves_is_not(added):
    sign_in_by_provider("issuer|7", "vhtt", "district", ["440"], HERE)
    assert added() == [
        ("provider:sign-in", "account_added", "vhtt: district, Huyện Đức Thọ (440)", HERE),
        ("vhtt", "sign_in", None, HERE),
    ]
    sign_in_by_provider("issuer|7", "vhtt", "district", ["449"], HERE)
    assert [event for _, event, *_ in added()] == ["account_scope", "sign_in"]
    sign_in_by_provider("issuer|7", "vhtt", "district", ["449"], HERE)
    assert [event for _, event, *_ in added()] == ["sign_in"]


def test_whom_a_provider_may_not_vouch_for_is_on_record_without_what_is_no_accounts_name(added):
    for name in ("duc-tho", "Nguyễn Thị Lan"):
        with pytest.raises(AccountError):
            sign_in_by_provider("issuer|8", name, "district", ["440"], HERE)
    taken, unnamed = added()
    assert taken == ("duc-tho", "sign_in_failed", "there is an account duc-tho already; choose another name", HERE)
    assert unnamed[:2] == (None, "sign_in_failed")
    assert "Lan" not in unnamed[2]


def test_loads_are_on_record_also_of_files_refused_as_a_whole(added, tmp_path, small_files):
    load_venues(small_files["venues"])
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(FileError):
        load_venues(tmp_path / "odd.csv")
    (who, event, said, address), refused = added()
    assert who == operator().name
    assert re.fullmatch("command:.+", who)
    assert (event, address) == ("load", None)
    assert re.fullmatch(r"venues, venues\.csv: 11 = 11 \+ 0 \(run \d+\)", said)
    assert refused == (who, "load", "venues, odd.csv: refused as a whole", None)


def test_reading_traced_cases_is_on_record_before_the_first_row_and_even_if_it_fails(added):
    actor = Actor("duc-tho", find_scope("duc-tho"), HERE)
    seen = ("duc-tho", "case_view", "visits of 440", HERE)
    with reading_cases(actor, "visits of 440") as connection:
        assert added() == [seen]
        assert connection.scalar(sa.text("SELECT sees_cases()"))
    with pytest.raises(sa.exc.DataError), reading_cases(actor, "visits of 440") as connection:
        connection.execute(sa.text("SELECT 1 / 0"))
    assert added() == [seen]
    with (
        pytest.raises(sa.exc.DBAPIError),
        reading_cases(Actor("duc-tho", Scope("health", ((10**12, "440"),)), HERE), "visits of 440"),
    ):
        pass
    assert added() == [seen]


def test_where_no_record_can_be_made_no_case_is_read(added):
    began = False
    with pytest.raises(ValueError, match="NUL"), reading_cases(Actor("duc-tho", operator_scope(), HERE), "\0"):
        began = True
    assert not began


def test_cases_are_read_through_the_audit_only():
    root = Path(__file__).resolve().parents[2]
    files = [path for package in ("geo", "loaders", "dashboard") for path in (root / package).rglob("*.py")]
    text = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files}
    assert [name for name, code in text.items() if "cases=True" in code] == ["geo/audit.py"]
    assert [name for name, code in text.items() if "phuqr.cases" in code and "migrations" not in name] == [
        "geo/scope.py"
    ]


def test_an_action_that_fails_leaves_no_record(added):
    with pytest.raises(RuntimeError), db.gating() as connection:
        record(connection, ADMIN, "download", "42")
        raise RuntimeError
    assert added() == []


def test_only_known_events_are_recorded(added):
    with db.gating() as connection:
        for event in EVENTS:
            record(connection, ADMIN, event)
        with pytest.raises(ValueError, match="no event"):
            record(connection, ADMIN, "party")
    assert tuple(event for _, event, *_ in added()) == EVENTS


@pytest.mark.parametrize("statement", ["UPDATE audit SET account = 'x'", "DELETE FROM audit", "TRUNCATE audit"])
@pytest.mark.parametrize("role", [VIEWER, LOADER, GATE, OWNER, None])
def test_nobody_changes_or_removes_what_is_on_record(added, role, statement):
    with db.engine().connect() as connection:
        before = connection.execute(sa.text("SELECT * FROM audit ORDER BY id")).all()
    with db.engine(role).connect() as connection:
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied|never changed"):
            connection.execute(sa.text(statement))
        connection.rollback()
        assert role or connection.execute(sa.text("SELECT * FROM audit ORDER BY id")).all() == before


def test_a_change_that_is_refused_is_one_clear_line(added):
    with (
        pytest.raises(DatabaseError, match="the database refuses: permission denied for table audit"),
        db.gating() as connection,
    ):
        connection.execute(sa.text("DELETE FROM audit"))


def test_a_loader_adds_and_reads_nothing_and_a_reader_adds_nothing(added):
    adding = sa.text("INSERT INTO audit (account, event) VALUES ('x', 'load')")
    for role, statement, may in (
        (LOADER, adding, True),
        (LOADER, sa.text("SELECT * FROM audit"), False),
        (VIEWER, adding, False),
    ):
        with db.engine(role).connect() as connection:
            if may:
                connection.execute(statement)
            else:
                with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                    connection.execute(statement)
            connection.rollback()


@pytest.mark.parametrize("role", [*ROLES, "operator", "nobody"])
def test_admins_only_read_the_audit(added, role):
    with db.reading(Scope(role, operator_scope().units)) as connection:
        assert bool(len(list_events(connection))) == (role == "admin")


def test_events_are_listed_newest_first_and_narrowed(added):
    sign_in("duc-tho", PASSWORD, HERE)
    sign_in("duc-tho", "wrong horse battery", HERE)
    with db.reading(Scope("admin")) as connection:
        newest = list_events(connection, limit=2)
        assert list(newest) == ["at", "account", "event", "detail", "address"]
        assert newest["event"].tolist() == ["sign_in_failed", "sign_in"]
        assert set(list_events(connection, account="an-admin")["account"]) == {"an-admin"}
        both = list_events(connection, account="duc-tho", event="sign_in")
        assert set(zip(both["account"], both["event"])) == {("duc-tho", "sign_in")}
