"""Summaries that make any window quick to read, and triggers that note what changed; departments, solutions, staff with the app."""

from datetime import date

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, BIT

revision = "0006"
down_revision = "0004"

_INSIDE = "NOT (unit <@ (SELECT '{(,)}'::int4multirange - scope_inside()))"
_SUMMARIES = ["commune_summary", "group_summary", "kind_summary", "activity_month", "activity_kind_month"]
_GUARDED = [*_SUMMARIES, "staff_return"]

# Phú Yên's letter of 06/2021; labour answers for vocational schools, which are no kind of venue of their own yet
_DEPARTMENTS = [
    ("education", "Sở Giáo dục và Đào tạo", "Department of Education and Training", False),
    ("labour", "Sở Lao động – Thương binh và Xã hội", "Department of Labour, Invalids and Social Affairs", False),
    ("transport", "Sở Giao thông vận tải", "Department of Transport", False),
    ("health", "Sở Y tế", "Department of Health", False),
    ("industrial_zones", "Ban Quản lý các khu công nghiệp", "Industrial Zones Board", False),
    ("information", "Sở Thông tin và Truyền thông", "Department of Information and Communications", True),
]
_DEPARTMENT_KINDS = [
    ("school", "education"),
    ("station", "transport"),
    ("vehicle", "transport"),
    ("hospital", "health"),
    ("industrial_zone", "industrial_zones"),
]
# Thừa Thiên Huế's letter of that day: the posted code is to be removed, and a device scans the visitor's card
_SOLUTIONS = [("46", date(2021, 12, 6), "device", "11731/UBND-CN")]

# Each change of a fact notes which summaries no longer hold; geo.summaries.refresh takes note and empties the table, in the
# same transaction. Rows copied straight into a month that was empty are counted by the loader itself. Of added venues nothing
# is kept, since the first load of them has hundreds of thousands: their communes are found by counting.
_TRIGGERS = """
CREATE FUNCTION note_additions() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO public.summary_stale VALUES (NULL, NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER venue_added AFTER INSERT ON venue FOR EACH STATEMENT EXECUTE FUNCTION note_additions();

CREATE TRIGGER unit_changed AFTER INSERT OR UPDATE OR DELETE ON admin_unit FOR EACH STATEMENT EXECUTE FUNCTION note_additions();

CREATE FUNCTION note_removed_venues() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO public.summary_stale SELECT DISTINCT unit FROM gone;
    RETURN NULL;
END $$;
CREATE TRIGGER venue_removed AFTER DELETE ON venue REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_removed_venues();

CREATE FUNCTION note_changed_venues() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off AS $$
BEGIN
    INSERT INTO public.summary_stale
    SELECT DISTINCT u.unit
    FROM before JOIN after USING (id) CROSS JOIN LATERAL (VALUES (before.unit), (after.unit)) u(unit)
    WHERE (before.unit, before.created_on, before.kind, before.solution) <> (after.unit, after.created_on, after.kind, after.solution);
    IF EXISTS (SELECT FROM before JOIN after USING (id) WHERE (before.unit, before.kind) <> (after.unit, after.kind)) THEN
        INSERT INTO public.summary_stale
        SELECT DISTINCT before.unit, s.day
        FROM before JOIN after USING (id) JOIN public.scan_day s ON s.venue_id = before.id
        WHERE (before.unit, before.kind) <> (after.unit, after.kind);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER venue_changed AFTER UPDATE ON venue REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION note_changed_venues();

CREATE FUNCTION empty_summaries() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM public.commune_summary;
    DELETE FROM public.group_summary;
    DELETE FROM public.kind_summary;
    DELETE FROM public.activity_month;
    DELETE FROM public.activity_kind_month;
    DELETE FROM public.province_summary;
    DELETE FROM public.summary_stale;
    INSERT INTO public.summary_stale SELECT DISTINCT unit FROM public.venue;
    RETURN NULL;
END $$;
CREATE TRIGGER venue_emptied AFTER TRUNCATE ON venue FOR EACH STATEMENT EXECUTE FUNCTION empty_summaries();
CREATE TRIGGER scans_emptied AFTER TRUNCATE ON scan_day FOR EACH STATEMENT EXECUTE FUNCTION empty_summaries();

CREATE FUNCTION note_scans() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO public.summary_stale SELECT DISTINCT unit, day FROM changed;
    RETURN NULL;
END $$;
CREATE TRIGGER scans_added AFTER INSERT ON scan_day REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_scans();
CREATE TRIGGER scans_changed AFTER UPDATE ON scan_day REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_scans();
CREATE TRIGGER scans_removed AFTER DELETE ON scan_day REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_scans();
"""

# Arrays and bits are never chosen by: statistics of their elements would take longer than all else
_STATISTICS = {
    "commune_summary": ["venues", "created", "first_scan", "scanned"], "group_summary": ["created", "devices"],
    "kind_summary": ["created", "scanned", "devices", "venues"], "activity_month": ["days", "venues", "whole", "scans", "people"],
    "activity_kind_month": ["scans", "people"],
}  # fmt: skip
_FUNCTIONS = """
CREATE FUNCTION analyze_summaries() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    ANALYZE public.commune_summary, public.group_summary, public.kind_summary, public.activity_month, public.activity_kind_month;
END $$;
REVOKE ALL ON FUNCTION analyze_summaries FROM PUBLIC;
GRANT EXECUTE ON FUNCTION analyze_summaries TO phuqr_loader;
"""

_GRANTS = """
GRANT SELECT ON department, department_kind, solution_in_force TO phuqr_viewer, phuqr_loader;
GRANT INSERT, UPDATE, DELETE ON department_kind, solution_in_force TO phuqr_loader;
GRANT SELECT, INSERT, DELETE ON summary_stale, province_summary TO phuqr_loader;
"""


