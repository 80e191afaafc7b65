"""The tables, and on every column the reason it is there (also kept in the database as its comment)."""

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

OWNER, LOADER, VIEWER, GATE = "phuqr_owner", "phuqr_loader", "phuqr_viewer", "phuqr_gate"

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
    }
)


def _written_by():
    return Column(
        "load_run",
        ForeignKey("load_run.id"),
        nullable=False,
        comment="the run that last changed the row, so that every figure can be traced to a file",
    )


load_run = Table(
    "load_run",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True, comment="named by the rows it wrote"),
    Column("kind", Text, nullable=False, comment="what a loader is called by: boundaries, register, venues, scans"),
    Column(
        "file_name", Text, nullable=False, comment="as the user named it; a path is left out, it may tell of a person"
    ),
    Column("sha256", Text, nullable=False, comment="tells a file loaded again from a changed one"),
    Column(
        "settings",
        JSONB,
        nullable=False,
        server_default="{}",
        comment="how it was read, such as the vintage or the map of headers: read otherwise it is another load",
    ),
    Column("loaded_by", Text, nullable=False, comment="the account that ran the command"),
    Column("started_at", DateTime(True), nullable=False, server_default=func.now(), comment="when it began"),
    Column("finished_at", DateTime(True), comment="null only inside the run's own transaction"),
    Column(
        "invented",
        Boolean,
        nullable=False,
        server_default="false",
        comment="rows of the sample province: banner, and removed by the first real load",
    ),
    Column("rows_in", Integer, nullable=False, server_default="0", comment="data rows in the file"),
    Column("rows_loaded", Integer, nullable=False, server_default="0", comment="rows accepted, changed or not"),
    Column("rows_refused", Integer, nullable=False, server_default="0", comment="rows kept out"),
    Column(
        "rows_changed", Integer, nullable=False, server_default="0", comment="of the accepted, new or not as before"
    ),
    Column(
        "rows_taken_back",
        Integer,
        nullable=False,
        server_default="0",
        comment="rows of before that a newer export of the same days no longer holds",
    ),
    Column("warnings", Integer, nullable=False, server_default="0", comment="findings on rows that were accepted"),
    Column("error", Text, comment="why the whole file was refused; null when it was loaded"),
    CheckConstraint("error IS NOT NULL OR rows_in = rows_loaded + rows_refused", name="nothing_lost"),
    comment="One row per file handed to a loader, refused files included",
)

load_finding = Table(
    "load_finding",
    metadata,
    Column(
        "load_run",
        ForeignKey("load_run.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
        comment="the run that found it",
    ),
    Column(
        "row", Integer, nullable=False, comment="row of the file as a spreadsheet numbers it, the header's row counted"
    ),
    Column("column", Text, nullable=False, comment="header as the file has it"),
    Column("value", Text, comment="what stood there, cut to 200 characters; null where the cell was empty"),
    Column("rule", Text, nullable=False, comment="stable name of the rule, for machines and for counting"),
    Column("refused", Boolean, nullable=False, comment="true: the row was kept out; false: loaded and flagged"),
    Column("remedy", Text, nullable=False, comment="what the staff can do, in Vietnamese"),
    Column("vintage", Integer, comment="vintage in which commune_code is meant"),
    Column(
        "commune_code",
        Text,
        comment="commune of the row: whose readers see the finding; null, where it could not be known: those who see all",
    ),
    comment="Rows refused or flagged, so that an office can be told what to mend",
)

restatement = Table(
    "restatement",
    metadata,
    Column("load_run", ForeignKey("load_run.id"), nullable=False, comment="the run that changed what was known"),
    Column("day", Date, comment="local day of the figure; null where it has none"),
    Column("vintage", Integer, nullable=False, comment="vintage in which commune_code is meant"),
    Column("commune_code", Text, nullable=False, comment="commune of the figure"),
    Column("measure", Text, nullable=False, comment="venues, scans, people, active, obliged or population"),
    Column("before", BigInteger, nullable=False, comment="as it stood"),
    Column("after", BigInteger, nullable=False, comment="as the run left it"),
    UniqueConstraint(
        *("load_run", "vintage", "commune_code", "measure", "day"),
        name="restatement_figure_key",
        postgresql_nulls_not_distinct=True,
    ),
    ForeignKeyConstraint(
        ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="restatement_commune_fkey"
    ),
    comment="Figures that were known and came out otherwise in a newer file: by how much a report of before has changed",
)

boundary_vintage = Table(
    "boundary_vintage",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True, comment="named by the units of the vintage"),
    Column("valid_from", Date, nullable=False, unique=True, comment="first day these units were in force"),
    Column("source", Text, nullable=False, comment="where the polygons come from; shown on the map"),
    Column("licence", Text, comment="null where the source names none"),
    Column("sha256", Text, nullable=False, comment="of the file last loaded into it"),
    comment="A set of administrative units in force from one day on",
)

