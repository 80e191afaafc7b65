"""The tables of inspection campaigns: what is planned for which team, and results as they were before a correction."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    func,
)

from geo.schema import metadata

_VENUE = "which venue; no foreign key: its keys are suspended by loads"

inspection_plan = Table(
    "inspection_plan",
    metadata,
    Column("campaign", ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False, comment="the campaign, with which its plan is removed"),
    Column("venue_id", Integer, nullable=False, index=True, comment=_VENUE),
    Column("unit", Integer, nullable=False, comment="number of the unit whose office planned it: teams of two offices may have one name"),
    Column("team", Text, nullable=False, comment="who is to inspect it: an office or a team of one, never a person"),
    Column("planned_by", Text, nullable=False, comment="account, or command:LOGIN"),
    Column("planned_at", DateTime(True), nullable=False, server_default=func.clock_timestamp(), comment="when"),
    PrimaryKeyConstraint("campaign", "venue_id"),
    CheckConstraint("team = btrim(team) AND length(team) BETWEEN 1 AND 80", name="team"),
    comment="Venues to be inspected in a campaign, each by one team: denominator of I13; only keep_plan writes here",
)

inspection_history = Table(
    "inspection_history",
    metadata,
    Column("inspection_id", Integer, nullable=False, comment="the inspection that was told otherwise since"),
    Column("venue_id", Integer, nullable=False, comment=_VENUE),
    Column("inspected_on", Date, nullable=False, comment="as told then"),
    Column("campaign", Text, comment="as told then"),
    Column("outcome", Text, nullable=False, comment="as told then"),
    Column("posted", Boolean, comment="as told then"),
    Column("supervised", Boolean, comment="as told then"),
    Column("minutes", SmallInteger, comment="as told then"),
    Column("head_count", Integer, comment="as told then"),
    Column("scanned", Integer, comment="as told then"),
    Column("note", Text, comment="as told then"),
    Column("load_run", ForeignKey("load_run.id"), nullable=False, comment="the run that had told it so"),
    Column("until_run", Integer, nullable=False, comment="the run that told it otherwise"),
    Index(None, "inspection_id"),
    comment="Inspections as they were told before a correction; written by the trigger inspection_corrected alone",
)
