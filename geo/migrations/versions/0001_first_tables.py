"""The first tables, the kinds of venue, and what each role may do."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0001"
down_revision = None

_KIND_COLUMNS = ("code", "name_vi", "name_en", "obligation_group")
# The kinds of Phú Yên's letter of 06/2021; groups as in Hà Tĩnh's: A agencies, C premises, none without a fixed place
_KINDS = [
    ("office", "Trụ sở làm việc", "Office", "A"),
    ("business", "Cơ sở sản xuất, kinh doanh", "Production or business", "C"),
    ("industrial_zone", "Khu công nghiệp", "Industrial zone", "C"),
    ("eatery", "Quán ăn uống phục vụ tại chỗ", "Eatery", "C"),
    ("cafe", "Quán cà phê", "Café", "C"),
    ("bar", "Quán bar, vũ trường", "Bar or dance hall", "C"),
    ("karaoke", "Karaoke", "Karaoke", "C"),
    ("massage", "Cơ sở xoa bóp", "Massage", "C"),
    ("beauty", "Cơ sở làm đẹp", "Beauty", "C"),
    ("gym", "Phòng tập thể thao", "Gym", "C"),
    ("hospital", "Bệnh viện, cơ sở y tế", "Hospital or clinic", "C"),
    ("apartment", "Chung cư", "Apartment block", "C"),
    ("school", "Trường học", "School", "C"),
    ("station", "Bến xe, nhà ga", "Station or port", "C"),
    ("mall", "Siêu thị, trung tâm thương mại", "Supermarket or mall", "C"),
    ("market", "Chợ dân sinh", "Market", "C"),
    ("shop", "Cửa hàng thiết yếu", "Essential shop", "C"),
    ("tourism", "Điểm du lịch, vui chơi giải trí", "Tourist or leisure site", "C"),
    ("worship", "Cơ sở tôn giáo", "Religious site", "C"),
    ("vehicle", "Phương tiện vận tải", "Vehicle", None),
    ("meeting", "Hội nghị, hội họp", "Meeting or conference", None),
    ("ceremony", "Đám cưới, đám tang", "Wedding or funeral", None),
    ("other", "Khác", "Other", None),
]

# The loader may not create tables; this lets it add just the month that its rows need.
_ADD_SCAN_MONTH = """
CREATE FUNCTION add_scan_month(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    first date := date_trunc('month', month)::date;
BEGIN
    EXECUTE format('CREATE TABLE IF NOT EXISTS public.scan_day_%s PARTITION OF public.scan_day '
                   'FOR VALUES FROM (%L) TO (%L)',
                   to_char(first, 'YYYY_MM'), first, (first + interval '1 month')::date);
END $$;
REVOKE ALL ON FUNCTION add_scan_month FROM PUBLIC;
GRANT EXECUTE ON FUNCTION add_scan_month TO phuqr_loader;
"""

# Nor may it analyze what it does not own; without statistics the first read after a load would take minutes.
_ANALYZE_FACTS = """
CREATE FUNCTION analyze_facts() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    ANALYZE public.admin_unit, public.venue, public.obligation, public.scan_day;
END $$;
REVOKE ALL ON FUNCTION analyze_facts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION analyze_facts TO phuqr_loader;
"""

_GRANTS = """
GRANT SELECT ON ALL TABLES IN SCHEMA public TO phuqr_viewer, phuqr_loader;
GRANT INSERT, UPDATE ON boundary_vintage, admin_unit, unit_change, venue, obligation, scan_day, commune_scan_day,
    load_run, load_finding TO phuqr_loader;
GRANT DELETE ON boundary_vintage, admin_unit, venue, obligation, scan_day, commune_scan_day TO phuqr_loader;
"""


def upgrade():
    op.create_table(
        "boundary_vintage",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text()),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="boundary_vintage_pkey"),
        sa.UniqueConstraint("valid_from", name="boundary_vintage_valid_from_key"),
    )
    op.create_table(
        "load_run",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("invented", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("rows_in", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rows_loaded", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rows_refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("warnings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text()),
        sa.CheckConstraint(
            "error IS NOT NULL OR rows_in = rows_loaded + rows_refused", name="load_run_nothing_lost_check"
        ),
        sa.PrimaryKeyConstraint("id", name="load_run_pkey"),
    )
    op.create_table(
        "venue_kind",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_vi", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("obligation_group", sa.Text()),
        sa.PrimaryKeyConstraint("code", name="venue_kind_pkey"),
        sa.UniqueConstraint("name_vi", name="venue_kind_name_vi_key"),
    )
    op.create_table(
        "admin_unit",
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text()),
        sa.Column("parent_code", sa.Text()),
        sa.Column("geom", Geometry("MULTIPOLYGON", 4326, spatial_index=False), nullable=False),
        sa.Column("geom_simple", Geometry("MULTIPOLYGON", 4326, spatial_index=False), nullable=False),
        sa.Column("area_km2", sa.Float(), nullable=False),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.CheckConstraint("(level = 1) = (parent_code IS NULL)", name="admin_unit_parent_check"),
        sa.CheckConstraint("level BETWEEN 1 AND 3", name="admin_unit_level_check"),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="admin_unit_load_run_fkey"),
        sa.ForeignKeyConstraint(
            ["vintage", "parent_code"],
            ["admin_unit.vintage", "admin_unit.code"],
            name="admin_unit_parent_fkey",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["vintage"], ["boundary_vintage.id"], name="admin_unit_vintage_fkey"),
        sa.PrimaryKeyConstraint("vintage", "code", name="admin_unit_pkey"),
    )
    op.create_index("admin_unit_vintage_parent_code_idx", "admin_unit", ["vintage", "parent_code"], unique=False)
    op.create_index("idx_admin_unit_geom", "admin_unit", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "load_finding",
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="load_finding_load_run_fkey", ondelete="CASCADE"),
    )
    op.create_index("load_finding_load_run_idx", "load_finding", ["load_run"], unique=False)
    op.create_table(
        "commune_scan_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.Column("venues_with_scans", sa.Integer(), nullable=False),
        sa.Column("scans", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.CheckConstraint("people BETWEEN 0 AND scans", name="commune_scan_day_people_check"),
        sa.CheckConstraint("venues_with_scans BETWEEN 0 AND scans", name="commune_scan_day_venues_check"),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="commune_scan_day_load_run_fkey"),
        sa.ForeignKeyConstraint(
            ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="commune_scan_day_commune_fkey"
        ),
        sa.PrimaryKeyConstraint("day", "vintage", "commune_code", name="commune_scan_day_pkey"),
    )
    op.create_table(
        "obligation",
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.Column("obligation_group", sa.Text(), nullable=False),
        sa.Column("obliged", sa.Integer(), nullable=False),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.CheckConstraint("obliged >= 0", name="obligation_obliged_check"),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="obligation_load_run_fkey"),
        sa.ForeignKeyConstraint(
            ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="obligation_commune_fkey"
        ),
        sa.PrimaryKeyConstraint("vintage", "commune_code", "obligation_group", name="obligation_pkey"),
    )
    op.create_table(
        "unit_change",
        sa.Column("from_vintage", sa.Integer(), nullable=False),
        sa.Column("from_code", sa.Text(), nullable=False),
        sa.Column("to_vintage", sa.Integer(), nullable=False),
        sa.Column("to_code", sa.Text(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("decree", sa.Text()),
        sa.CheckConstraint("share > 0 AND share <= 1", name="unit_change_share_check"),
        sa.ForeignKeyConstraint(
            ["from_vintage", "from_code"], ["admin_unit.vintage", "admin_unit.code"], name="unit_change_from_fkey"
        ),
        sa.ForeignKeyConstraint(["from_vintage"], ["boundary_vintage.id"], name="unit_change_from_vintage_fkey"),
        sa.ForeignKeyConstraint(
            ["to_vintage", "to_code"], ["admin_unit.vintage", "admin_unit.code"], name="unit_change_to_fkey"
        ),
        sa.ForeignKeyConstraint(["to_vintage"], ["boundary_vintage.id"], name="unit_change_to_vintage_fkey"),
        sa.PrimaryKeyConstraint("from_vintage", "from_code", "to_vintage", "to_code", name="unit_change_pkey"),
    )
    op.create_table(
        "venue",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text()),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.Column("located_by", sa.Text(), nullable=False),
        sa.Column("address", sa.Text()),
        sa.Column("point", Geometry("POINT", 4326, spatial_index=False)),
        sa.Column("outside_commune", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date()),
        sa.Column("solution", sa.Text(), server_default="poster", nullable=False),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.CheckConstraint("located_by IN ('code', 'name')", name="venue_located_by_check"),
        sa.CheckConstraint("solution IN ('poster', 'device')", name="venue_solution_check"),
        sa.CheckConstraint("closed_on IS NULL OR closed_on >= created_on", name="venue_closed_after_created_check"),
        sa.ForeignKeyConstraint(["kind"], ["venue_kind.code"], name="venue_kind_fkey"),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="venue_load_run_fkey"),
        sa.ForeignKeyConstraint(
            ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="venue_commune_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="venue_pkey"),
        sa.UniqueConstraint("code", name="venue_code_key"),
    )
    op.create_index("idx_venue_point", "venue", ["point"], unique=False, postgresql_using="gist")
    op.create_index(
        "venue_vintage_commune_code_created_on_idx", "venue", ["vintage", "commune_code", "created_on"], unique=False
    )
    op.create_table(
        "scan_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("scans", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.CheckConstraint("people BETWEEN 0 AND scans", name="scan_day_people_check"),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="scan_day_load_run_fkey"),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.id"], name="scan_day_venue_id_fkey"),
        sa.PrimaryKeyConstraint("day", "venue_id", name="scan_day_pkey"),
        postgresql_partition_by="RANGE (day)",
    )
    op.create_index("scan_day_venue_id_day_idx", "scan_day", ["venue_id", "day"], unique=False)

    op.bulk_insert(
        sa.table("venue_kind", *(sa.column(name) for name in _KIND_COLUMNS)),
        [dict(zip(_KIND_COLUMNS, row)) for row in _KINDS],
    )
    op.execute(_ADD_SCAN_MONTH)
    op.execute(_ANALYZE_FACTS)
    op.execute(_GRANTS)


def downgrade():
    op.execute("DROP FUNCTION add_scan_month")
    op.execute("DROP FUNCTION analyze_facts")
    op.drop_table("scan_day")
    op.drop_table("venue")
    op.drop_table("unit_change")
    op.drop_table("obligation")
    op.drop_table("commune_scan_day")
    op.drop_table("load_finding")
    op.drop_table("admin_unit")
    op.drop_table("venue_kind")
    op.drop_table("load_run")
    op.drop_table("boundary_vintage")