admin_unit = Table(
    "admin_unit",
    metadata,
    Column(
        "vintage",
        ForeignKey("boundary_vintage.id"),
        nullable=False,
        comment="a code is no identity: it names a unit only within a vintage",
    ),
    Column("code", Text, nullable=False, comment="statistics office code: 2, 3 or 5 digits, leading zeros kept"),
    Column(
        "id",
        Integer,
        Identity(always=True),
        nullable=False,
        comment="its number: on venues and scans too, so that who may see a row is told by comparing numbers",
    ),
    Column("level", SmallInteger, nullable=False, comment="1 province, 2 district, 3 commune"),
    Column("name", Text, nullable=False, comment="official name with its type, as shown: Xã Quang Vĩnh"),
    Column("kind", Text, comment="type of unit as written: Xã, Phường, Thị trấn; null where the name carries none"),
    Column("parent_code", Text, comment="code of the unit above in the same vintage; null for a province"),
    Column(
        "geom",
        Geometry("MULTIPOLYGON", 4326, spatial_index=True),
        nullable=False,
        comment="as loaded: points are tested against it",
    ),
    *(
        Column(
            f"geom_{tolerance}m",
            Geometry("MULTIPOLYGON", 4326, spatial_index=False),
            nullable=False,
            comment=f"simplified as a coverage to about {tolerance} m, neighbours share one line: drawn on the map of {drawn}",
        )
        for tolerance, drawn in ((10, "a district or commune"), (50, "a province"), (500, "several provinces"))
    ),
    Column("area_km2", Float, nullable=False, comment="area of geom on the ellipsoid (EPSG:6933)"),
    _written_by(),
    PrimaryKeyConstraint("vintage", "code"),
    UniqueConstraint("id", "vintage", "code"),
    ForeignKeyConstraint(
        ["vintage", "parent_code"],
        ["admin_unit.vintage", "admin_unit.code"],
        deferrable=True,
        initially="DEFERRED",
        name="admin_unit_parent_fkey",
    ),
    CheckConstraint("level BETWEEN 1 AND 3", name="level"),
    CheckConstraint("(level = 1) = (parent_code IS NULL)", name="parent"),
    Index(None, "vintage", "parent_code", postgresql_include=["id", "code"]),  # of which resolve_scope needs no more
    Index("admin_unit_province_idx", "vintage", "code", postgresql_where=text("level = 1")),
    comment="Provinces, districts and communes, one row per vintage",
)

unit_change = Table(
    "unit_change",
    metadata,
    Column("from_vintage", ForeignKey("boundary_vintage.id"), nullable=False, comment="the older vintage"),
    Column("from_code", Text, nullable=False, comment="unit that was changed"),
    Column("to_vintage", ForeignKey("boundary_vintage.id"), nullable=False, comment="the newer vintage"),
    Column("to_code", Text, nullable=False, comment="unit that holds it, or a part of it, afterwards"),
    Column(
        "share", Float, nullable=False, comment="part of the old unit's counts that moves to the new one, above 0 to 1"
    ),
    Column("decree", Text, comment="resolution that made the change, as the file has it; null where unknown"),
    Column(
        "estimated",
        Boolean,
        nullable=False,
        server_default="false",
        comment="the share was worked out from polygons, or its file says that it is an estimate",
    ),
    _written_by(),
    PrimaryKeyConstraint("from_vintage", "from_code", "to_vintage", "to_code"),
    ForeignKeyConstraint(
        ["from_vintage", "from_code"],
        ["admin_unit.vintage", "admin_unit.code"],
        ondelete="CASCADE",
        name="unit_change_from_fkey",
    ),
    ForeignKeyConstraint(
        ["to_vintage", "to_code"],
        ["admin_unit.vintage", "admin_unit.code"],
        ondelete="CASCADE",
        name="unit_change_to_fkey",
    ),
    CheckConstraint("share > 0 AND share <= 1", name="share"),
    Index(None, "to_vintage", "to_code"),
    comment="Crosswalk between vintages: carries counts across mergers and splits",
)

