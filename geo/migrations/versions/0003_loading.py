"""What loads need: restatements, aliases, organisations, inhabitants, scans by the hour; and keys that large files can afford."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"

_INSIDE = (
    "(vintage, commune_code) IN (SELECT u.vintage, u.code FROM admin_unit u WHERE u.id <@ (SELECT scope_inside()))"
)
_SEEN = {
    "restatement": _INSIDE,
    "unit_alias": _INSIDE,
    "organisation": _INSIDE,
    "population": _INSIDE,
    "scan_hour": "venue_id IN (SELECT v.id FROM venue v WHERE v.unit <@ (SELECT scope_inside()))",
}

# In place of scan_day's foreign key to venue (id, unit), which asked about each row apart. PostgreSQL knows nothing of how many
# rows a statement changed, and would look through all of them for each one.
_TRIGGERS = """
CREATE FUNCTION move_scans() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off AS $$
BEGIN
    IF EXISTS (SELECT FROM before JOIN after USING (id) WHERE before.unit <> after.unit) THEN
        UPDATE public.scan_day s SET unit = after.unit
        FROM before JOIN after USING (id)
        WHERE before.unit <> after.unit AND s.venue_id = after.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER venue_moved AFTER UPDATE ON venue REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION move_scans();

CREATE FUNCTION keep_scanned() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off AS $$
BEGIN
    IF EXISTS (SELECT FROM gone JOIN public.scan_day s ON s.venue_id = gone.id) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a venue with scans cannot be deleted';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER venue_stays AFTER DELETE ON venue REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION keep_scanned();
"""

# A loader may not make partitions, nor analyze or alter what it does not own.
_FUNCTIONS = """
DROP FUNCTION add_scan_month, analyze_facts;

