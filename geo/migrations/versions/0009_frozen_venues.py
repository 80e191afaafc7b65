"""Quicker first loads of venues: copied as frozen rows, which nothing that reads them has to mark as seen; texts and points,
by which nothing is planned, are left out of the statistics."""

from alembic import op

revision = "0009"
down_revision = "0008"

# COPY freezes rows only of a table that was truncated in its own transaction; this one is empty, and locked
_SUSPEND = """
CREATE OR REPLACE FUNCTION suspend_venue_keys() RETURNS void
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
    {truncate}
END $$;
"""
_ANALYZE = """
CREATE OR REPLACE FUNCTION analyze_facts(target text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF target NOT IN ('admin_unit', 'venue', 'obligation', 'organisation', 'population', 'scan_day', 'scan_hour',
                      'commune_scan_day', 'visit', 'inspection', 'unit_change', 'unit_alias') THEN
        RAISE 'no table of facts: %', target;
    END IF;
    EXECUTE format('ANALYZE public.%I', target) || {columns};
END $$;
"""
_PLANNED = "id, code, kind, vintage, commune_code, unit, created_on, closed_on, outside_commune, load_run"


def upgrade():
    op.execute(_SUSPEND.format(truncate="TRUNCATE public.venue;"))
    op.execute(_ANALYZE.format(columns=f"CASE target WHEN 'venue' THEN ' ({_PLANNED})' ELSE '' END"))


def downgrade():
    op.execute(_SUSPEND.format(truncate=""))
    op.execute(_ANALYZE.format(columns="''"))