unit_alias = Table(
    "unit_alias",
    metadata,
    Column("vintage", Integer, nullable=False, comment="vintage in which commune_code is meant"),
    Column("district_code", Text, nullable=False, comment="district that the file names beside; empty: none, or any"),
    Column("alias", Text, nullable=False, comment="as typed, folded by geo.names.fold"),
    Column("commune_code", Text, nullable=False, comment="what a person confirmed that it means"),
    _written_by(),
    PrimaryKeyConstraint("vintage", "district_code", "alias"),
    ForeignKeyConstraint(
        ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="unit_alias_commune_fkey"
    ),
    comment="Names of communes that no rule could match, and that a person has matched for good",
)

venue_kind = Table(
    "venue_kind",
    metadata,
    Column("code", Text, primary_key=True, comment="named by venues; English, never shown"),
    Column("name_vi", Text, nullable=False, unique=True, comment="as shown, and as files write it"),
    Column("name_en", Text, nullable=False, comment="as shown when English is chosen"),
    Column("obligation_group", Text, comment="A agencies, C premises (Hà Tĩnh's letter); null: obliged by no group"),
    comment="Kinds of venue of the letters; rows, not code, since provinces differ",
)

venue = Table(
    "venue",
    metadata,
    Column("id", Integer, Identity(always=True, cache=1000), primary_key=True, comment="short key for the large scan table"),
    Column("code", Text, nullable=False, unique=True, comment="the QR system's own code: what files refer to"),
    Column("name", Text, nullable=False, comment="as registered; may hold any characters, escaped where shown"),
    Column("kind", ForeignKey("venue_kind.code"), nullable=False, comment="decides the obligation group"),
    Column("organisation", Text, comment="owner of several venues (cơ quan chủ quản); null where not told"),
    Column("vintage", Integer, nullable=False, comment="vintage in which commune_code is meant"),
    Column("commune_code", Text, nullable=False, comment="commune as declared, never corrected from the point"),
    Column("unit", Integer, nullable=False, comment="number of that commune: who may see the row"),
    Column("located_by", Text, nullable=False, comment="code or name: how the commune was known"),
    Column("address", Text, comment="free text; null where not told"),
    Column(
        "point",
        Geometry("POINT", 4326, spatial_index=False),
        comment="null for most: a registration has no coordinates; found by its unit",
    ),
    Column(
        "outside_commune",
        Boolean,
        nullable=False,
        server_default="false",
        comment="the point lies outside the declared commune",
    ),
    Column("created_on", Date, nullable=False, comment="local day the QR code was created: I1, I2"),
    Column("closed_on", Date, comment="last local day of a venue that closed; null while open"),
    Column(
        "solution",
        Text,
        nullable=False,
        server_default="poster",
        comment="poster that visitors scan, or device that scans visitors",
    ),
    _written_by(),
    ForeignKeyConstraint(
        ["unit", "vintage", "commune_code"],
        ["admin_unit.id", "admin_unit.vintage", "admin_unit.code"],
        name="venue_commune_fkey",
    ),
    CheckConstraint("located_by IN ('code', 'name')", name="located_by"),
    CheckConstraint("solution IN ('poster', 'device')", name="solution"),
    CheckConstraint("closed_on IS NULL OR closed_on >= created_on", name="closed_after_created"),
    Index(None, "unit", "created_on"),
    comment="Points with a QR code",
)

obligation = Table(
    "obligation",
    metadata,
    Column("vintage", Integer, nullable=False, comment="vintage in which commune_code is meant"),
    Column("commune_code", Text, nullable=False, comment="commune that the count is for"),
    Column("obligation_group", Text, nullable=False, comment="A or C: due days differ by group"),
    Column("obliged", Integer, nullable=False, comment="venues that must have a QR code: denominator of I1"),
    _written_by(),
    PrimaryKeyConstraint("vintage", "commune_code", "obligation_group"),
    ForeignKeyConstraint(
        ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="obligation_commune_fkey"
    ),
    CheckConstraint("obliged >= 0", name="obliged"),
    comment="The register (diện phải tạo), as counts",
)

