"""Engine and transactions, each under one of four roles, on DATABASE_URL or else on the private cluster.

Owner changes the schema, loader writes rows, viewer reads those in the reader's scope, gate keeps accounts. PostgreSQL
drops to the role as the connection opens, so a page that tried to write would be refused there.
"""

import os
import re
import secrets
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import psycopg2
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.schema import SetColumnComment, SetTableComment

from geo import (
    cluster,
    schema_access,
    schema_campaign,
    schema_inspections,
    schema_offices,
    schema_reports,
    schema_sending,
    schema_tracing,
)
from geo.errors import DatabaseError
from geo.schema import GATE, LOADER, OWNER, VIEWER, metadata
from geo.schema_access import gate_secret
from geo.schema_summaries import summary_stale
from geo.scope import apply

TIME_ZONE = "Asia/Ho_Chi_Minh"
TABLES = (  # which add theirs to metadata
    schema_access, schema_campaign, schema_inspections, schema_offices, schema_reports, schema_sending, schema_tracing,
)  # fmt: skip
_MIGRATING = 0x70687571  # advisory lock: one migration at a time
_LOADING = 0x70687572  # and one load at a time

_engines = {}
_logins = {}  # role -> address, once this process may have no other: see restrict()
_NOT_SET_UP = "the database is not set up yet; type: phuqr db migrate"

_BOOTSTRAP = f"""
DO $$ BEGIN
    CREATE ROLE {OWNER} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN
    CREATE ROLE {LOADER} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN
    CREATE ROLE {VIEWER} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN
    CREATE ROLE {GATE} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
GRANT {OWNER}, {LOADER}, {VIEWER}, {GATE} TO CURRENT_USER;
CREATE EXTENSION IF NOT EXISTS postgis;
GRANT USAGE, CREATE ON SCHEMA public TO {OWNER};
GRANT USAGE ON SCHEMA public TO {LOADER}, {VIEWER}, {GATE};
"""


def today():
    """The local day in Vietnam, wherever the machine thinks it is."""
    return datetime.now(ZoneInfo(TIME_ZONE)).date()


def database_url():
    """The database to use: DATABASE_URL, or the private cluster, started when it is not running."""
    given = os.environ.get("DATABASE_URL")
    if not given:
        return sa.make_url(cluster.hold())
    try:
        url = sa.make_url(re.sub(r"^postgres(ql)?://", "postgresql+psycopg2://", given))
    except sa.exc.ArgumentError:
        raise DatabaseError(
            "DATABASE_URL is no database address; write postgresql://user:password@host/database"
        ) from None
    if url.get_backend_name() != "postgresql":
        raise DatabaseError(f"DATABASE_URL names {url.get_backend_name()}; only PostgreSQL with PostGIS will do")
    return url


def engine(role=None):
    """A pooled engine whose connections have taken `role`; without one, the login's own rights (set-up only)."""
    if _logins and role not in _logins:
        raise DatabaseError("the dashboard reads and keeps accounts; it does nothing else in the database")
    if role not in _engines:
        options = f"-c timezone={TIME_ZONE} -c jit=off"
        if role:
            options += f" -c role={role}"
        if role == VIEWER:
            options += " -c statement_timeout=60s -c work_mem=32MB"
        url = _logins.get(role) or database_url()
        _engines[role] = sa.create_engine(url, connect_args={"options": options}, pool_pre_ping=True)
    return _engines[role]


def close():
    """Close every pooled connection, so that the database can be dropped or another one used."""
    while _engines:
        _engines.popitem()[1].dispose()
    _logins.clear()


def restrict():
    """Give up, until `close`, what the dashboard does not need: from here on this process can only read and keep accounts.

    It reconnects as logins that are members of the role viewer or of the role gate, of nothing else; a DATABASE_URL that
    may itself do no more is kept.
    """
    url, logins = database_url(), {}
    with _plain_errors(), engine().begin() as connection:
        may_write = sa.text(
            f"SELECT pg_has_role('{LOADER}', 'MEMBER') OR pg_has_role('{OWNER}', 'MEMBER') OR rolcreaterole "
            "FROM pg_roles WHERE rolname = current_user"
        )
        if not connection.scalar(may_write):
            logins = {VIEWER: url, GATE: url}
        else:
            for login, (role, password) in _read_passwords(connection).items():
                logins[role] = url.set(username=login, password=password)
    close()
    _logins.update(logins)


@contextmanager
def _transaction(role):
    with _plain_errors(), engine(role).begin() as connection:
        yield connection


@contextmanager
def reading(scope, cases=False):
    """A read-only transaction of the viewer that sees the rows of a geo.scope.Scope.

    cases: also traced cases; only for geo.audit.reading_cases, which puts it on record first.
    """
    with _transaction(VIEWER) as connection:
        connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        apply(connection, scope, cases)
        yield connection


@contextmanager
def gating():
    """A transaction of the gate: accounts, sessions, audit."""
    with _transaction(GATE) as connection:
        yield connection


@contextmanager
def loading():
    """A transaction of the loader; loads wait for each other."""
    with _transaction(LOADER) as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOADING})
        yield connection


