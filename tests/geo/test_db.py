"""Roles, migrations and the database's address."""

import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from geo import db
from geo.accounts import add_account, operator_scope
from geo.audit import operator
from geo.errors import DatabaseError
from geo.schema import GATE, LOADER, OWNER, VIEWER, metadata
from geo.scope import NOTHING, Scope


def schema_differences():
    with db.engine().connect() as connection:
        ours = {"include_object": lambda thing, name, kind, found, other: kind != "table" or name in metadata.tables}
        return compare_metadata(MigrationContext.configure(connection, opts=ours), metadata)


def test_migrations_make_the_schema_that_the_code_describes(database):
    assert schema_differences() == []
    with db.engine().connect() as connection:
        owners = connection.scalars(
            sa.text("SELECT DISTINCT tableowner FROM pg_tables WHERE tablename = ANY (:names)"),
            {"names": list(metadata.tables)},
        )
        assert owners.all() == [OWNER]


def test_every_table_and_column_says_why_it_is_there(database):
    for table in metadata.tables.values():
        assert table.comment, table
        assert all(column.comment for column in table.columns), table
    with db.engine().connect() as connection:
        comment = connection.scalar(sa.text("SELECT col_description('venue'::regclass, attnum) FROM pg_attribute "
                                            "WHERE attrelid = 'venue'::regclass AND attname = 'created_on'"))  # fmt: skip
    assert comment == metadata.tables["venue"].c.created_on.comment


