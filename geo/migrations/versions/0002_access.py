"""Accounts, sessions and the audit; traced visits and inspections; and who may see which row."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# A unit's number, which venues and scans carry too, so that the policy on the largest tables compares numbers only.
_NUMBERS = """
ALTER TABLE admin_unit ADD COLUMN id integer NOT NULL GENERATED ALWAYS AS IDENTITY;
ALTER TABLE admin_unit ADD CONSTRAINT admin_unit_id_vintage_code_key UNIQUE (id, vintage, code);

ALTER TABLE venue ADD COLUMN unit integer;
UPDATE venue v SET unit = u.id FROM admin_unit u WHERE u.vintage = v.vintage AND u.code = v.commune_code;
ALTER TABLE venue ALTER COLUMN unit SET NOT NULL;
ALTER TABLE venue DROP CONSTRAINT venue_commune_fkey;
ALTER TABLE venue ADD CONSTRAINT venue_commune_fkey
    FOREIGN KEY (unit, vintage, commune_code) REFERENCES admin_unit (id, vintage, code);
ALTER TABLE venue ADD CONSTRAINT venue_id_unit_key UNIQUE (id, unit);

ALTER TABLE scan_day ADD COLUMN unit integer;
UPDATE scan_day s SET unit = v.unit FROM venue v WHERE v.id = s.venue_id;
ALTER TABLE scan_day ALTER COLUMN unit SET NOT NULL;
ALTER TABLE scan_day DROP CONSTRAINT scan_day_venue_id_fkey;
ALTER TABLE scan_day ADD CONSTRAINT scan_day_venue_fkey
    FOREIGN KEY (venue_id, unit) REFERENCES venue (id, unit) ON UPDATE CASCADE;