@cache
def statement(name):
    """The text of `sql/<name>.sql`, ready to be given its parameters."""
    return sa.text((files("geo") / "sql" / f"{name}.sql").read_text(encoding="utf-8"))


def migrate():
    """Bring the database up to the newest schema, from nothing if need be; two at once wait for each other."""
    # A quarter of a second to import, which the other commands need not wait for
    from alembic import command
    from alembic.config import Config

    with _plain_errors(), engine().connect() as connection:
        _refuse_old(connection)
        try:
            connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATING})
            connection.execute(sa.text(_BOOTSTRAP))
            connection.execute(sa.text(f"SET ROLE {OWNER}"))
            config = Config()
            config.set_main_option("script_location", "geo:migrations")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            for table in metadata.sorted_tables:
                connection.execute(SetTableComment(table))
                for column in table.columns:
                    connection.execute(SetColumnComment(column))
            connection.exec_driver_sql(_functions())
            if connection.scalar(sa.select(sa.exists().select_from(summary_stale))):
                from geo.summaries import refresh

                refresh(connection)
            _keep_passwords(connection)
            passwords = _read_passwords(connection)
            connection.execute(sa.text("RESET ROLE"))
            _make_logins(connection, passwords)
            connection.commit()
        finally:
            connection.invalidate()  # ends the session, and with it the lock and the role


def _functions():
    """The functions*.sql; where they ask for read_coverage.sql, its parameters are those of the function around it."""
    folder = files("geo") / "sql"
    query = re.sub("(?m)^--.*", "", (folder / "read_coverage.sql").read_text(encoding="utf-8"))
    own = {"communes", "codes", "rows", "devices"}  # variables of the block `found`; the others are parameters

    def body(function):
        return re.sub(r":(\w+)", lambda name: f'{"found" if name[1] in own else function[1]}."{name[1]}"', query)

    names = ("functions", "functions_tracing", "functions_reports", "functions_inspections")
    texts = [(folder / f"{name}.sql").read_text(encoding="utf-8") for name in names]
    return re.sub(r"\{read_coverage of (\w+)\}", body, "\n".join(texts))


def _keep_passwords(connection):
    """Make the passwords of this database's own logins, once."""
    for login in _own_logins(connection):
        made = {"name": login, "value": secrets.token_urlsafe(32)}
        connection.execute(insert(gate_secret).values(made).on_conflict_do_nothing())


def _read_passwords(connection):
    """login -> (role, password)."""
    kept = dict(connection.execute(sa.select(gate_secret.c.name, gate_secret.c.value)).all())
    logins = _own_logins(connection)
    if not kept.keys() >= logins.keys():  # the database has come from another server
        raise DatabaseError(_NOT_SET_UP)
    return {login: (role, kept[login]) for login, role in logins.items()}


def _own_logins(connection):
    """login -> role, named by the database, since logins are the whole server's."""
    database = connection.scalar(sa.text("SELECT oid FROM pg_database WHERE datname = current_database()"))
    return {f"{role}_{database}": role for role in (VIEWER, GATE)}


def _make_logins(connection, passwords):
    known = sa.text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :login)")
    for login, (role, password) in passwords.items():
        if not connection.scalar(known, {"login": login}):
            connection.exec_driver_sql(f"CREATE ROLE {login} LOGIN IN ROLE {role}")
        connection.exec_driver_sql(f"ALTER ROLE {login} PASSWORD %s", (password,))


def _refuse_old(connection):
    major = connection.dialect.server_version_info[0]
    if major < 15:
        raise DatabaseError(f"the server is PostgreSQL {major}; 15 or newer is needed")
    postgis = connection.scalar(sa.text("SELECT default_version FROM pg_available_extensions WHERE name = 'postgis'"))
    if postgis is None:
        raise DatabaseError("the server has no PostGIS; on the server type: sudo apt-get install postgresql-postgis")
    if tuple(int(part) for part in postgis.split(".")[:2]) < (3, 3):
        raise DatabaseError(f"the server's PostGIS is {postgis}; 3.3 or newer is needed")


@contextmanager
def _plain_errors():
    try:
        yield
    except OperationalError as error:
        if any(f'role "{role}"' in str(error.orig) for role in (VIEWER, LOADER, GATE)):
            raise DatabaseError(_NOT_SET_UP) from error
        raise DatabaseError(f"the database cannot be used: {_first_line(error)}; see: phuqr db status") from error
    except (
        psycopg2.OperationalError,
        psycopg2.InterfaceError,
        InterfaceError,
    ) as error:  # in COPY, or as a transaction ends
        said = str(error).strip().splitlines()[0]
        raise DatabaseError(f"the database cannot be used: {said}; see: phuqr db status") from error
    except ProgrammingError as error:
        if error.orig.pgcode == "42P01":
            raise DatabaseError(_NOT_SET_UP) from error
        if error.orig.pgcode == "42501":
            raise DatabaseError(f"the database refuses: {_first_line(error)}") from error
        raise


def _first_line(error: DBAPIError):
    return str(error.orig).strip().splitlines()[0]
