"""Accounts: who may sign in, in which role, and whose rows they see; every change is on record."""

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy.dialects.postgresql import insert

from geo import db
from geo.audit import record
from geo.errors import AccountError
from geo.schema import admin_unit
from geo.schema_access import account, account_unit, session
from geo.scope import ROLES, Scope, apply
from geo.units import list_vintages, vintage_in_force

SHORTEST, LONGEST = 10, 200  # characters of a password
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that is read for another
hasher = PasswordHasher()  # argon2id with the parameters of RFC 9106 for a server with little memory


@dataclass(frozen=True)
class Account:
    """An account as a list shows it; units: (vintage id, code, name) each; last_at: of the last sign-in still known."""

    name: str
    role: str
    units: tuple[tuple[int, str, str], ...]
    by_provider: bool
    disabled: bool
    created_at: datetime
    last_at: datetime | None


def is_name(text):
    """Whether a text could be an account's name."""
    return re.fullmatch(r"[a-z0-9][a-z0-9._@-]{1,63}", text) is not None


def generate_password():
    """Four groups of four letters and digits, 79 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def everything(connection):
    """The units that make a scope of all there is: every province of every vintage, as a loader sees them."""
    provinces = sa.select(admin_unit.c.vintage, admin_unit.c.code).where(admin_unit.c.level == 1)
    return tuple(tuple(row) for row in connection.execute(provinces.order_by(*provinces.selected_columns)))


def operator_scope():
    """The scope of who types commands on the server: all there is."""
    with db.gating() as connection:
        return Scope("operator", everything(connection))


def find_scope(name):
    """The scope of the account of that name; AccountError where there is none that may sign in."""
    with db.gating() as connection:
        found = _find(connection, name)
        if found.disabled_at:
            raise AccountError(f"the account {name} is disabled")
        return Scope(found.role, _units_of(connection, found.id))


def add_account(actor, name, role, codes, password=None, subject=None, day=None):
    """Issue an account for the units of these codes, in force on `day` (today); returns its password, generated if None.

    subject: it signs in at the identity provider instead, and has no password.
    """
    if not is_name(name):
        raise AccountError(
            f"{name!r} is no name for an account; use 2 to 64 of a-z, 0-9, dot, hyphen, underscore and @, such as duc_tho"
        )
    if role not in ROLES:
        raise AccountError(f"there is no role {role}; the roles are {', '.join(ROLES)}")
    if subject is None:
        password = generate_password() if password is None else password
        _refuse_weak(password, name)
    with db.gating() as connection:
        units = _allowed_units(connection, actor, codes, day)
        row = {"name": name, "role": role, "subject": subject, "password_hash": password and hash_password(password)}
        number = connection.scalar(insert(account).values(row).on_conflict_do_nothing().returning(account.c.id))
        if number is None:
            raise AccountError(f"there is an account {name} already; choose another name")
        _write_units(connection, number, units)
        record(connection, actor, "account_added", f"{name}: {role}, {_in_words(units)}")
    return password


def set_password(actor, name, password=None):
    """Give an account another password, generated if None, and end its sessions; returns the password."""
    password = generate_password() if password is None else password
    with db.gating() as connection:
        write_password(connection, actor, _find(connection, name, actor), password)
    return password


def write_password(connection, actor, found, password):
    """The same for the row of an account that the actor was seen to have the right to."""
    if found.subject:
        raise AccountError(f"the account {found.name} signs in through the identity provider and has no password")
    _refuse_weak(password, found.name)
    changed = account.update().where(account.c.id == found.id)
    connection.execute(changed.values(password_hash=hash_password(password)))
    _end_sessions(connection, found.id)
    record(connection, actor, "account_password", found.name)


def set_disabled(actor, name, disabled=True):
    """Keep an account from signing in, and end its sessions; or let it sign in again."""
    if disabled and name == actor.name:
        raise AccountError("nobody disables the account in use")
    with db.gating() as connection:
        found = _find(connection, name, actor)
        changed = account.update().where(account.c.id == found.id)
        connection.execute(changed.values(disabled_at=sa.func.now() if disabled else None))
        _end_sessions(connection, found.id)
        record(connection, actor, "account_disabled" if disabled else "account_enabled", name)


def set_scope(actor, name, codes, role=None, day=None):
    """Give an account these units in place of the ones it had, and `role` where that is not None; at once for who is signed in."""
    if role not in (None, *ROLES):
        raise AccountError(f"there is no role {role}; the roles are {', '.join(ROLES)}")
    with db.gating() as connection:
        found = _find(connection, name, actor)
        units = _allowed_units(connection, actor, codes, day)
        role = role or found.role
        if (role, {unit[:2] for unit in units}) == (found.role, set(_units_of(connection, found.id))):
            return
        connection.execute(account.update().where(account.c.id == found.id).values(role=role))
        connection.execute(account_unit.delete().where(account_unit.c.account == found.id))
        _write_units(connection, found.id, units)
        record(connection, actor, "account_scope", f"{name}: {role}, {_in_words(units)}")


def list_accounts(actor):
    """The accounts by name: all for the operator, for an admin those inside its own scope."""
    with db.gating() as connection:
        known = connection.execute(db.statement("list_accounts")).mappings().all()
        allowed = _allowed(connection, actor)
    accounts = [
        Account(**{**row, "units": tuple((unit["vintage"], unit["code"], unit["name"]) for unit in row["units"])})
        for row in known
    ]
    return [each for each in accounts if _is_within({unit[:2] for unit in each.units}, allowed)]


def hash_password(password):
    """Its argon2id hash."""
    return hasher.hash(_compose(password))


def verify(password_hash, password):
    """Whether a password is that of an account; as slow where there is no hash as where there is one."""
    try:
        return hasher.verify(password_hash or _nobodys_hash(), _compose(password)) and password_hash is not None
    except VerificationError:
        return False


def _compose(password):
    """The password with its diacritics in one form, whatever keyboard it was typed on (RFC 8265)."""
    return unicodedata.normalize("NFC", password)


def _refuse_weak(password, name):
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccountError(f"a password has {SHORTEST} to {LONGEST} characters")
    if name in password.lower() or len(set(password)) < 5:
        raise AccountError("the password is too easy to guess; take one without the account's name in it")


def _find(connection, name, actor=None):
    """The row of an account; AccountError where there is none, or none that the actor may change."""
    found = connection.execute(sa.select(account).where(account.c.name == name)).one_or_none()
    allowed = _allowed(connection, actor) if actor and found else None
    if found is None or not _is_within(set(_units_of(connection, found.id)), allowed):
        raise AccountError(f"there is no account {name}; see: phuqr user list")
    return found


def _is_within(units, allowed):
    """Whether an account of these units is one to manage; one that has lost its units is the operator's."""
    return allowed is None or set() < units <= allowed


