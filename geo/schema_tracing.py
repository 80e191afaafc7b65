"""The tables of tracing beside visits: its rules, what visits were told before, reviews, and what is kept of purged visits."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
)

from geo.schema import metadata

# What the values of a rule are: counts, days, minutes, metres; grade_kind is 1 for the kinds that weigh more.
RULES = (
    "hotspot_cases", "hotspot_days", "stay_minutes", "infectious_days_before", "infectious_days_after", "keep_days",
    "grade_cases", "grade_exposed", "grade_recent_days", "grade_kind", "cluster_metres", "cluster_venues",
)  # fmt: skip
REVIEW_STATES = ("proposed", "confirmed", "closed")
RECTIFICATION_STATES = ("open", "answered", "rectified")


def _one_of(column, values):
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)


tracing_rule = Table(
    "tracing_rule",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True, comment="short key"),
    Column("rule", Text, nullable=False, comment="what it decides; its unit is in its name"),
    Column("province", Text, comment="code of the province whose decision it is; null: everywhere else"),
    Column("kind", ForeignKey("venue_kind.code"), comment="kind of venue it is for; null: every other kind, or no venue"),
    Column("value", Integer, nullable=False, comment="a count, or days, minutes or metres, as the rule's name says"),
    Column("valid_from", Date, nullable=False, comment="first local day on which it holds"),
    Column("valid_until", Date, comment="last local day; null: until one that begins later takes its place"),
    Column("decision", Text, nullable=False, comment="the decision, letter or guidance that set it"),
    UniqueConstraint(
        "rule", "province", "kind", "valid_from", name="tracing_rule_told_key", postgresql_nulls_not_distinct=True
    ),
    _one_of("rule", RULES),
    CheckConstraint("value >= 0", name="value"),
    CheckConstraint("valid_until >= valid_from", name="valid_until"),
    comment="Rules of tracing, which changed several times in 2021: the province's before the country's, the kind's before the rest's",
)

visit_history = Table(
    "visit_history",
    metadata,
    Column("visit_id", Integer, nullable=False, index=True, comment="the visit that was told otherwise since"),
    Column("case_code", Text, nullable=False, comment="as in visit"),
    Column("case_class", Text, nullable=False, comment="as told then: F0 or F1"),
    Column("onset_on", Date, comment="as told then"),
    Column("venue_id", Integer, index=True, comment="as told then"),
    Column("vintage", Integer, nullable=False, comment="vintage in which commune_code is meant"),
    Column("commune_code", Text, nullable=False, comment="as told then: where the visit was"),
    Column("place", Text, comment="as told then"),
    Column("arrived_at", DateTime(True), nullable=False, comment="as told then"),
    Column("left_at", DateTime(True), comment="as told then"),
    Column("source", Text, nullable=False, comment="as told then"),
    Column("load_run", ForeignKey("load_run.id"), nullable=False, comment="the run that had told it so"),
    Column("until_run", Integer, nullable=False, comment="the run that told it otherwise"),
    Index(None, "arrived_at"),
    comment="Visits as they were told before a correction: what was known when; purged with the visits",
)

visit_purge = Table(
    "visit_purge",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True, comment="named by the counts it kept"),
    Column("purged_at", DateTime(True), nullable=False, server_default=func.now(), comment="when"),
    Column("province", Text, nullable=False, comment="code of the province whose visits were removed"),
    Column("last_day", Date, nullable=False, comment="last local day of which no visit was left"),
    Column("visits", Integer, nullable=False, comment="how many were removed"),
    Column("account", Text, nullable=False, comment="who had them removed"),
    CheckConstraint("visits >= 0", name="visits"),
    comment="Removals of visits past retention: days of which nothing is taken in any more",
)

case_week = Table(
    "case_week",
    metadata,
    Column("week", Date, nullable=False, comment="its Monday"),
    Column("vintage", Integer, nullable=False, comment="vintage in which commune_code is meant"),
    Column("commune_code", Text, nullable=False, comment="where the visits were"),
    Column("cases", Integer, nullable=False, comment="distinct cases that were there in the week"),
    Column("purge", ForeignKey("visit_purge.id"), nullable=False, comment="the purge before which they were counted"),
    PrimaryKeyConstraint("week", "vintage", "commune_code"),
    ForeignKeyConstraint(
        ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="case_week_commune_fkey"
    ),
    comment="Cases of a week and commune, counted before the first of its visits was purged, and final since",
)

gap_week = Table(
    "gap_week",
    metadata,
    Column("week", Date, nullable=False, comment="its Monday"),
    Column("vintage", Integer, nullable=False, comment="vintage in which commune_code is meant"),
    Column("commune_code", Text, nullable=False, comment="where the visits were"),
    Column("kind", ForeignKey("venue_kind.code"), comment="kind of venue; null where no venue was named"),
    Column("a", Integer, nullable=False, comment="no QR code at the place on that day"),
    Column("b", Integer, nullable=False, comment="a QR code, and no scan on that day"),
    Column("c", Integer, nullable=False, comment="scans on that day, none in the visit's hours"),
    Column("covered", Integer, nullable=False, comment="a scan in the visit's hours, or on its day where hours are unknown"),
    Column("unknown", Integer, nullable=False, comment="on days of which no scans were loaded"),
    Column("purge", ForeignKey("visit_purge.id"), nullable=False, comment="the purge before which they were counted"),
    UniqueConstraint(
        *("week", "vintage", "commune_code", "kind"), name="gap_week_key", postgresql_nulls_not_distinct=True
    ),
    ForeignKeyConstraint(
        ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="gap_week_commune_fkey"
    ),
    comment="Declared visits of a week, by how they were covered, counted as in case_week",
)


def _decision(name, states, said, comment):
    return Table(
        name,
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True, comment="order of the decisions"),
        Column(
            "venue_id", Integer, nullable=False, index=True, comment="which venue; no foreign key: its keys are suspended by loads"
        ),
        Column("state", Text, nullable=False, comment=f"{', '.join(states[:-1])} or {states[-1]}"),
        Column(said, Text, nullable=False, comment="why, in the words of who decided; nothing personal"),
        Column("decided_at", DateTime(True), nullable=False, server_default=func.clock_timestamp(), comment="when"),
        Column("account", Text, nullable=False, comment="who decided"),
        Column("seen_run", Integer, nullable=False, comment="the last load that was seen: visits told since are new"),
        _one_of("state", states),
        comment=comment,
    )  # fmt: skip


hotspot_review = _decision(
    "hotspot_review",
    REVIEW_STATES,
    "reason",
    "Reviews of hotspots, the last one in force; added to, never changed; only review_hotspot writes here",
)
rectification = _decision(
    "rectification",
    RECTIFICATION_STATES,
    "note",
    "What agencies answered and mended where visits found no scan; added to, never changed; only rectify_venues writes here",
)
