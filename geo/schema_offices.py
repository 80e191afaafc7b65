"""Who answers for which kind of venue, which solution a province has in force, and what agencies return of their staff."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from geo.schema import metadata

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

solution_in_force = Table(
    "solution_in_force",
    metadata,
    Column("province_code", Text, nullable=False, comment="province whose authority decided it"),
    Column("from_day", Date, nullable=False, comment="first local day; until the next one of the province"),
    Column("solution", Text, nullable=False, comment="poster that visitors scan, or device that scans visitors"),
    Column("decree", Text, nullable=False, comment="the letter or decision that set it"),
    PrimaryKeyConstraint("province_code", "from_day"),
    CheckConstraint("solution IN ('poster', 'device')", name="solution"),
    comment="What a province obliges venues to have, since a day; posters where no row is",
)

staff_return = Table(
    "staff_return",
    metadata,
    Column("vintage", Integer, nullable=False, comment="vintage in which code is meant"),
    Column("code", Text, nullable=False, comment="province, district or commune that the agency belongs to"),
    Column("unit", Integer, nullable=False, comment="number of that unit: who may see the row"),
    Column("organisation", Text, nullable=False, comment="the agency"),
    Column("returned_on", Date, nullable=False, comment="local day of the return; a later one replaces it from then on"),
    Column("staff", Integer, nullable=False, comment="its staff: denominator of I10"),
    Column("installed", Integer, nullable=False, comment="of these, those with the app"),
    Column("load_run", ForeignKey("load_run.id"), nullable=False, comment="the run that last changed the row"),
    PrimaryKeyConstraint("vintage", "code", "organisation", "returned_on"),
    ForeignKeyConstraint(
        ["unit", "vintage", "code"],
        ["admin_unit.id", "admin_unit.vintage", "admin_unit.code"],
        name="staff_return_unit_fkey",
    ),
    CheckConstraint("installed BETWEEN 0 AND staff", name="installed"),
    comment="Returns of agencies on the app: I10, hidden where there is none",
)

SYSTEMS = ("poster", "device", "both", "other", "none")

agency_assessment = Table(
    "agency_assessment",
    metadata,
    Column("vintage", Integer, nullable=False, comment="vintage in which code is meant"),
    Column("code", Text, nullable=False, comment="commune that the agency is in"),
    Column("unit", Integer, nullable=False, comment="number of that unit: who may see the row"),
    Column("organisation", Text, nullable=False, comment="the agency, as the register names it where it does"),
    Column("assessed_on", Date, nullable=False, comment="local day that it declares"),
    Column("points", Integer, nullable=False, comment="its control points (điểm kiểm soát)"),
    Column("supervisors", Integer, nullable=False, comment="how many people guide and supervise scanning there"),
    Column("system", Text, nullable=False, comment="what scans: poster, device, both, other, or none yet"),
    Column("entrants", Integer, comment="people who went in and out that day; null: not counted"),
    Column("scanned", Integer, comment="of these, those who were scanned; null as entrants is"),
    Column("load_run", ForeignKey("load_run.id"), nullable=False, comment="the run that last changed the row"),
    PrimaryKeyConstraint("vintage", "code", "organisation", "assessed_on"),
    ForeignKeyConstraint(
        ["unit", "vintage", "code"],
        ["admin_unit.id", "admin_unit.vintage", "admin_unit.code"],
        name="agency_assessment_unit_fkey",
    ),
    CheckConstraint("points >= 0 AND supervisors >= 0", name="counts"),
    CheckConstraint("(entrants IS NULL) = (scanned IS NULL) AND scanned BETWEEN 0 AND entrants", name="scanned"),
    CheckConstraint(f"system IN {SYSTEMS}", name="system"),
    comment="What agencies declare of themselves (11731/UBND-CN of Thừa Thiên Huế), one row an agency and day",
)
