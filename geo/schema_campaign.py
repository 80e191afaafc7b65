"""The table of deadlines and named windows, with a reason for every column."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Float, Identity, Integer, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY

from geo.schema import metadata

campaign = Table(
    "campaign",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True, comment="named by the command that removes it"),
    Column("name", Text, nullable=False, comment="as the letter names it; shown"),
    Column(
        "unit_code", Text, nullable=False, comment="province or district that ordered it, by its code on the due day"
    ),
    Column("obligation_group", Text, comment="group of the register that is due; null: all"),
    Column("first_day", Date, comment="local day it begins; null where the letter says by when only"),
    Column("due_on", Date, nullable=False, comment="the day that the letter names"),
    Column("strict", Boolean, nullable=False, comment="before that day (its own is too late), rather than by it"),
    Column("target", Float, comment="part of the register that must have a QR code by then; null: a named window only"),
    Column("decree", Text, comment="the letter or plan that ordered it; null where unknown"),
    Column("kinds", ARRAY(Text), comment="kinds of venue that it is about; null: all"),
    CheckConstraint("cardinality(kinds) > 0", name="kinds"),
    CheckConstraint("target > 0 AND target <= 1", name="target"),
    CheckConstraint("first_day <= due_on - strict::int", name="days"),
    CheckConstraint("target IS NOT NULL OR first_day IS NOT NULL", name="use"),
    UniqueConstraint("unit_code", "name"),
    comment="Deadlines of obligation groups, and windows with a name: rows, not code, since provinces differ",
)