-- The table of a month, made where there is none. It is no part of scan_day before attach_scan_month: until then its readers
-- need not wait, and a key made at once over all rows takes a fraction of the time that it takes row by row.
CREATE FUNCTION add_scan_month(month date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    name text := 'scan_day_' || to_char(first, 'YYYY_MM');
BEGIN
    IF to_regclass('public.' || name) IS NULL THEN
        EXECUTE format('CREATE TABLE public.%I (LIKE public.scan_day INCLUDING CONSTRAINTS INCLUDING COMMENTS, '
                       'CONSTRAINT of_month CHECK (day >= %L AND day < %L))',
                       name, first, (first + interval '1 month')::date);
    END IF;
    EXECUTE format('GRANT INSERT ON public.%I TO phuqr_loader', name);
    RETURN name;
END $$;

CREATE FUNCTION attach_scan_month(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET maintenance_work_mem = '256MB' AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    name text := 'scan_day_' || to_char(first, 'YYYY_MM');
BEGIN
    IF (SELECT relispartition FROM pg_class WHERE oid = to_regclass('public.' || name)) THEN
        RETURN;
    END IF;
    EXECUTE format('ALTER TABLE public.%I ADD PRIMARY KEY (day, venue_id)', name);
    EXECUTE format('ALTER TABLE public.scan_day ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                   name, first, (first + interval '1 month')::date);
    EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT of_month', name);
END $$;

CREATE FUNCTION analyze_facts(target text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF target NOT IN ('admin_unit', 'venue', 'obligation', 'organisation', 'population', 'scan_day', 'scan_hour',
                      'commune_scan_day', 'visit', 'inspection', 'unit_change', 'unit_alias') THEN
        RAISE 'no table of facts: %', target;
    END IF;
    EXECUTE format('ANALYZE public.%I', target);
END $$;

-- For the first venues, within the load's transaction, whose locks let nobody else see the table meanwhile: keys are made
-- faster over all rows at once, and COPY takes no table whose rows are guarded.
CREATE FUNCTION suspend_venue_keys() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    LOCK TABLE public.venue IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM public.venue) THEN
        RAISE 'only while there is no venue';
    END IF;
    IF NOT EXISTS (SELECT FROM public.load_run WHERE xmin = pg_current_xact_id()::xid) THEN
        RAISE 'only in the transaction of a load';
    END IF;
    DROP INDEX public.venue_unit_created_on_idx;
    ALTER TABLE public.scan_hour DROP CONSTRAINT scan_hour_venue_id_fkey;
    ALTER TABLE public.visit DROP CONSTRAINT visit_venue_id_fkey;
    ALTER TABLE public.inspection DROP CONSTRAINT inspection_venue_id_fkey;
    ALTER TABLE public.venue DROP CONSTRAINT venue_commune_fkey, DROP CONSTRAINT venue_kind_fkey,
        DROP CONSTRAINT venue_load_run_fkey, DROP CONSTRAINT venue_code_key, DROP CONSTRAINT venue_pkey,
        DISABLE ROW LEVEL SECURITY;
END $$;

CREATE FUNCTION restore_venue_keys() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET maintenance_work_mem = '256MB' AS $$
BEGIN
    CREATE INDEX venue_unit_created_on_idx ON public.venue (unit, created_on);
    ALTER TABLE public.venue ENABLE ROW LEVEL SECURITY,
        ADD CONSTRAINT venue_pkey PRIMARY KEY (id),
        ADD CONSTRAINT venue_code_key UNIQUE (code),
        ADD CONSTRAINT venue_commune_fkey
            FOREIGN KEY (unit, vintage, commune_code) REFERENCES public.admin_unit (id, vintage, code),
        ADD CONSTRAINT venue_kind_fkey FOREIGN KEY (kind) REFERENCES public.venue_kind (code),
        ADD CONSTRAINT venue_load_run_fkey FOREIGN KEY (load_run) REFERENCES public.load_run (id);
    ALTER TABLE public.scan_hour ADD CONSTRAINT scan_hour_venue_id_fkey FOREIGN KEY (venue_id) REFERENCES public.venue (id);
    ALTER TABLE public.visit ADD CONSTRAINT visit_venue_id_fkey FOREIGN KEY (venue_id) REFERENCES public.venue (id);
    ALTER TABLE public.inspection ADD CONSTRAINT inspection_venue_id_fkey FOREIGN KEY (venue_id) REFERENCES public.venue (id);
END $$;

-- A run cannot be finished without.
CREATE FUNCTION refuse_suspended_keys() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = 'public.venue'::regclass) THEN
        RAISE 'the keys of venue are suspended; call restore_venue_keys first';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER venue_keys_restored AFTER UPDATE ON load_run
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_suspended_keys();

REVOKE ALL ON FUNCTION add_scan_month, attach_scan_month, analyze_facts, suspend_venue_keys, restore_venue_keys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION add_scan_month, attach_scan_month, analyze_facts, suspend_venue_keys, restore_venue_keys TO phuqr_loader;
"""

_GRANTS = """
GRANT SELECT (rows_changed, rows_taken_back) ON load_run TO phuqr_viewer;
GRANT SELECT ON restatement, unit_alias, organisation, population, scan_hour TO phuqr_viewer;
GRANT SELECT, INSERT ON restatement TO phuqr_loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON unit_alias, organisation, population, scan_hour TO phuqr_loader;
GRANT DELETE ON unit_change TO phuqr_loader;
GRANT EXECUTE ON FUNCTION resolve_scope TO phuqr_loader;
"""


def upgrade():
    op.add_column("load_run", sa.Column("settings", JSONB(), server_default="{}", nullable=False))
    op.add_column("load_run", sa.Column("rows_changed", sa.Integer(), server_default="0", nullable=False))
    op.add_column("load_run", sa.Column("rows_taken_back", sa.Integer(), server_default="0", nullable=False))
    op.drop_index("scan_day_venue_id_day_idx", "scan_day")
    op.drop_constraint("scan_day_venue_fkey", "scan_day")
    op.drop_constraint("scan_day_load_run_fkey", "scan_day")
    op.drop_constraint("venue_id_unit_key", "venue")
    op.drop_index("idx_venue_point", "venue")
    op.drop_index("venue_vintage_commune_code_created_on_idx", "venue")
    op.create_index("venue_unit_created_on_idx", "venue", ["unit", "created_on"])
    op.create_table(
        "restatement",
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date()),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="restatement_load_run_fkey"),
        sa.ForeignKeyConstraint(
            ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="restatement_commune_fkey"
        ),
        sa.UniqueConstraint(
            "load_run", "vintage", "commune_code", "measure", "day",
            name="restatement_figure_key", postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip
    op.create_table(
        "unit_alias",
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("district_code", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="unit_alias_load_run_fkey"),
        sa.ForeignKeyConstraint(
            ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="unit_alias_commune_fkey"
        ),
        sa.PrimaryKeyConstraint("vintage", "district_code", "alias", name="unit_alias_pkey"),
    )
    op.create_table(
        "organisation",
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.Column("obligation_group", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text()),
        sa.Column("obliged", sa.Integer(), nullable=False),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.CheckConstraint("obliged >= 0", name="organisation_obliged_check"),
        sa.ForeignKeyConstraint(["kind"], ["venue_kind.code"], name="organisation_kind_fkey"),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="organisation_load_run_fkey"),
        sa.ForeignKeyConstraint(
            ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="organisation_commune_fkey"
        ),
        sa.PrimaryKeyConstraint("vintage", "commune_code", "obligation_group", "name", name="organisation_pkey"),
    )
    op.create_table(
        "population",
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("households", sa.Integer()),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "population >= 0 AND households BETWEEN 0 AND population", name="population_population_check"
        ),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="population_load_run_fkey"),
        sa.ForeignKeyConstraint(
            ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name="population_commune_fkey"
        ),
        sa.PrimaryKeyConstraint("vintage", "commune_code", name="population_pkey"),
    )
    op.create_table(
        "scan_hour",
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hour", sa.SmallInteger(), nullable=False),
        sa.Column("scans", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer()),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name="scan_hour_hour_check"),
        sa.CheckConstraint("scans >= 0 AND people BETWEEN 0 AND scans", name="scan_hour_people_check"),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.id"], name="scan_hour_venue_id_fkey"),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="scan_hour_load_run_fkey"),
        sa.PrimaryKeyConstraint("venue_id", "day", "hour", name="scan_hour_pkey"),
    )
    op.create_unique_constraint(
        "visit_told_key", "visit", ["case_code", "arrived_at", "venue_id", "vintage", "commune_code", "place"],
        postgresql_nulls_not_distinct=True,
    )  # fmt: skip
    op.create_unique_constraint(
        "inspection_made_key", "inspection", ["venue_id", "inspected_on", "campaign"],
        postgresql_nulls_not_distinct=True,
    )  # fmt: skip
    op.execute(_TRIGGERS)
    op.execute(_FUNCTIONS)
    op.execute(_GRANTS)
    for table, seen in _SEEN.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_seen ON {table} FOR SELECT TO phuqr_viewer USING ({seen})")
        op.execute(f"CREATE POLICY {table}_loaded ON {table} TO phuqr_loader USING (true) WITH CHECK (true)")


def downgrade():
    op.execute("DROP TRIGGER venue_moved ON venue; DROP TRIGGER venue_stays ON venue")
    op.execute("DROP TRIGGER venue_keys_restored ON load_run; DROP FUNCTION refuse_suspended_keys")
    op.execute(
        "DROP FUNCTION move_scans, keep_scanned, suspend_venue_keys, restore_venue_keys, attach_scan_month, analyze_facts"
    )
    op.execute("CREATE FUNCTION analyze_facts() RETURNS void LANGUAGE sql AS ''")
    op.drop_constraint("inspection_made_key", "inspection")
    op.drop_constraint("visit_told_key", "visit")
    for table in _SEEN:
        op.drop_table(table)
    op.drop_index("venue_unit_created_on_idx", "venue")
    op.create_index("venue_vintage_commune_code_created_on_idx", "venue", ["vintage", "commune_code", "created_on"])
    op.create_index("idx_venue_point", "venue", ["point"], postgresql_using="gist")
    op.create_unique_constraint("venue_id_unit_key", "venue", ["id", "unit"])
    op.create_foreign_key("scan_day_load_run_fkey", "scan_day", "load_run", ["load_run"], ["id"])
    op.create_foreign_key(
        "scan_day_venue_fkey", "scan_day", "venue", ["venue_id", "unit"], ["id", "unit"], onupdate="CASCADE"
    )
    op.create_index("scan_day_venue_id_day_idx", "scan_day", ["venue_id", "day"])
    op.drop_column("load_run", "rows_taken_back")
    op.drop_column("load_run", "rows_changed")
    op.drop_column("load_run", "settings")
