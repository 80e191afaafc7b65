"""Distribution lists of reports and the log of what was sent; what agencies declare of themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_UNIT = "(r.vintage, r.unit_code) IN (SELECT u.vintage, u.code FROM admin_unit u WHERE u.id <@ (SELECT scope_inside()))"
# the policy of report is asked too, which keeps those that tell of cases from who sees none
_SENDING = f"report IN (SELECT r.id FROM report r WHERE {_UNIT})"
_INSIDE = "NOT (unit <@ (SELECT '{(,)}'::int4multirange - scope_inside()))"  # as of staff_return, see 0006
_ENDS = """
CREATE FUNCTION end_sending() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.outcome = 'begun' AND NEW.outcome <> 'begun'
           AND to_jsonb(NEW) - '{outcome,detail,ended_at}'::text[] = to_jsonb(OLD) - '{outcome,detail,ended_at}'::text[] THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE insufficient_privilege USING MESSAGE = 'the log of sendings is kept as it is';
END $$;
CREATE TRIGGER report_sending_stays BEFORE UPDATE OR DELETE ON report_sending FOR EACH ROW EXECUTE FUNCTION end_sending();
CREATE TRIGGER report_sending_is_not_emptied BEFORE TRUNCATE ON report_sending FOR EACH STATEMENT EXECUTE FUNCTION end_sending();
"""


def upgrade():
    op.create_table(
        "report_recipient",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("cases", sa.Boolean(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("address ~ '^[^@[:space:]]+@[^@[:space:]]+$' AND address = lower(address)", name=op.f("report_recipient_address_check")),
        sa.PrimaryKeyConstraint("id", name="report_recipient_pkey"),
        sa.UniqueConstraint("kind", "unit_code", "address", name="report_recipient_kind_unit_code_address_key"),
    )
    op.create_table(
        "report_sending",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("report", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text()),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("channel IN ('smtp', 'folder')", name=op.f("report_sending_channel_check")),
        sa.CheckConstraint("outcome IN ('begun', 'sent', 'failed')", name=op.f("report_sending_outcome_check")),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome = 'begun')", name=op.f("report_sending_ended_check")),
        sa.ForeignKeyConstraint(["report"], ["report.id"], name="report_sending_report_fkey"),
        sa.PrimaryKeyConstraint("id", name="report_sending_pkey"),
    )
    op.create_index("report_sending_report_idx", "report_sending", ["report"])
    op.create_table(
        "agency_assessment",
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("supervisors", sa.Integer(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("entrants", sa.Integer()),
        sa.Column("scanned", sa.Integer()),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.CheckConstraint("points >= 0 AND supervisors >= 0", name=op.f("agency_assessment_counts_check")),
        sa.CheckConstraint(
            "(entrants IS NULL) = (scanned IS NULL) AND scanned BETWEEN 0 AND entrants", name=op.f("agency_assessment_scanned_check")
        ),
        sa.CheckConstraint("system IN ('poster', 'device', 'both', 'other', 'none')", name=op.f("agency_assessment_system_check")),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="agency_assessment_load_run_fkey"),
        sa.ForeignKeyConstraint(
            ["unit", "vintage", "code"], ["admin_unit.id", "admin_unit.vintage", "admin_unit.code"], name="agency_assessment_unit_fkey"
        ),
        sa.PrimaryKeyConstraint("vintage", "code", "organisation", "assessed_on", name="agency_assessment_pkey"),
    )
    op.execute(_ENDS)
    op.execute("GRANT SELECT, INSERT, DELETE ON report_recipient TO phuqr_loader")
    op.execute("GRANT SELECT, INSERT, UPDATE ON report_sending TO phuqr_loader")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON agency_assessment TO phuqr_loader")
    for table, seen in (("report_sending", _SENDING), ("agency_assessment", _INSIDE)):
        op.execute(f"GRANT SELECT ON {table} TO phuqr_viewer")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_seen ON {table} FOR SELECT TO phuqr_viewer USING ({seen})")
        op.execute(f"CREATE POLICY {table}_loaded ON {table} TO phuqr_loader USING (true) WITH CHECK (true)")


def downgrade():
    for table in ("agency_assessment", "report_sending", "report_recipient"):
        op.drop_table(table)
    op.execute("DROP FUNCTION end_sending")
