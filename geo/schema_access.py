"""The tables of accounts, sessions and the audit, with a reason for every column; facts are in geo/schema.py."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
)

from geo.schema import metadata

account = Table(
    "account",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True, comment="named by sessions and units"),
    Column("name", Text, nullable=False, unique=True, comment="what is typed to sign in: an office's, not a person's"),
    Column("role", Text, nullable=False, comment="what may be done; the units say where"),
    Column("password_hash", Text, comment="argon2id; null: signs in through the identity provider only"),
    Column("subject", Text, unique=True, comment="issuer|sub at the identity provider; null: signs in by password"),
    Column("created_at", DateTime(True), nullable=False, server_default=func.now(), comment="when it was issued"),
    Column("disabled_at", DateTime(True), comment="null while it may sign in"),
    CheckConstraint("name ~ '^[a-z0-9][a-z0-9._@-]{1,63}$'", name="name"),
    CheckConstraint("role IN ('leader', 'district', 'commune', 'data', 'health', 'admin')", name="role"),
    comment="Who may sign in, issued by the department to each locality",
)

account_unit = Table(
    "account_unit",
    metadata,
    Column("account", ForeignKey("account.id", ondelete="CASCADE"), nullable=False, comment="whose scope"),
    Column("vintage", Integer, nullable=False, comment="vintage in which code is meant"),
    Column("code", Text, nullable=False, comment="unit whose rows it sees, with all inside it"),
    PrimaryKeyConstraint("account", "vintage", "code"),
    ForeignKeyConstraint(
        ["vintage", "code"],
        ["admin_unit.vintage", "admin_unit.code"],
        ondelete="CASCADE",
        name="account_unit_unit_fkey",
    ),
    Index(None, "vintage", "code"),
    comment="The scope of an account; a unit that is removed takes its part of the scope with it",
)

session = Table(
    "session",
    metadata,
    Column("key", LargeBinary, primary_key=True, comment="sha256 of the cookie's token, which is kept nowhere"),
    Column("account", ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True, comment="who"),
    Column("address", Text, comment="where the sign-in came from"),
    Column(
        "started_at", DateTime(True), nullable=False, server_default=func.now(), comment="ends hours later, used or not"
    ),
    Column(
        "seen_at", DateTime(True), nullable=False, server_default=func.now(), comment="to the minute; ends when idle"
    ),
    Column("ended_at", DateTime(True), comment="signed out, or the account was changed; null while open"),
    comment="Who is signed in; a cookie whose session has ended is worth nothing",
)

sign_in_turn = Table(
    "sign_in_turn",
    metadata,
    Column("key", Text, primary_key=True, comment="account:NAME as typed, or address:WHERE"),
    Column("failures", Integer, nullable=False, comment="in a row; the more, the longer until the next try"),
    Column("last_at", DateTime(True), nullable=False, comment="of the last try"),
    comment="Failed sign-ins, to make guessing slow",
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="order of events"),
    Column("at", DateTime(True), nullable=False, server_default=func.clock_timestamp(), index=True, comment="when"),
    Column(
        "account",
        Text,
        comment="who: the account's name, command:LOGIN or provider:sign-in; null where the typed name could be none",
    ),
    Column("event", Text, nullable=False, comment="what kind: see geo.audit.EVENTS"),
    Column("detail", Text, comment="what it was about, without personal data"),
    Column("address", Text, comment="from where; null for commands, which run on the server"),
    comment="Who did what and when; rows are added, never changed or removed",
)

gate_secret = Table(
    "gate_secret",
    metadata,
    Column("name", Text, primary_key=True, comment="what it is for"),
    Column("value", Text, nullable=False, comment="generated, random"),
    comment="The key that signs cookies, and the passwords of the dashboard's own logins",
)