def test_migrating_again_and_twice_at_once_changes_nothing(make_database, use_database):
    use_database(make_database())
    failures = []

    def migrate():
        try:
            db.migrate()
        except DatabaseError as error:
            failures.append(error)

    both = [threading.Thread(target=migrate) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    db.migrate()
    assert failures == []
    with db.engine().connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM venue_kind")) == 23


def test_a_failed_migration_keeps_no_lock(make_database, use_database, monkeypatch):
    use_database(make_database())
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", lambda *_: (_ for _ in ()).throw(DatabaseError("stopped")))
        with pytest.raises(DatabaseError, match="stopped"):
            db.migrate()
    locks = sa.text("""
        SELECT count(*) FROM pg_locks
        WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """)
    others = sa.text("""
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
    """)
    with db.engine().connect() as connection:
        ends = time.monotonic() + 10
        while connection.scalar(others) and time.monotonic() < ends:  # a session that was closed takes a moment to end
            connection.rollback()  # or pg_stat_activity stays as it was first seen
            time.sleep(0.02)
        assert (connection.scalar(others), connection.scalar(locks)) == (0, 0)
    db.migrate()


INSERT = "INSERT INTO load_run (kind, file_name, sha256, loaded_by) VALUES ('venues', 'a', 'b', 'c')"


@pytest.mark.parametrize(
    ("role", "statement", "allowed"),
    [
        (VIEWER, "SELECT count(*) FROM venue", True),
        (VIEWER, INSERT, False),
        (VIEWER, "DELETE FROM venue", False),
        (VIEWER, "SELECT add_scan_month('2021-11-01')", False),
        (VIEWER, "CREATE TABLE public.more (a int)", False),
        (LOADER, INSERT, True),
        (LOADER, "SELECT add_scan_month('2021-11-01')", True),
        (LOADER, "DELETE FROM load_run", False),
        (LOADER, "DELETE FROM load_finding", False),
        (LOADER, "UPDATE venue_kind SET name_vi = 'x'", False),
        (LOADER, "CREATE TABLE public.more (a int)", False),
        (LOADER, "ALTER TABLE venue DROP COLUMN name", False),
        (OWNER, "ALTER TABLE venue ADD COLUMN more int", True),
        (VIEWER, "SELECT * FROM account", False),
        (VIEWER, "SELECT * FROM session", False),
        (VIEWER, "SELECT * FROM gate_secret", False),
        (LOADER, "SELECT * FROM account", False),
        (LOADER, "SELECT * FROM gate_secret", False),
        (LOADER, "INSERT INTO account (name, role) VALUES ('thief', 'admin')", False),
        (GATE, "INSERT INTO account (name, role) VALUES ('office', 'district')", True),
        (GATE, "SELECT * FROM gate_secret", True),
        (GATE, "UPDATE gate_secret SET value = 'x'", False),
        (GATE, "SELECT * FROM venue", False),
        (GATE, "SELECT * FROM scan_day", False),
        (GATE, "SELECT * FROM visit", False),
        (GATE, "SELECT * FROM load_finding", False),
        (GATE, "SELECT * FROM read_facts()", False),
        (GATE, INSERT, False),
        (GATE, "DELETE FROM admin_unit", False),
        (GATE, "CREATE TABLE public.more (a int)", False),
    ],
)
def test_each_role_may_do_its_work_and_no_more(database, role, statement, allowed):
    with db.engine(role).connect() as connection:
        if allowed:
            connection.execute(sa.text(statement))
        else:
            with pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"):
                connection.execute(sa.text(statement))
        connection.rollback()


def test_a_page_reads_in_a_transaction_that_cannot_write(database):
    with db.reading(operator_scope()) as connection:
        assert connection.scalar(sa.text("SELECT current_user")) == VIEWER
        assert connection.scalar(sa.text("SHOW transaction_read_only")) == "on"
        assert connection.scalar(sa.text("SHOW timezone")) == "Asia/Ho_Chi_Minh"


def test_each_kind_of_work_is_done_under_its_own_role(database):
    who = sa.text("SELECT current_user")
    for work, role in ((db.loading, LOADER), (db.gating, GATE), (lambda: db.reading(NOTHING), VIEWER)):
        with work() as connection:
            assert connection.scalar(who) == role


OLD_ROWS = """
INSERT INTO load_run (kind, file_name, sha256, loaded_by, rows_in, rows_refused) VALUES ('venues', 'a', 'b', 'c', 1, 1);
INSERT INTO load_finding VALUES (1, 2, 'c', 'v', 'missing', true, 'r');
INSERT INTO boundary_vintage (valid_from, source, sha256) VALUES ('2021-11-01', 'map', 'b');
INSERT INTO admin_unit SELECT 1, code, level, code, 'Xã', parent, square, square, 1, 1
    FROM (VALUES ('42', 1, NULL), ('440', 2, '42'), ('18235', 3, '440')) AS u(code, level, parent),
         (SELECT ST_Multi(ST_MakeEnvelope(105, 18, 106, 19, 4326)) AS square) AS drawn;
INSERT INTO venue (code, name, kind, vintage, commune_code, located_by, created_on, load_run)
    VALUES ('V1', 'Chợ', 'market', 1, '18235', 'code', '2021-11-20', 1);
SELECT add_scan_month('2021-12-01');
INSERT INTO scan_day SELECT '2021-12-01', id, 3, 2, 1 FROM venue;
"""


def run_alembic(step, revision):
    """Go to a revision under the owner, as geo.db.migrate goes to the newest."""
    config = Config()
    config.set_main_option("script_location", "geo:migrations")
    with db.engine(OWNER).begin() as config.attributes["connection"]:
        step(config, revision)


def test_a_database_with_rows_goes_up_down_and_up_again(make_database, use_database):
    use_database(make_database())
    with db.engine().begin() as connection:
        connection.execute(sa.text(db._BOOTSTRAP))
    run_alembic(command.upgrade, "0001")
    with db.engine().begin() as connection:
        connection.execute(sa.text(OLD_ROWS))
    db.migrate()
    for again in (False, True):
        if again:
            add_account(operator(), "office", "district", ["440"])
            run_alembic(command.downgrade, "0001")
            db.migrate()
        assert schema_differences() == []
        for scope, seen in ((operator_scope(), 1), (Scope("district", ((1, "440"),)), 1), (NOTHING, 0)):
            with db.reading(scope) as connection:
                for table in ("venue", "scan_day"):
                    assert connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) == seen
                findings = connection.scalar(sa.text("SELECT count(*) FROM load_finding"))
                assert findings == (scope.role == "operator")  # of no known commune
    db.restrict()
    with db.gating() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM account")) == 0
    db.close()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("sqlite:///x.db", "only PostgreSQL"),
        ("nonsense", "no database address"),
        ("postgresql://nobody:secret@127.0.0.1:1/none", "cannot be used"),
    ],
)
def test_an_address_that_is_no_database_is_one_clear_line(address, said):
    typed = [
        sys.executable,
        "-m",
        "phuqr",
        "indicators",
        "--unit",
        "42",
        "--from",
        "2021-11-26",
        "--to",
        "2021-12-08",
    ]
    done = subprocess.run(typed, env={"DATABASE_URL": address}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


def test_a_database_that_is_not_set_up_says_what_to_type(make_database, use_database):
    use_database(make_database())
    with pytest.raises(DatabaseError, match="phuqr db migrate"), db.reading(operator_scope()) as connection:
        connection.execute(sa.text("SELECT * FROM venue"))
