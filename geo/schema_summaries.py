"""The tables derived from venues and scans, kept by geo.summaries."""

from sqlalchemy import BigInteger, Column, Date, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, BIT

from geo.schema import metadata

# Of sorted days a binary search counts those until a day
_DERIVED = "derived, see geo/summaries.py; foreign keys, asked for row by row, would cost more than they guard"


def _unit():
    return Column(
        "unit", Integer, primary_key=True, autoincrement=False, comment="number of the commune: who may see the row"
    )


def _created():
    return Column("created", ARRAY(Date), nullable=False, comment="days of creation, sorted, one for each venue")


def _scanned():
    return Column(
        "scanned",
        ARRAY(Date),
        nullable=False,
        comment="days since when venues are both created and scanned, sorted; none of the never scanned",
    )


def _devices():
    return Column(
        "devices", ARRAY(Date), nullable=False, comment="days of creation of those whose solution is a device, sorted"
    )


commune_summary = Table(
    "commune_summary",
    metadata,
    _unit(),
    Column("venues", ARRAY(Integer), nullable=False, comment="its venues by day of creation and id: the places of bits"),
    Column("created", ARRAY(Date), nullable=False, comment="their days of creation: those until a day are the first bits"),
    Column("first_scan", ARRAY(Date), nullable=False, comment="their first days with scans; infinity of the never scanned"),
    _scanned(),
    comment=f"The order of a commune's venues ({_DERIVED})",
)

group_summary = Table(
    "group_summary",
    metadata,
    _unit(),
    Column("obligation_group", Text, primary_key=True, comment="of the kind; empty: obliged by no group"),
    _created(),
    _devices(),
    comment=f"Venues of a commune by obligation group, for I1 over all kinds ({_DERIVED})",
)

kind_summary = Table(
    "kind_summary",
    metadata,
    _unit(),
    Column("kind", Text, primary_key=True, comment="code of the kind"),
    _created(),
    _scanned(),
    _devices(),
    Column("venues", BIT(varying=True), nullable=False, comment="which of the commune's venues are of the kind"),
    comment=f"Venues of a commune by kind ({_DERIVED})",
)

activity_month = Table(
    "activity_month",
    metadata,
    _unit(),
    Column("month", Date, primary_key=True, comment="first day of the month"),
    Column("days", ARRAY(Date), nullable=False, comment="local days for which the commune has rows of scans, be they of none"),
    Column(
        "venues",
        BIT(varying=True),
        nullable=False,
        comment="which of the commune's venues had a scan on the first of these days, on the second, and so on",
    ),
    Column("whole", BIT(varying=True), nullable=False, comment="which of them had a scan on any of these days"),
    Column("scans", ARRAY(BigInteger), nullable=False, comment="check-ins from the first of these days until each"),
    Column("people", ARRAY(BigInteger), nullable=False, comment="people likewise, counted anew each day and venue"),
    comment=f"Which venues of a commune were scanned on each day: distinct ones of a window by OR ({_DERIVED})",
)

activity_kind_month = Table(
    "activity_kind_month",
    metadata,
    _unit(),
    Column("kind", Text, primary_key=True, comment="code of the kind; only kinds with scans in the month"),
    Column("month", Date, primary_key=True, comment="first day of the month"),
    Column("scans", ARRAY(BigInteger), nullable=False, comment="check-ins until each of the days that activity_month has"),
    Column("people", ARRAY(BigInteger), nullable=False, comment="people likewise, counted anew each day and venue"),
    comment=f"Scans of a commune and month by kind of venue ({_DERIVED})",
)

province_summary = Table(
    "province_summary",
    metadata,
    Column("province", Integer, primary_key=True, autoincrement=False, comment="number of a province with venues"),
    Column("days", ARRAY(Date), nullable=False, comment="local days for which any scan in it is loaded, be it of none, sorted"),
    comment=f"What is loaded of a province: the rest is unknown, which is not zero ({_DERIVED})",
)

summary_stale = Table(
    "summary_stale",
    metadata,
    Column("unit", Integer, comment="commune whose venues, or scans of the day, changed; null: venues were added somewhere"),
    Column("day", Date, comment="day whose scans changed; null: venues did"),
    comment="What changed in the facts since the summaries were made; empty but within a load",
)