"""

# geo.scope.apply sets phuqr.role, phuqr.cases, and, as resolve_scope finds them once a transaction, phuqr.inside and
# phuqr.above: the numbers of the units in scope with all inside them, and of those above, whose names and sums are needed.
_SCOPE = """
CREATE FUNCTION resolve_scope(given jsonb, OUT inside text, OUT above text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
WITH RECURSIVE known AS (
    SELECT u.id, u.vintage, u.code, u.parent_code
    FROM jsonb_to_recordset(given) AS g(vintage integer, code text)
    JOIN admin_unit u ON u.vintage = g.vintage AND u.code = g.code
),
below AS (
    SELECT id, vintage, code FROM known
    UNION
    SELECT u.id, u.vintage, u.code FROM below b JOIN admin_unit u ON u.vintage = b.vintage AND u.parent_code = b.code
),
above AS (
    SELECT id, vintage, parent_code FROM known
    UNION
    SELECT u.id, u.vintage, u.parent_code
    FROM above a JOIN admin_unit u ON u.vintage = a.vintage AND u.code = a.parent_code
)
SELECT (SELECT range_agg(int4range(id, id, '[]')) FROM below)::text,
       (SELECT range_agg(int4range(id, id, '[]')) FROM above)::text
$$;

CREATE FUNCTION scope_inside() RETURNS int4multirange
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce(nullif(current_setting('phuqr.inside', true), ''), '{}')::int4multirange
$$;

CREATE FUNCTION scope_known() RETURNS int4multirange
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT scope_inside() + coalesce(nullif(current_setting('phuqr.above', true), ''), '{}')::int4multirange
$$;

CREATE FUNCTION sees_all() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
SELECT coalesce(bool_and(id <@ scope_inside()), false) FROM admin_unit WHERE level = 1
$$;

CREATE FUNCTION sees_cases() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce(current_setting('phuqr.role', true) IN ('health', 'leader')
                AND current_setting('phuqr.cases', true) = 'true', false)
$$;
"""

# Not outside, rather than inside: of <@ the planner expects next to no rows and would plan for those few.
_UNIT = "NOT ({column} <@ (SELECT '{{(,)}}'::int4multirange - {units}()))"
_INSIDE = _UNIT.format(column="unit", units="scope_inside")
_COMMUNE = (
    "(vintage, commune_code) IN (SELECT u.vintage, u.code FROM admin_unit u WHERE u.id <@ (SELECT scope_inside()))"
)
_SEEN = {
    "admin_unit": _UNIT.format(column="id", units="scope_known"),
    "venue": _INSIDE,
    "scan_day": _INSIDE,
    "inspection": "venue_id IN (SELECT v.id FROM venue v WHERE v.unit <@ (SELECT scope_inside()))",
    "obligation": _COMMUNE,
    "commune_scan_day": _COMMUNE,
    "load_finding": f"{_COMMUNE} OR (commune_code IS NULL AND (SELECT sees_all()))",
    "visit": f"(SELECT sees_cases()) AND {_COMMUNE}",
    "audit": "(SELECT current_setting('phuqr.role', true) = 'admin')",
}

_AUDIT_STAYS = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE insufficient_privilege USING MESSAGE = 'the audit is added to, never changed';
END $$;
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

_GRANTS = """
REVOKE SELECT ON load_run FROM phuqr_viewer;
GRANT SELECT (id, kind, started_at, finished_at, invented, rows_in, rows_loaded, rows_refused, warnings)
    ON load_run TO phuqr_viewer;
GRANT SELECT ON visit, inspection, audit TO phuqr_viewer;
GRANT SELECT, INSERT, UPDATE, DELETE ON visit, inspection TO phuqr_loader;
GRANT INSERT ON audit TO phuqr_loader;
GRANT SELECT ON boundary_vintage, admin_unit TO phuqr_gate;
GRANT SELECT (id, invented, started_at) ON load_run TO phuqr_gate;
GRANT SELECT, INSERT, UPDATE, DELETE ON account, account_unit, session, sign_in_turn TO phuqr_gate;
GRANT SELECT, INSERT ON audit TO phuqr_gate;
GRANT SELECT ON gate_secret TO phuqr_gate;
"""


def upgrade():
    op.add_column("load_finding", sa.Column("vintage", sa.Integer()))
    op.add_column("load_finding", sa.Column("commune_code", sa.Text()))
    op.create_index("admin_unit_province_idx", "admin_unit", ["vintage", "code"], postgresql_where=sa.text("level = 1"))
    op.execute(_NUMBERS)
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("name ~ '^[a-z0-9][a-z0-9._@-]{1,63}$'", name="account_name_check"),
        sa.CheckConstraint(
            "role IN ('leader', 'district', 'commune', 'data', 'health', 'admin')", name="account_role_check"
        ),
        sa.PrimaryKeyConstraint("id", name="account_pkey"),
        sa.UniqueConstraint("name", name="account_name_key"),
        sa.UniqueConstraint("subject", name="account_subject_key"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("account", sa.Text()),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text()),
        sa.Column("address", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="audit_pkey"),
    )
    op.create_index("audit_at_idx", "audit", ["at"], unique=False)
    op.create_table(
        "gate_secret",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="gate_secret_pkey"),
    )
    op.create_table(
        "sign_in_turn",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="sign_in_turn_pkey"),
    )
    op.create_table(
        "session",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text()),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="session_account_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name="session_pkey"),
    )
    op.create_index("session_account_idx", "session", ["account"], unique=False)
    op.create_table(
        "account_unit",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="account_unit_account_fkey", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["vintage", "code"],
            ["admin_unit.vintage", "admin_unit.code"],
            name="account_unit_unit_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account", "vintage", "code", name="account_unit_pkey"),
    )
    op.create_index("account_unit_vintage_code_idx", "account_unit", ["vintage", "code"], unique=False)
    op.create_table(
        "inspection",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("inspected_on", sa.Date(), nullable=False),
        sa.Column("campaign", sa.Text()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("posted", sa.Boolean()),
        sa.Column("supervised", sa.Boolean()),
        sa.Column("head_count", sa.Integer()),
        sa.Column("scanned", sa.Integer()),
        sa.Column("note", sa.Text()),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.CheckConstraint("outcome IN ('passed', 'reminded', 'suspend', 'sanction')", name="inspection_outcome_check"),
        sa.CheckConstraint("scanned BETWEEN 0 AND head_count", name="inspection_scanned_check"),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="inspection_load_run_fkey"),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.id"], name="inspection_venue_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="inspection_pkey"),
    )
    op.create_index("inspection_venue_id_idx", "inspection", ["venue_id"], unique=False)
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("case_code", sa.Text(), nullable=False),
        sa.Column("case_class", sa.Text(), nullable=False),
        sa.Column("venue_id", sa.Integer()),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.Column("place", sa.Text()),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True)),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.CheckConstraint("case_class IN ('F0', 'F1')", name="visit_case_class_check"),
        sa.CheckConstraint("source IN ('declared', 'scanned')", name="visit_source_check"),
        sa.CheckConstraint("left_at >= arrived_at", name="visit_left_after_arrived_check"),
        sa.CheckConstraint("venue_id IS NOT NULL OR place IS NOT NULL", name="visit_somewhere_check"),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="visit_load_run_fkey"),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.id"], name="visit_venue_id_fkey"),
        sa.ForeignKeyConstraint(
            ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="visit_commune_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="visit_pkey"),
    )
    op.create_index("visit_venue_id_idx", "visit", ["venue_id"], unique=False)
    op.create_index(
        "visit_vintage_commune_code_arrived_at_idx", "visit", ["vintage", "commune_code", "arrived_at"], unique=False
    )

    op.execute(_SCOPE)
    # Or a caller's temporary table could stand in for one of ours
    for function in ("add_scan_month", "analyze_facts"):
        op.execute(f"ALTER FUNCTION {function} SET search_path = pg_catalog, public, pg_temp")
    op.execute(_GRANTS)
    for table, seen in _SEEN.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_seen ON {table} FOR SELECT TO phuqr_viewer USING ({seen})")
        if table != "audit":
            op.execute(f"CREATE POLICY {table}_loaded ON {table} TO phuqr_loader USING (true) WITH CHECK (true)")
    op.execute("CREATE POLICY admin_unit_gate ON admin_unit FOR SELECT TO phuqr_gate USING (true)")
    op.execute("CREATE POLICY audit_gate ON audit FOR SELECT TO phuqr_gate USING (true)")
    op.execute("CREATE POLICY audit_added ON audit FOR INSERT TO phuqr_loader, phuqr_gate WITH CHECK (true)")
    op.execute(_AUDIT_STAYS)
    op.bulk_insert(
        sa.table("gate_secret", sa.column("name"), sa.column("value")),
        [{"name": "cookie", "value": secrets.token_urlsafe(32)}],
    )


def downgrade():
    for table in _SEEN:
        op.execute(f"DROP POLICY {table}_seen ON {table}")
        op.execute(f"DROP POLICY IF EXISTS {table}_loaded ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP POLICY admin_unit_gate ON admin_unit")
    op.drop_table("visit")
    op.drop_table("inspection")
    op.drop_table("account_unit")
    op.drop_table("session")
    op.drop_table("account")
    op.drop_table("sign_in_turn")
    op.drop_table("gate_secret")
    op.drop_table("audit")
    op.drop_index("admin_unit_province_idx", "admin_unit")
    op.drop_column("load_finding", "commune_code")
    op.drop_column("load_finding", "vintage")
    op.execute("DROP FUNCTION IF EXISTS read_facts, read_province, read_total")
    op.execute("DROP FUNCTION refuse_change, sees_cases, sees_all, scope_known, scope_inside, resolve_scope")
    op.drop_column("scan_day", "unit")
    op.create_foreign_key("scan_day_venue_id_fkey", "scan_day", "venue", ["venue_id"], ["id"])
    op.drop_constraint("venue_commune_fkey", "venue")
    op.drop_column("venue", "unit")
    op.create_foreign_key("venue_commune_fkey", "venue", "admin_unit", ["vintage", "commune_code"], ["vintage", "code"])
    op.drop_column("admin_unit", "id")
    op.execute("GRANT SELECT ON load_run TO phuqr_viewer")
