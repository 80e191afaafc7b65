"""The dashboard's own logins: what they can do, whose they are, and how they are found again."""

import secrets
from contextlib import nullcontext
from datetime import date

import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import operator_scope
from geo.errors import DatabaseError
from geo.schema import GATE, LOADER, OWNER, VIEWER
from geo.schema_access import gate_secret
from geo.scope import NOTHING
from loaders.boundaries import load_boundaries


@pytest.fixture
def restricted(database, boundary_file):
    """The file's database with the six communes, used as the dashboard does."""
    load_boundaries(boundary_file, date(2021, 11, 1))
    with db.reading(operator_scope()):  # no connection of before may be used again
        pass
    db.restrict()
    yield
    db.close()


def test_the_dashboard_keeps_no_way_to_load_or_to_change_the_schema(restricted):
    for refused in (LOADER, OWNER, None):
        with pytest.raises(DatabaseError, match="reads and keeps accounts"):
            db.engine(refused)
    for refused in (db.loading, db.migrate):
        with pytest.raises(DatabaseError, match="reads and keeps accounts"), refused() or nullcontext():
            pass
    with db.reading(NOTHING) as connection:
        assert connection.execute(sa.text("SELECT * FROM venue")).all() == []


WAYS = ["RESET ROLE", "SET ROLE NONE", "RESET SESSION AUTHORIZATION", "DISCARD ALL"]
REFUSED = [
    "INSERT INTO load_run (kind, file_name, sha256, loaded_by) VALUES ('venues', 'a', 'b', 'c')", "DELETE FROM venue",
    "SELECT * FROM venue FOR UPDATE", "ALTER TABLE venue DISABLE ROW LEVEL SECURITY", "CREATE TABLE public.more (a int)",
    "SELECT add_scan_month('2021-11-01')", "CREATE ROLE more", f"SET ROLE {LOADER}", f"SET ROLE {OWNER}",
]  # fmt: skip


@pytest.mark.parametrize("role", [VIEWER, GATE])
def test_the_dashboards_logins_can_become_nothing_more_than_their_role(restricted, role):
    with db.engine(role).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        database = connection.scalar(sa.text("SELECT oid FROM pg_database WHERE datname = current_database()"))
        member = sa.text("SELECT rolname FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER') ORDER BY 1")
        assert connection.scalars(member).all() == [role, f"{role}_{database}"]
        other, operator = {VIEWER: GATE, GATE: VIEWER}[role], db.database_url().username
        for way in WAYS:
            connection.execute(sa.text(way))
            for refused in [*REFUSED, f"SET ROLE {other}", f'SET ROLE "{operator}"']:
                with pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"):
                    connection.execute(sa.text(refused))
            if role == VIEWER:
                assert connection.execute(sa.text("SELECT * FROM venue_kind")).all() != []
                assert connection.execute(sa.text("SELECT * FROM admin_unit")).all() == []
        connection.invalidate()


def test_an_address_that_may_do_no_more_anyway_is_kept(database, use_database):
    login = f"phuqr_test_{secrets.token_hex(6)}"
    with db.engine().begin() as connection:
        connection.execute(sa.text(f"CREATE ROLE {login} LOGIN PASSWORD '{login}' IN ROLE {VIEWER}, {GATE}"))
    try:
        use_database(sa.make_url(database).set(username=login, password=login).render_as_string(hide_password=False))
        db.restrict()
        for work, role in ((db.gating, GATE), (lambda: db.reading(NOTHING), VIEWER)):
            with work() as connection:
                names = sa.text("SELECT session_user, current_user")
                assert connection.execute(names).one() == (login, role)
        with pytest.raises(DatabaseError, match="reads and keeps accounts"):
            db.engine(LOADER)
    finally:
        use_database(database)
        with db.engine().begin() as connection:
            connection.execute(sa.text(f"DROP ROLE {login}"))


def passwords():
    """The kept passwords of the dashboard's logins, and which of them open a connection."""
    with db.engine(OWNER).connect() as connection:
        kept = dict(connection.execute(sa.select(gate_secret.c.name, gate_secret.c.value)).all())
    db.restrict()
    for role in (VIEWER, GATE):
        with db.engine(role).connect() as connection:
            assert connection.scalar(sa.text("SELECT session_user")) in kept
    db.close()
    return kept


def test_each_database_has_logins_of_its_own_and_migrating_again_keeps_them(database, make_database, use_database):
    first = passwords()
    db.migrate()
    assert passwords() == first
    use_database(make_database())
    db.migrate()
    second = passwords()
    assert set(first) & set(second) == {"cookie"}
    assert not set(first.values()) & set(second.values())
    use_database(database)


def test_logins_whose_passwords_were_lost_are_given_new_ones_by_migrating(make_database, use_database):
    use_database(make_database())
    db.migrate()
    first = passwords()
    with db.engine().begin() as connection:  # as where another database's dump was restored
        connection.execute(sa.text("DELETE FROM gate_secret WHERE name <> 'cookie'"))
    with pytest.raises(DatabaseError, match="phuqr db migrate"):
        db.restrict()
    db.migrate()
    assert set(passwords()) == set(first)
