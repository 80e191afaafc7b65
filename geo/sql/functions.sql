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

-- Of a province in a vintage (of each that the reader knows of, if null): whether any venue, and any scan from `first` to `last`, is
-- loaded (what was not is no data, which is not zero); its last day with scans; and how many of its venues created by `last` were
-- declared in another vintage.
CREATE FUNCTION read_province(vintage integer, province text, first date, last date)
RETURNS TABLE (code text, venues_known boolean, scans_known boolean, scans_until date, other_vintages bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
WITH asked AS (
    SELECT u.code
    FROM admin_unit u
    WHERE u.vintage = read_province.vintage AND u.level = 1 AND u.id <@ scope_known()
      AND (read_province.province IS NULL OR u.code = read_province.province)
),
commune AS (
    SELECT c.id, c.vintage = read_province.vintage AS here, a.code AS province
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    JOIN asked a ON a.code IN (p.code, p.parent_code)
    WHERE c.level = 3
),
made AS (
    SELECT c.province, bool_or(c.here) AS known,
           sum(width_bucket(read_province.last, s.created)) FILTER (WHERE NOT c.here) AS elsewhere
    FROM commune c
    JOIN commune_summary s ON s.unit = c.id
    GROUP BY c.province
),
scanned AS (
    SELECT c.province, max(last.day) AS until, bool_or(EXISTS (
               SELECT FROM activity_day d
               WHERE d.unit = c.id AND d.day BETWEEN read_province.first AND read_province.last)) AS known
    FROM commune c
    CROSS JOIN LATERAL (SELECT d.day FROM activity_day d WHERE d.unit = c.id ORDER BY d.day DESC LIMIT 1) last
    WHERE c.here
    GROUP BY c.province
)
SELECT a.code, coalesce(m.known, false), coalesce(s.known, false), s.until, coalesce(CAST(m.elsewhere AS bigint), 0)
FROM asked a
LEFT JOIN made m ON m.province = a.code
LEFT JOIN scanned s ON s.province = a.code
$$;

-- The row of read_coverage.sql for one district or province, summed over all its communes.
CREATE FUNCTION read_total(
    vintage integer, unit text, level integer, first date, last date, kinds text[], "group" text, named boolean, silent_days integer,
    venues_known text[], scans_known text[]
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
    vintage integer, unit text, peer text, level integer, first date, last date, kinds text[], "group" text, named boolean,
    silent_days integer, venues_known text[], scans_known text[]
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
