"""Issued reports: their figures, what is behind them and their files, kept as they were."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0011"
down_revision = "0010"

_UNIT = "(vintage, unit_code) IN (SELECT u.vintage, u.code FROM admin_unit u WHERE u.id <@ (SELECT scope_inside()))"
_SEEN = {
    "report": f"(NOT cases OR (SELECT sees_cases())) AND {_UNIT}",
    # the policy of report is asked too, which keeps those that tell of cases from who sees none
    "report_file": f"report IN (SELECT r.id FROM report r WHERE {_UNIT.replace('vintage, unit_code', 'r.vintage, r.unit_code', 1)})",
}
_STAYS = """
CREATE FUNCTION keep_reports() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'report' THEN
        IF OLD.state = 'issued' AND NEW.state = 'superseded' AND to_jsonb(NEW) - 'state' = to_jsonb(OLD) - 'state' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE insufficient_privilege USING MESSAGE = 'issued reports are kept as they are';
END $$;
"""


def upgrade():
    op.create_table(
        "report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("cases", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("figures", JSONB(), nullable=False),
        sa.Column("definitions", JSONB(), nullable=False),
        sa.Column("load_runs", ARRAY(sa.Integer()), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True)),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("supersedes", sa.BigInteger()),
        sa.CheckConstraint("kind IN ('weekly')", name=op.f("report_kind_check")),
        sa.CheckConstraint("state IN ('issued', 'superseded')", name=op.f("report_state_check")),
        sa.CheckConstraint("first_day <= last_day AND last_day < on_day", name=op.f("report_days_check")),
        sa.ForeignKeyConstraint(["supersedes"], ["report.id"], name="report_supersedes_fkey"),
        sa.PrimaryKeyConstraint("id", name="report_pkey"),
    )
    op.create_index(
        "report_in_force_key", "report", ["kind", "vintage", "unit_code", "first_day", "last_day", "cases"], unique=True,
        postgresql_where=sa.text("state = 'issued'"),
    )  # fmt: skip
    op.create_table(
        "report_file",
        sa.Column("report", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("name ~ '^[a-z0-9][a-z0-9_.-]*$'", name=op.f("report_file_name_check")),
        sa.ForeignKeyConstraint(["report"], ["report.id"], name="report_file_report_fkey"),
        sa.PrimaryKeyConstraint("report", "name", name="report_file_pkey"),
    )
    op.execute(_STAYS)
    op.execute("GRANT SELECT ON report, report_file TO phuqr_viewer")
    for table, seen in _SEEN.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_seen ON {table} FOR SELECT TO phuqr_viewer USING ({seen})")
        op.execute(f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION keep_reports()")
        op.execute(f"CREATE TRIGGER {table}_is_not_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION keep_reports()")


def downgrade():
    op.execute("DROP FUNCTION IF EXISTS keep_report, issue_report, read_filings")
    op.drop_table("report_file")
    op.drop_table("report")
    op.execute("DROP FUNCTION keep_reports")