def _units_of(connection, number):
    units = sa.select(account_unit.c.vintage, account_unit.c.code).where(account_unit.c.account == number)
    return tuple(tuple(row) for row in connection.execute(units.order_by(*units.selected_columns)))


def _allowed(connection, actor):
    """The units that an actor may give, each (vintage, code); None: any. AccountError for who may manage no accounts."""
    if actor.scope.role == "operator":
        return None
    if actor.scope.role != "admin":
        raise AccountError("only an admin manages accounts")
    apply(connection, actor.scope)
    inside = sa.text("SELECT vintage, code FROM admin_unit WHERE id <@ (SELECT scope_inside())")
    return {tuple(row) for row in connection.execute(inside)}


def _allowed_units(connection, actor, codes, day):
    """Units of these codes in the vintage in force on `day`, (vintage, code, name) each."""
    if not codes:
        raise AccountError("an account needs a unit: the code of a province, district or commune")
    vintage = vintage_in_force(list_vintages(connection), day or db.today())
    named = sa.select(admin_unit.c.vintage, admin_unit.c.code, admin_unit.c.name)
    named = named.where(admin_unit.c.vintage == vintage.id, admin_unit.c.code.in_(codes))
    units = [tuple(row) for row in connection.execute(named.order_by(admin_unit.c.code))]
    allowed = _allowed(connection, actor)
    given = {code for vintage_id, code, _ in units if allowed is None or (vintage_id, code) in allowed}
    if missing := sorted(set(codes) - given):
        raise AccountError(
            f"there is no unit {', '.join(missing)} among those in force since {vintage.valid_from:%d/%m/%Y}"
        )
    return units


def _write_units(connection, number, units):
    rows = [{"account": number, "vintage": vintage, "code": code} for vintage, code, _ in units]
    connection.execute(account_unit.insert(), rows)


def _in_words(units):
    return ", ".join(f"{name} ({code})" for _, code, name in units)


def _end_sessions(connection, number):
    open_ones = session.update().where(session.c.account == number, session.c.ended_at.is_(None))
    connection.execute(open_ones.values(ended_at=sa.func.now()))


@cache
def _nobodys_hash():
    return hasher.hash(secrets.token_urlsafe())
