"""Inspection campaigns: the kinds that they are about, who is to inspect what, minutes of a count, and results before a correction."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0012"
down_revision = "0011"

# Asked of each row, as in 0008
_VENUE = "EXISTS (SELECT FROM venue v WHERE v.id = venue_id AND v.unit <@ (SELECT scope_inside()))"
_TOLD = "inspected_on, campaign, outcome, posted, supervised, minutes, head_count, scanned, note"
_OLD, _NEW = (", ".join(f"{row}.{name}" for name in _TOLD.split(", ")) for row in ("OLD", "NEW"))
_KEEP = f"""
CREATE FUNCTION keep_inspection() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO public.inspection_history (inspection_id, venue_id, {_TOLD}, load_run, until_run)
    VALUES (OLD.id, OLD.venue_id, {_OLD}, OLD.load_run, NEW.load_run);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION keep_inspection FROM PUBLIC;
-- What one run tells twice was never known otherwise
CREATE TRIGGER inspection_corrected AFTER UPDATE ON inspection FOR EACH ROW
    WHEN (OLD.load_run <> NEW.load_run AND ({_OLD}) IS DISTINCT FROM ({_NEW}))
    EXECUTE FUNCTION keep_inspection();
"""
# Cafés, eateries, and eateries that serve alcohol, as Huế's letter has it
_PEAK = """
UPDATE campaign SET kinds = '{cafe,eatery,bar}' WHERE unit_code = '46' AND name = 'Tuần cao điểm 06/12–12/12';
"""


def upgrade():
    op.add_column("campaign", sa.Column("kinds", ARRAY(sa.Text())))
    op.create_check_constraint(op.f("campaign_kinds_check"), "campaign", "cardinality(kinds) > 0")
    op.execute(_PEAK)
    op.add_column("inspection", sa.Column("minutes", sa.SmallInteger()))
    op.create_check_constraint(op.f("inspection_minutes_check"), "inspection", "minutes BETWEEN 1 AND 1440")
    op.create_table(
        "inspection_plan",
        sa.Column("campaign", sa.Integer(), nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("planned_by", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("team = btrim(team) AND length(team) BETWEEN 1 AND 80", name=op.f("inspection_plan_team_check")),
        sa.ForeignKeyConstraint(["campaign"], ["campaign.id"], name="inspection_plan_campaign_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("campaign", "venue_id", name="inspection_plan_pkey"),
    )
    op.create_index("inspection_plan_venue_id_idx", "inspection_plan", ["venue_id"], unique=False)
    op.create_table(
        "inspection_history",
        sa.Column("inspection_id", sa.Integer(), nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("inspected_on", sa.Date(), nullable=False),
        sa.Column("campaign", sa.Text()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("posted", sa.Boolean()),
        sa.Column("supervised", sa.Boolean()),
        sa.Column("minutes", sa.SmallInteger()),
        sa.Column("head_count", sa.Integer()),
        sa.Column("scanned", sa.Integer()),
        sa.Column("note", sa.Text()),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.Column("until_run", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="inspection_history_load_run_fkey"),
    )
    op.create_index("inspection_history_inspection_id_idx", "inspection_history", ["inspection_id"], unique=False)
    op.execute(_KEEP)
    for table in ("inspection_plan", "inspection_history"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_seen ON {table} FOR SELECT TO phuqr_viewer USING ({_VENUE})")
        op.execute(f"GRANT SELECT ON {table} TO phuqr_viewer")


def downgrade():
    op.execute("DROP FUNCTION IF EXISTS keep_plan, plan_inspections, enter_inspection")
    op.drop_table("inspection_history")
    op.drop_table("inspection_plan")
    op.execute("DROP TRIGGER inspection_corrected ON inspection")
    op.execute("DROP FUNCTION keep_inspection")
    op.drop_column("inspection", "minutes")
    op.drop_column("campaign", "kinds")
