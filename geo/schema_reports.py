"""The tables of issued reports: what was said, with what is behind it, and the very files."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from geo.schema import metadata

KINDS = ("weekly", "daily")
STATES = ("issued", "superseded")

report = Table(
    "report",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="order in which reports were issued"),
    Column("kind", Text, nullable=False, comment="weekly, a report of a window; daily, a bulletin of one day"),
    Column(
        "vintage", Integer, nullable=False, comment="vintage in which unit_code is meant; no foreign key: a report outlives its boundaries"
    ),
    Column("unit_code", Text, nullable=False, comment="the district or province that it is of"),
    Column("unit_name", Text, nullable=False, comment="its name when it was issued"),
    Column("first_day", Date, nullable=False, comment="first local day of the window"),
    Column("last_day", Date, nullable=False, comment="last local day, inclusive"),
    Column("on_day", Date, nullable=False, comment="the day on the letter, after the window"),
    Column("cases", Boolean, nullable=False, comment="it tells of traced cases: only for who may see these"),
    Column("state", Text, nullable=False, comment="issued, or superseded by a later one of the same unit and window"),
    Column("figures", JSONB, nullable=False, comment="every figure by section and name, as find_figures of geo.weekly or geo.daily gives them"),
    Column("definitions", JSONB, nullable=False, comment="what each of them was defined as then"),
    Column("load_runs", ARRAY(Integer), nullable=False, comment="the loads behind the figures"),
    Column("as_of", DateTime(True), comment="end of the last load before it; null: none"),
    Column("issued_by", Text, nullable=False, comment="account, or command:LOGIN"),
    Column("issued_at", DateTime(True), nullable=False, server_default=func.clock_timestamp(), comment="when; the day on the letter is the office's"),
    Column("supersedes", ForeignKey("report.id"), comment="the one that it takes the place of; null: the first of its window"),
    CheckConstraint(f"kind IN {KINDS}", name="kind"),
    CheckConstraint(f"state IN {STATES}", name="state"),
    CheckConstraint("first_day <= last_day AND last_day < on_day", name="days"),
    Index(
        "report_in_force_key", "kind", "vintage", "unit_code", "first_day", "last_day", "cases",
        unique=True, postgresql_where=text("state = 'issued'"),
    ),
    comment="Issued reports; added to, never changed but from issued to superseded; only keep_report writes here",
)  # fmt: skip

report_file = Table(
    "report_file",
    metadata,
    Column("report", ForeignKey("report.id"), nullable=False, comment="the report that it is a file of"),
    Column("name", Text, nullable=False, comment="under which it is handed out: no path, which could lead elsewhere"),
    Column("sha256", Text, nullable=False, comment="of content, when it was issued; in hex"),
    Column("content", LargeBinary, nullable=False, comment="the file, byte for byte"),
    PrimaryKeyConstraint("report", "name"),
    CheckConstraint("name ~ '^[a-z0-9][a-z0-9_.-]*$'", name="name"),
    comment="The files of issued reports, never changed",
)