organisation = Table(
    "organisation",
    metadata,
    Column("vintage", Integer, nullable=False, comment="vintage in which commune_code is meant"),
    Column("commune_code", Text, nullable=False, comment="where it is"),
    Column("obligation_group", Text, nullable=False, comment="A or C, told by the file or by the kind"),
    Column("name", Text, nullable=False, comment="as registered"),
    Column("kind", ForeignKey("venue_kind.code"), comment="kind of venue; null where the file tells the group alone"),
    Column("obliged", Integer, nullable=False, comment="points that it must have a QR code at"),
    _written_by(),
    PrimaryKeyConstraint("vintage", "commune_code", "obligation_group", "name"),
    ForeignKeyConstraint(
        ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="organisation_commune_fkey"
    ),
    CheckConstraint("obliged >= 0", name="obliged"),
    comment="The register one organisation a row; obligation holds its sums",
)

population = Table(
    "population",
    metadata,
    Column("vintage", Integer, nullable=False, comment="vintage in which commune_code is meant"),
    Column("commune_code", Text, nullable=False, comment="where"),
    Column("population", Integer, nullable=False, comment="inhabitants: denominator of I1b"),
    Column("households", Integer, comment="null where not told"),
    _written_by(),
    PrimaryKeyConstraint("vintage", "commune_code"),
    ForeignKeyConstraint(
        ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="population_commune_fkey"
    ),
    CheckConstraint("population >= 0 AND households BETWEEN 0 AND population", name="population"),
    comment="Inhabitants by commune",
)

scan_day = Table(
    "scan_day",
    metadata,
    Column("day", Date, nullable=False, comment="local day; the partition key"),
    Column("venue_id", Integer, nullable=False, comment="where"),
    Column(
        "unit",
        Integer,
        nullable=False,
        comment="number of the venue's commune, kept equal to it by venue_moved: who may see the row",
    ),
    Column("scans", Integer, nullable=False, comment="check-ins that day: I7; 0 where a later file took them back"),
    Column("people", Integer, nullable=False, comment="distinct people that day; never more than scans"),
    Column("load_run", Integer, nullable=False, comment="the run that last changed the row"),
    PrimaryKeyConstraint("day", "venue_id"),
    CheckConstraint("people BETWEEN 0 AND scans", name="people"),
    postgresql_partition_by="RANGE (day)",
    comment="The fact table: scans per venue and day, partitioned by month; foreign keys, asked for row by row, would take "
    "longer than all else of a load: that venues with scans stay is seen to by the trigger venue_stays",
)

scan_hour = Table(
    "scan_hour",
    metadata,
    Column("venue_id", ForeignKey("venue.id"), nullable=False, comment="where"),
    Column(
        "unit", Integer, nullable=False, comment="number of the venue's commune, kept equal to it by venue_moved: who may see the row"
    ),
    Column("day", Date, nullable=False, comment="local day"),
    Column("hour", SmallInteger, nullable=False, comment="local hour, 0 to 23, from its first minute to its last"),
    Column("scans", Integer, nullable=False, comment="check-ins in that hour"),
    Column("people", Integer, comment="distinct people in that hour; null where not told"),
    _written_by(),
    PrimaryKeyConstraint("venue_id", "day", "hour"),
    CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
    CheckConstraint("scans >= 0 AND people BETWEEN 0 AND scans", name="people"),
    comment="Scans by the hour, for the venues and days that are known so: kind c of the tracing gap",
)

commune_scan_day = Table(
    "commune_scan_day",
    metadata,
    Column("day", Date, nullable=False, comment="local day"),
    Column("vintage", Integer, nullable=False, comment="vintage in which commune_code is meant"),
    Column("commune_code", Text, nullable=False, comment="where"),
    Column(
        "venues_with_scans", Integer, nullable=False, comment="venues active that day: cannot be added up over days"
    ),
    Column("scans", BigInteger, nullable=False, comment="check-ins that day in the commune"),
    Column("people", BigInteger, nullable=False, comment="people that day; never more than scans"),
    _written_by(),
    PrimaryKeyConstraint("day", "vintage", "commune_code"),
    ForeignKeyConstraint(
        ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="commune_scan_day_commune_fkey"
    ),
    CheckConstraint("people BETWEEN 0 AND scans", name="people"),
    CheckConstraint("venues_with_scans BETWEEN 0 AND scans", name="venues"),
    comment="Sources that know scans per commune only; kept apart from scan_day",
)

