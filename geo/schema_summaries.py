"""The tables derived from venues and scans, kept by geo.summaries, and who answers for which kind of venue."""

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, BIT

from geo.schema import metadata

_DERIVED = "derived, see geo/summaries.py; foreign keys, asked for row by row, would cost more than they guard"


def _unit():
    return Column(
        "unit", Integer, primary_key=True, autoincrement=False, comment="number of the commune: who may see the row"
    )


def _days():
    """Sorted days of venues, in which a binary search counts those until a day."""
    return [
        Column("created", ARRAY(Date), nullable=False, comment="days of creation, sorted, one for each venue"),
        Column(
            "scanned",
            ARRAY(Date),
            nullable=False,
            comment="days since when venues are both created and scanned, sorted; none of the never scanned",
        ),
        Column("devices", ARRAY(Date), nullable=False, comment="days of creation of those whose solution is a device, sorted"),
    ]


commune_summary = Table(
    "commune_summary",
    metadata,
    _unit(),
    Column("venues", ARRAY(Integer), nullable=False, comment="its venues by day of creation and id: the places of bits"),
    Column("created", ARRAY(Date), nullable=False, comment="their days of creation: those until a day are the first bits"),
    Column("first_scan", ARRAY(Date), nullable=False, comment="their first days with scans; infinity of the never scanned"),
    comment=f"The order of a commune's venues ({_DERIVED})",
)

group_summary = Table(
    "group_summary",
    metadata,
    _unit(),
    Column("obligation_group", Text, primary_key=True, comment="of the kind; empty: obliged by no group"),
    *_days(),
    comment=f"Venues of a commune by obligation group, for sums over all kinds ({_DERIVED})",
)

kind_summary = Table(
    "kind_summary",
    metadata,
    _unit(),
    Column("kind", Text, primary_key=True, comment="code of the kind"),
    *_days(),
    Column("venues", BIT(varying=True), nullable=False, comment="which of the commune's venues are of the kind"),
    comment=f"Venues of a commune by kind ({_DERIVED})",
)

activity_day = Table(
    "activity_day",
    metadata,
    _unit(),
    Column("day", Date, primary_key=True, comment="local day for which the commune has rows of scans, be they of none"),
    Column("venues", BIT(varying=True), nullable=False, comment="which of the commune's venues had a scan that day"),
    Column("scans", BigInteger, nullable=False, comment="check-ins that day"),
    Column("people", BigInteger, nullable=False, comment="people that day, counted anew at each venue"),
    comment=f"Which venues of a commune were scanned on a day: distinct ones of a window by OR ({_DERIVED})",
)

activity_kind_day = Table(
    "activity_kind_day",
    metadata,
    _unit(),
    Column("kind", Text, primary_key=True, comment="code of the kind"),
    Column("day", Date, primary_key=True, comment="local day with rows of scans"),
    Column("scans", BigInteger, nullable=False, comment="check-ins that day"),
    Column("people", BigInteger, nullable=False, comment="people that day, counted anew at each venue"),
    comment=f"Scans of a commune and day by kind of venue ({_DERIVED})",
)

summary_stale = Table(
    "summary_stale",
    metadata,
    Column("unit", Integer, comment="commune whose venues, or scans of the day, changed; null: venues were added somewhere"),
    Column("day", Date, comment="day whose scans changed; null: venues did"),
    comment="What changed in the facts since the summaries were made; empty but within a load",
)

department = Table(
    "department",
    metadata,
    Column("code", Text, primary_key=True, comment="named by department_kind; English, never shown"),
    Column("name_vi", Text, nullable=False, comment="as shown"),
    Column("name_en", Text, nullable=False, comment="as shown when English is chosen"),
    Column(
        "overall",
        Boolean,
        nullable=False,
        server_default="false",
        comment="answers for every kind that no other department answers for; one row",
    ),
    Index("department_overall_key", "overall", unique=True, postgresql_where=text("overall")),
    comment="Responsible departments (sở phụ trách); rows, not code, since provinces differ",
)

department_kind = Table(
    "department_kind",
    metadata,
    Column("kind", ForeignKey("venue_kind.code"), primary_key=True, comment="kind of venue"),
    Column("department", ForeignKey("department.code"), nullable=False, comment="who answers for it"),
    comment="Which department answers for which kind of venue",
)