def upgrade():
    op.create_table(
        "commune_summary",
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("venues", ARRAY(sa.Integer()), nullable=False),
        sa.Column("created", ARRAY(sa.Date()), nullable=False),
        sa.Column("first_scan", ARRAY(sa.Date()), nullable=False),
        _days("scanned"),
        sa.PrimaryKeyConstraint("unit", name="commune_summary_pkey"),
    )
    op.create_table(
        "group_summary",
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("obligation_group", sa.Text(), nullable=False),
        _days("created"),
        _days("devices"),
        sa.PrimaryKeyConstraint("unit", "obligation_group", name="group_summary_pkey"),
    )
    op.create_table(
        "kind_summary",
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        _days("created"),
        _days("scanned"),
        _days("devices"),
        sa.Column("venues", BIT(varying=True), nullable=False),
        sa.PrimaryKeyConstraint("unit", "kind", name="kind_summary_pkey"),
    )
    op.create_table(
        "activity_month",
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("days", ARRAY(sa.Date()), nullable=False),
        sa.Column("venues", BIT(varying=True), nullable=False),
        sa.Column("whole", BIT(varying=True), nullable=False),
        sa.Column("scans", ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("people", ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("unit", "month", name="activity_month_pkey"),
    )
    op.create_table(
        "activity_kind_month",
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("scans", ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("people", ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("unit", "kind", "month", name="activity_kind_month_pkey"),
    )
    op.create_table(
        "province_summary",
        sa.Column("province", sa.Integer(), nullable=False),
        _days("days"),
        sa.PrimaryKeyConstraint("province", name="province_summary_pkey"),
    )
    op.create_table("summary_stale", sa.Column("unit", sa.Integer()), sa.Column("day", sa.Date()))
    op.create_table(
        "department",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_vi", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("overall", sa.Boolean(), server_default="false", nullable=False),
        sa.PrimaryKeyConstraint("code", name="department_pkey"),
    )
    op.create_index("department_overall_key", "department", ["overall"], unique=True, postgresql_where=sa.text("overall"))
    op.create_table(
        "department_kind",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["kind"], ["venue_kind.code"], name="department_kind_kind_fkey"),
        sa.ForeignKeyConstraint(["department"], ["department.code"], name="department_kind_department_fkey"),
        sa.PrimaryKeyConstraint("kind", name="department_kind_pkey"),
    )
    op.create_table(
        "solution_in_force",
        sa.Column("province_code", sa.Text(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("solution", sa.Text(), nullable=False),
        sa.Column("decree", sa.Text(), nullable=False),
        sa.CheckConstraint("solution IN ('poster', 'device')", name="solution_in_force_solution_check"),
        sa.PrimaryKeyConstraint("province_code", "from_day", name="solution_in_force_pkey"),
    )
    op.create_table(
        "staff_return",
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("returned_on", sa.Date(), nullable=False),
        sa.Column("staff", sa.Integer(), nullable=False),
        sa.Column("installed", sa.Integer(), nullable=False),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.CheckConstraint("installed BETWEEN 0 AND staff", name="staff_return_installed_check"),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="staff_return_load_run_fkey"),
        sa.ForeignKeyConstraint(
            ["unit", "vintage", "code"],
            ["admin_unit.id", "admin_unit.vintage", "admin_unit.code"],
            name="staff_return_unit_fkey",
        ),
        sa.PrimaryKeyConstraint("vintage", "code", "organisation", "returned_on", name="staff_return_pkey"),
    )
    for table, columns, rows in (
        ("department", ("code", "name_vi", "name_en", "overall"), _DEPARTMENTS),
        ("department_kind", ("kind", "department"), _DEPARTMENT_KINDS),
        ("solution_in_force", ("province_code", "from_day", "solution", "decree"), _SOLUTIONS),
    ):
        target = sa.table(table, *(sa.column(name) for name in columns))
        op.bulk_insert(target, [dict(zip(columns, row, strict=True)) for row in rows])
    op.execute(_TRIGGERS)
    op.execute(_FUNCTIONS)
    op.execute(_GRANTS)
    for table, columns in _STATISTICS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
    for table in _GUARDED:
        op.execute(f"GRANT SELECT ON {table} TO phuqr_viewer")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO phuqr_loader")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_seen ON {table} FOR SELECT TO phuqr_viewer USING ({_INSIDE})")
        op.execute(f"CREATE POLICY {table}_loaded ON {table} TO phuqr_loader USING (true) WITH CHECK (true)")
    # What is there already is summarised as soon as the schema is up to date: see geo.db.migrate
    op.execute("INSERT INTO summary_stale SELECT DISTINCT unit FROM venue")
    op.execute("INSERT INTO summary_stale SELECT DISTINCT unit, day FROM scan_day")


def _days(name):
    return sa.Column(name, ARRAY(sa.Date()), nullable=False)


def downgrade():
    for name in ("venue_added", "venue_removed", "venue_changed", "venue_emptied"):
        op.execute(f"DROP TRIGGER {name} ON venue")
    op.execute("DROP TRIGGER unit_changed ON admin_unit")
    for name in ("scans_added", "scans_changed", "scans_removed", "scans_emptied"):
        op.execute(f"DROP TRIGGER {name} ON scan_day")
    op.execute(
        "DROP FUNCTION note_additions, note_removed_venues, note_changed_venues, note_scans, empty_summaries, analyze_summaries"
    )
    for table in (*_GUARDED, "summary_stale", "province_summary", "solution_in_force", "department_kind", "department"):
        op.drop_table(table)
