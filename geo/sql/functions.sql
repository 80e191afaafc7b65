-- Functions that look past the reader's scope and give sums, days and loads, never rows of a commune; made anew by each `phuqr db migrate`.
-- Those that ask for a unit answer for one that the reader knows of: in scope or above it. pg_temp comes last in their
-- search_path, or a caller's temporary table could stand in for one of ours.

DROP FUNCTION IF EXISTS read_facts, read_province, read_total, read_peers, read_runs;

-- Of the whole database: the last day with scans, and whether some venue is the sample's.
CREATE FUNCTION read_facts() RETURNS TABLE (scans_until date, invented boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
SELECT (SELECT max(day) FROM scan_day),
       EXISTS (SELECT FROM venue v JOIN load_run r ON r.id = v.load_run WHERE r.invented)
$$;

-- Of a province in a vintage: whether any venue, and any scan from `first` to `last`, is loaded (what was not is no data,
-- which is not zero); its last day with scans; and how many of its venues created by `last` were declared in another vintage.
CREATE FUNCTION read_province(vintage integer, province text, first date, last date)
RETURNS TABLE (venues_known boolean, scans_known boolean, scans_until date, other_vintages bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
WITH commune AS (
    SELECT c.id, c.vintage, c.code
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.level = 3 AND read_province.province IN (p.code, p.parent_code)
),
here AS (
    SELECT id FROM commune WHERE commune.vintage = read_province.vintage
)
SELECT EXISTS (SELECT FROM venue v WHERE v.unit IN (SELECT id FROM here)),
       EXISTS (SELECT FROM scan_day s
               WHERE s.day BETWEEN read_province.first AND read_province.last AND s.unit IN (SELECT id FROM here)),
       (SELECT s.day FROM scan_day s WHERE s.unit IN (SELECT id FROM here) ORDER BY s.day DESC LIMIT 1),
       (SELECT count(*) FROM venue v JOIN commune c ON c.vintage = v.vintage AND c.code = v.commune_code
        WHERE v.vintage <> read_province.vintage AND v.created_on <= read_province.last)
WHERE EXISTS (SELECT FROM admin_unit u WHERE u.vintage = read_province.vintage AND u.code = read_province.province
              AND u.id <@ scope_known())
$$;

-- The row of read_coverage.sql for one district or province, summed over all its communes.
CREATE FUNCTION read_total(
    vintage integer, unit text, level integer, first date, last date, "group" text, venues_known boolean, scans_known boolean
)
RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN RETURN QUERY
SELECT total.*
FROM ({read_coverage of read_total}) total
WHERE EXISTS (SELECT FROM admin_unit u WHERE u.vintage = read_total.vintage AND u.code = read_total.unit
              AND u.level = read_total.level AND u.level < 3 AND u.id <@ scope_known());
END $$;

-- What a unit is judged among: the counts, without code or name and in their own order, of all other units of its parent.
CREATE FUNCTION read_peers(
    vintage integer, unit text, peer text, level integer, first date, last date, "group" text, venues_known boolean,
    scans_known boolean
)
RETURNS TABLE (obliged bigint, created_obliged bigint, created bigint, active bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN RETURN QUERY
SELECT other.obliged, other.created_obliged, other.created, other.active
FROM ({read_coverage of read_peers}) other
WHERE other.code <> read_peers.peer
  AND EXISTS (SELECT FROM admin_unit u WHERE u.vintage = read_peers.vintage AND u.code = read_peers.peer
              AND u.parent_code = read_peers.unit AND u.id <@ scope_inside())
ORDER BY 1, 2, 3, 4;
END $$;

-- Loads of a kind (of all, if null), the newest first, with what the other roles may not know: file, account and error; and how
-- many of their rows named a venue that is not loaded. No row unless the reader's role is data or admin.
CREATE FUNCTION read_runs(kind text, max integer)
RETURNS TABLE (
    id integer, kind text, file_name text, loaded_by text, started_at timestamptz, finished_at timestamptz, invented boolean,
    rows_in integer, rows_loaded integer, rows_refused integer, rows_changed integer, rows_taken_back integer,
    warnings integer, error text, unknown_venues bigint
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
SELECT r.id, r.kind, r.file_name, r.loaded_by, r.started_at, r.finished_at, r.invented, r.rows_in, r.rows_loaded, r.rows_refused,
       r.rows_changed, r.rows_taken_back, r.warnings, r.error,
       (SELECT count(DISTINCT f.row) FROM load_finding f WHERE f.load_run = r.id AND f.rule = 'unknown_venue')
FROM load_run r
WHERE current_setting('phuqr.role', true) IN ('data', 'admin', 'operator') AND ($1 IS NULL OR r.kind = $1)
ORDER BY r.id DESC
LIMIT least($2, 1000)
$$;

REVOKE ALL ON FUNCTION read_facts, read_province, read_total, read_peers, read_runs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read_facts, read_province, read_total, read_peers, read_runs TO phuqr_viewer;