visit = Table(
    "visit",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True, comment="short key"),
    Column("case_code", Text, nullable=False, comment="pseudonym from the health department, never a person's"),
    Column("case_class", Text, nullable=False, comment="F0 or F1: the case's, as the newest file tells it"),
    Column(
        "onset_on", Date, comment="first symptoms of the case, or its positive sample; null where not told: always infectious"
    ),
    Column("venue_id", ForeignKey("venue.id"), comment="where; null where only a commune and a place were told"),
    Column("vintage", Integer, nullable=False, comment="vintage in which commune_code is meant"),
    Column("commune_code", Text, nullable=False, comment="where the visit was: not where the case lives"),
    Column("place", Text, comment="as described, where no venue is named"),
    Column("arrived_at", DateTime(True), nullable=False, comment="when the case came"),
    Column("left_at", DateTime(True), comment="null where not told; never filled with now"),
    Column(
        "next_at",
        DateTime(True),
        comment="where left_at is null, the case's next arrival anywhere, kept by find_next_arrivals: also out of a reader's scope",
    ),
    Column("source", Text, nullable=False, comment="declared by the case, or scanned"),
    _written_by(),
    ForeignKeyConstraint(
        ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="visit_commune_fkey"
    ),
    CheckConstraint("case_class IN ('F0', 'F1')", name="case_class"),
    CheckConstraint("source IN ('declared', 'scanned')", name="source"),
    CheckConstraint("left_at >= arrived_at", name="left_after_arrived"),
    CheckConstraint("venue_id IS NOT NULL OR place IS NOT NULL", name="somewhere"),
    UniqueConstraint(
        *("case_code", "arrived_at", "venue_id", "vintage", "commune_code", "place"),
        name="visit_told_key",
        postgresql_nulls_not_distinct=True,
    ),
    Index(None, "venue_id"),
    Index(None, "vintage", "commune_code", "arrived_at"),
    # The first finds the venues that cases were at within days, the second those cases; both without a look at the rows
    Index(
        "visit_exposed_idx",
        "arrived_at",
        postgresql_include=["venue_id", "vintage", "commune_code", "load_run"],
        postgresql_where=text("case_class = 'F0' AND venue_id IS NOT NULL"),
    ),
    Index(
        "visit_crossed_idx",
        "venue_id",
        "arrived_at",
        postgresql_include=["case_code", "vintage", "commune_code", "onset_on", "load_run"],
        postgresql_where=text("case_class = 'F0'"),
    ),
    comment="Visits of traced cases: seen by the roles health and leader only, and each reading is on record",
)

inspection = Table(
    "inspection",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True, comment="short key"),
    Column("venue_id", ForeignKey("venue.id"), nullable=False, index=True, comment="what was inspected"),
    Column("inspected_on", Date, nullable=False, comment="local day"),
    Column("campaign", Text, comment="such as the peak week 06/12 to 12/12/2021; null outside any"),
    Column(
        "outcome", Text, nullable=False, comment="passed, reminded, suspend or sanction (the last two are proposals)"
    ),
    Column("posted", Boolean, comment="QR code posted properly, or a device in use: I8; null where not looked at"),
    Column("supervised", Boolean, comment="someone saw to it that visitors scan; null where not looked at"),
    Column("minutes", SmallInteger, comment="how long the team counted, 30 to 60 as ordered; null where not told"),
    Column("head_count", Integer, comment="people who came in while the team counted: I9"),
    Column("scanned", Integer, comment="of these, those who were scanned"),
    Column("note", Text, comment="as the team wrote it"),
    _written_by(),
    UniqueConstraint(
        "venue_id", "inspected_on", "campaign", name="inspection_made_key", postgresql_nulls_not_distinct=True
    ),
    CheckConstraint("outcome IN ('passed', 'reminded', 'suspend', 'sanction')", name="outcome"),
    CheckConstraint("scanned BETWEEN 0 AND head_count", name="scanned"),
    CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes"),
    comment="Visits of inspection teams to venues",
)
