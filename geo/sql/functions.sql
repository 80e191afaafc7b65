-- Functions that look past the reader's scope and give sums, days and loads, never rows of a commune; made anew by each `phuqr db migrate`.
-- Those that ask for a unit answer for one that the reader knows of: in scope or above it. pg_temp comes last in their
-- search_path, or a caller's temporary table could stand in for one of ours.

DROP FUNCTION IF EXISTS read_facts, read_province, read_total, read_peers, read_runs, read_days, find_solution, kinds_of, read_active, take_days, acting_units;

-- The numbers of the units given (an array of {vintage, code}) with all inside them, and with all above them; null for none. Those inside
-- are asked for one by one, of the index: all of a country at once would be read from the table.
CREATE OR REPLACE FUNCTION resolve_scope(given jsonb, OUT inside text, OUT above text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
WITH RECURSIVE known AS (
    SELECT u.id, u.vintage, u.code, u.parent_code
    FROM jsonb_to_recordset(given) AS g(vintage integer, code text)
    JOIN admin_unit u ON u.vintage = g.vintage AND u.code = g.code
),
children AS (
    SELECT u.id, k.vintage, u.code
    FROM known k
    CROSS JOIN LATERAL (SELECT id, code FROM admin_unit WHERE vintage = k.vintage AND parent_code = k.code OFFSET 0) u
),
below AS (
    SELECT id FROM known
    UNION ALL SELECT id FROM children
    UNION ALL SELECT u.id
    FROM children c
    CROSS JOIN LATERAL (SELECT id FROM admin_unit WHERE vintage = c.vintage AND parent_code = c.code OFFSET 0) u
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

-- The units in scope of an account that has one of these roles; refused, in these words, for any other.
CREATE FUNCTION acting_units(by_account text, roles text[], refusal text) RETURNS int4multirange
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found record;
BEGIN
    SELECT a.id, (SELECT jsonb_agg(jsonb_build_object('vintage', u.vintage, 'code', u.code)) FROM account_unit u WHERE u.account = a.id) AS units
    INTO found
    FROM account a WHERE a.name = by_account AND a.disabled_at IS NULL AND a.role = ANY (roles);
    IF found.id IS NULL THEN
        RAISE insufficient_privilege USING MESSAGE = refusal;
    END IF;
    RETURN (SELECT coalesce(r.inside, '{}')::int4multirange FROM resolve_scope(coalesce(found.units, '[]')) r);
END $$;

-- Of strings of bits of one width in a row, one for each day, the OR of those after the `skipped` first until the last: halves are laid
-- upon each other, an odd one with itself, until one width is left. Null for no day.
CREATE FUNCTION take_days(venues bit varying, width integer, skipped integer, last integer) RETURNS bit varying
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    days integer := last - skipped;
BEGIN
    IF days <= 0 THEN
        RETURN NULL;
    END IF;
    venues := substring(venues FROM 1 + skipped * width FOR days * width);
    WHILE days > 1 LOOP
        venues := substring(venues FROM 1 FOR (days + 1) / 2 * width) | substring(venues FROM 1 + days / 2 * width);
        days := (days + 1) / 2;
    END LOOP;
    RETURN venues;
END $$;

-- Which venues of each commune in scope had a scan from `first` to `last`: unit, and their bits.
CREATE FUNCTION read_active(first date, last date) RETURNS TABLE (unit integer, venues bit varying)
LANGUAGE sql STABLE AS $$
SELECT a.unit, bit_or(CASE WHEN e.every THEN a.whole ELSE take_days(a.venues, length(a.whole), e.begins, e.ends) END)
FROM activity_month a
CROSS JOIN LATERAL (
    SELECT width_bucket($1 - 1, a.days) AS begins, width_bucket($2, a.days) AS ends,
           $1 <= a.days[1] AND a.days[cardinality(a.days)] <= $2 AS every
) e
WHERE a.month BETWEEN CAST(date_trunc('month', $1) AS date) AND $2
GROUP BY a.unit
$$;

-- The kinds of venue that a department answers for.
CREATE FUNCTION kinds_of(department text) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
SELECT k.code
FROM venue_kind k
LEFT JOIN department_kind a ON a.kind = k.code
JOIN department d ON CASE WHEN a.kind IS NULL THEN d.overall ELSE d.code = a.department END
WHERE d.code = $1
$$;

-- The solution that a province has in force on a day: posters, unless it decided otherwise.
CREATE FUNCTION find_solution(province text, day date) RETURNS text
LANGUAGE sql STABLE AS $$
SELECT coalesce((SELECT s.solution FROM solution_in_force s
                 WHERE s.province_code = $1 AND s.from_day <= $2 ORDER BY s.from_day DESC LIMIT 1), 'poster')
$$;

-- Of the whole database: the last day with scans, and whether some venue is the sample's.
CREATE FUNCTION read_facts() RETURNS TABLE (scans_until date, invented boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
SELECT (SELECT max(day) FROM scan_day),
       EXISTS (SELECT FROM venue v JOIN load_run r ON r.id = v.load_run WHERE r.invented)
$$;

-- Of a province in a vintage (of each that the reader knows of, if null): whether any venue, and any scan from `first` to `last`, is
-- loaded (what was not is no data, which is not zero); its last day with scans; how many of its venues created by `last` were
-- declared in another vintage; and the solution in force on `last`.
CREATE FUNCTION read_province(vintage integer, province text, first date, last date)
RETURNS TABLE (
    code text, venues_known boolean, scans_known boolean, scans_until date, other_vintages bigint, solution text
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
WITH asked AS (
    SELECT u.id, u.code
    FROM admin_unit u
    WHERE u.vintage = read_province.vintage AND u.level = 1 AND u.id <@ scope_known()
      AND (read_province.province IS NULL OR u.code = read_province.province)
)
SELECT a.code, p.province IS NOT NULL,
       coalesce(width_bucket(read_province.last, p.days) > width_bucket(read_province.first - 1, p.days), false),
       p.days[cardinality(p.days)],
       (SELECT coalesce(sum(width_bucket(read_province.last, s.created)), 0)
        FROM admin_unit o
        JOIN province_summary held ON held.province = o.id
        JOIN admin_unit d ON d.vintage = o.vintage AND d.level < 3 AND o.code IN (d.code, d.parent_code)
        JOIN admin_unit c ON c.vintage = d.vintage AND c.parent_code = d.code AND c.level = 3
        JOIN commune_summary s ON s.unit = c.id
        WHERE o.code = a.code AND o.level = 1 AND o.vintage <> read_province.vintage),
       find_solution(a.code, read_province.last)
FROM asked a
LEFT JOIN province_summary p ON p.province = a.id
$$;

-- The days from `first` to `last` for which any scan of a province is loaded, be it of none: code, day.
CREATE FUNCTION read_days(vintage integer, province text, first date, last date) RETURNS TABLE (code text, day date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
SELECT u.code, d.day
FROM admin_unit u
JOIN province_summary p ON p.province = u.id
CROSS JOIN unnest(p.days) AS d(day)
WHERE u.vintage = read_days.vintage AND u.level = 1 AND u.id <@ scope_known()
  AND (read_days.province IS NULL OR u.code = read_days.province) AND d.day BETWEEN read_days.first AND read_days.last
$$;

-- The row of read_coverage.sql for one district or province, summed over all its communes; none for any other unit.
CREATE FUNCTION read_total(
    vintage integer, unit text, first date, last date, kinds text[], "group" text, named boolean, silent_days integer
)
RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
<<found>>
DECLARE
    communes integer[];
    codes text[];
    rows text[];
    devices boolean[];
BEGIN
    SELECT array_agg(c.id), array_agg(c.code), array_agg(read_total.unit),
           array_agg(find_solution(coalesce(p.parent_code, p.code), read_total.last) = 'device')
    INTO found.communes, found.codes, found.rows, found.devices
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    JOIN admin_unit u ON u.vintage = c.vintage AND u.code IN (p.code, p.parent_code)
    WHERE c.vintage = read_total.vintage AND c.level = 3 AND u.code = read_total.unit AND u.id <@ scope_known();
    RETURN QUERY {read_coverage of read_total};
END $$;

-- What a unit is judged among: the counts, without code or name and in their own order, of all other units of its parent.
CREATE FUNCTION read_peers(
    vintage integer, unit text, peer text, first date, last date, kinds text[], "group" text, named boolean,
    silent_days integer
)
RETURNS TABLE (obliged bigint, created_obliged bigint, created bigint, active bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
<<found>>
DECLARE
    communes integer[];
    codes text[];
    rows text[];
    devices boolean[];
BEGIN
    SELECT array_agg(c.id), array_agg(c.code), array_agg(u.code),
           array_agg(find_solution(coalesce(p.parent_code, p.code), read_peers.last) = 'device')
    INTO found.communes, found.codes, found.rows, found.devices
    FROM admin_unit asking
    JOIN admin_unit u ON u.vintage = asking.vintage AND u.parent_code = asking.parent_code AND u.code <> asking.code
    JOIN admin_unit c ON c.vintage = u.vintage AND c.level = 3
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE asking.vintage = read_peers.vintage AND asking.code = read_peers.peer AND asking.parent_code = read_peers.unit
      AND asking.id <@ scope_inside() AND u.code IN (c.code, p.code);
    RETURN QUERY
    SELECT other.obliged, other.created_obliged, other.created, other.active
    FROM ({read_coverage of read_peers}) other
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

REVOKE ALL ON FUNCTION read_facts, read_province, read_total, read_peers, read_runs, read_days, find_solution, kinds_of, read_active, take_days, acting_units FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read_facts, read_province, read_total, read_peers, read_runs, read_days, find_solution, kinds_of, read_active, take_days TO phuqr_viewer;
