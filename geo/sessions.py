"""Signing in and out: passwords tried slowly, sessions that end when idle, on sign-out and when the account changes."""

import hashlib
import secrets
from datetime import timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from geo import accounts, db
from geo.audit import Actor, record
from geo.errors import AccountError
from geo.schema_access import account, gate_secret, session, sign_in_turn
from geo.scope import Scope

IDLE = timedelta(hours=1)  # without a request or a rerun
LONGEST = timedelta(hours=12)  # a working day, used or not
# Failures that cost no wait, of an account and of an address, which an office's people share; then 2, 4, 8 … s up to SLOWEST.
FREE = {"account": 4, "address": 20}
SLOWEST = timedelta(minutes=5)
FORGOTTEN = timedelta(hours=1)  # after the last failure


class TooManyTries(AccountError):
    """A sign-in that has to wait; `seconds` says how long."""

    def __init__(self, seconds):
        super().__init__(f"too many failed sign-ins; try again in {seconds} s")
        self.seconds = seconds


@cache
def cookie_key():
    """The secret that cookies are signed with, the same for every server of the database."""
    with db.gating() as connection:
        return connection.scalar(sa.select(gate_secret.c.value).where(gate_secret.c.name == "cookie"))


def session_key(token):
    """What the database knows a token by: a copy of the database opens no session."""
    return hashlib.sha256(token.encode()).digest()


def sign_in(name, password, address):
    """Open a session and give its token; None where name and password do not fit, whatever the reason.

    Raises TooManyTries. Each try counts as failed until it is seen not to be, so that many at once are slow too.
    """
    name = name.strip().lower()
    typed = name if accounts.is_name(name) else None  # what is no name may be a password in the wrong field
    turns = [f"account:{typed or ''}", f"address:{address}"]
    _take_turn(turns)
    with db.gating() as connection:
        found = connection.execute(sa.select(account).where(account.c.name == typed)).one_or_none()
    usable = found is not None and found.disabled_at is None
    fits = accounts.verify(found.password_hash if usable else None, password[: accounts.LONGEST])
    with db.gating() as connection:
        if not fits or not _is_unchanged(connection, found):
            record(connection, Actor(typed, address=address), "sign_in_failed")
            return None
        _give_turn_back(connection, turns)
        return _open(connection, found.id, name, address)


def sign_in_by_provider(subject, name, role, codes, address):
    """Open a session for whom the identity provider vouches for and give its token.

    subject: issuer|sub. The account is issued at the first sign-in; role and units (codes) are the provider's each time.
    Raises AccountError where the account is disabled, the name is another's, or a unit does not exist.
    """
    with db.gating() as connection:
        found = connection.execute(sa.select(account).where(account.c.subject == subject)).one_or_none()
    provider = Actor("provider:sign-in", Scope("operator"), address)
    try:
        if found is None:
            accounts.add_account(provider, name, role, codes, subject=subject)
        elif found.disabled_at:
            raise AccountError(f"the account {found.name} is disabled")
        else:
            accounts.set_scope(provider, found.name, codes, role)
    except AccountError as error:
        with db.gating() as connection:
            known = accounts.is_name(name)  # or it may be a person's
            said = str(error) if known else "the provider's name is none for an account"
            record(connection, Actor(name if known else None, address=address), "sign_in_failed", said)
        raise
    with db.gating() as connection:
        found = connection.execute(sa.select(account).where(account.c.subject == subject)).one()
        return _open(connection, found.id, found.name, address)


def sign_out(actor, key):
    """End a session: its cookie, wherever it is kept, opens nothing any more."""
    with db.gating() as connection:
        open_one = session.update().where(session.c.key == key, session.c.ended_at.is_(None))
        if connection.execute(open_one.values(ended_at=sa.func.now())).rowcount:
            record(connection, actor, "sign_out")


def change_password(actor, current, new):
    """Give the actor's own account another password and end its sessions; False where `current` is not the present one.

    Raises TooManyTries, and AccountError where the new one is too weak or the account has none.
    """
    turns = [f"account:{actor.name}"]
    _take_turn(turns)
    with db.gating() as connection:
        found = connection.execute(sa.select(account).where(account.c.name == actor.name)).one()
    if found.subject is None and not accounts.verify(found.password_hash, current[: accounts.LONGEST]):
        return False
    with db.gating() as connection:
        _give_turn_back(connection, turns)
    with db.gating() as connection:
        accounts.write_password(connection, actor, found, new)
    return True


def find_reader(key):
    """The Actor of a session, its scope as the account has it now; None where the session does not stand any more."""
    with db.gating() as connection:
        limits = {"key": key, "idle": IDLE, "longest": LONGEST}
        found = connection.execute(db.statement("find_reader"), limits).one_or_none()
        if found is None:
            return None
        if found.stale:
            connection.execute(session.update().where(session.c.key == key).values(seen_at=sa.func.now()))
    units = tuple((unit["vintage"], unit["code"]) for unit in found.units)
    return Actor(found.name, Scope(found.role, units), found.address)


def _is_unchanged(connection, found):
    """Whether an account is still as it was tried, and locks it: what is changed after this ends the session, too."""
    same = account.c.id == found.id, account.c.password_hash == found.password_hash, account.c.disabled_at.is_(None)
    return connection.scalar(sa.select(account.c.id).where(*same).with_for_update()) is not None


def _open(connection, number, name, address):
    token = secrets.token_urlsafe(32)
    connection.execute(session.delete().where(session.c.started_at < sa.func.now() - 30 * LONGEST))
    connection.execute(session.insert().values(key=session_key(token), account=number, address=address))
    record(connection, Actor(name, address=address), "sign_in")
    return token


def _take_turn(turns):
    """Count one more failure for each; TooManyTries, and nothing counted, where one of them has to wait."""
    with db.gating() as connection:
        connection.execute(sign_in_turn.delete().where(sign_in_turn.c.last_at < sa.func.now() - FORGOTTEN))
        for turn in sorted(turns):
            new = insert(sign_in_turn).values(key=turn, failures=0, last_at=sa.func.now())
            connection.execute(new.on_conflict_do_nothing())
        known = sa.select(sign_in_turn, (sa.func.clock_timestamp() - sign_in_turn.c.last_at).label("since"))
        rows = connection.execute(known.where(sign_in_turn.c.key.in_(turns)).order_by("key").with_for_update()).all()
        wait = max((_wait(row) - row.since for row in rows), default=timedelta(0))
        if wait > timedelta(0):
            raise TooManyTries(int(wait.total_seconds()) + 1)
        tried = sign_in_turn.update().where(sign_in_turn.c.key.in_(turns))
        again = {"failures": sign_in_turn.c.failures + 1, "last_at": sa.func.clock_timestamp()}
        connection.execute(tried.values(again))


def _wait(row):
    paid = row.failures - FREE[row.key.partition(":")[0]]
    return min(timedelta(seconds=2 ** min(paid, 20)), SLOWEST) if paid > 0 else timedelta(0)


def _give_turn_back(connection, turns):
    """The account starts anew; the address keeps what others failed there."""
    for turn in turns:
        if turn.startswith("account:"):
            connection.execute(sign_in_turn.delete().where(sign_in_turn.c.key == turn))
        else:
            fewer = {"failures": sa.func.greatest(sign_in_turn.c.failures - 1, 0)}
            connection.execute(sign_in_turn.update().where(sign_in_turn.c.key == turn).values(fewer))
