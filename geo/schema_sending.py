"""The tables of sending: which offices get which reports, and what was sent to whom with which outcome."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
)

from geo.schema import metadata

REPORTS = ("weekly", "daily")  # kinds that are sent, as report.kind has them
CHANNELS = ("smtp", "folder")
OUTCOMES = ("begun", "sent", "failed")

report_recipient = Table(
    "report_recipient",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True, comment="order in which they were added"),
    Column("kind", Text, nullable=False, comment="kind of report, as report.kind has it"),
    Column("unit_code", Text, nullable=False, comment="the district or province whose reports it gets, by the code they name it by"),
    Column("address", Text, nullable=False, comment="e-mail address of an office, in lower case"),
    Column("cases", Boolean, nullable=False, comment="gets also those that tell of traced cases"),
    Column("added_by", Text, nullable=False, comment="command:LOGIN"),
    Column("added_at", DateTime(True), nullable=False, server_default=func.now(), comment="when"),
    UniqueConstraint("kind", "unit_code", "address"),
    CheckConstraint("address ~ '^[^@[:space:]]+@[^@[:space:]]+$' AND address = lower(address)", name="address"),
    comment="Distribution lists of reports; no reader of the dashboard sees them",
)

report_sending = Table(
    "report_sending",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="order in which they were begun"),
    Column("report", ForeignKey("report.id"), nullable=False, comment="the issued report that was to be sent"),
    Column("channel", Text, nullable=False, comment="smtp, or folder for files laid where others fetch them"),
    Column("destination", Text, nullable=False, comment="e-mail address, or the folder"),
    Column("outcome", Text, nullable=False, comment="begun (cut short if it stays so: it may have arrived), sent or failed"),
    Column("detail", Text, comment="why it failed, as the server said it; null otherwise"),
    Column("sent_by", Text, nullable=False, comment="account, or command:LOGIN"),
    Column("began_at", DateTime(True), nullable=False, server_default=func.clock_timestamp(), comment="before the server was asked"),
    Column("ended_at", DateTime(True), comment="when the outcome was known; null while begun"),
    CheckConstraint(f"channel IN {CHANNELS}", name="channel"),
    CheckConstraint(f"outcome IN {OUTCOMES}", name="outcome"),
    CheckConstraint("(ended_at IS NULL) = (outcome = 'begun')", name="ended"),
    Index(None, "report"),
    comment="Every try to send an issued report; added to, and each row ended once",
)
