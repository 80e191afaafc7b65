-- Functions that look past the reader's scope and give sums and days, never rows; made anew by each `phuqr db migrate`.
-- Those that ask for a unit answer for one that the reader knows of: in scope or above it. pg_temp comes last in their
-- search_path, or a caller's temporary table could stand in for one of ours.

DROP FUNCTION IF EXISTS read_facts, read_province, read_total;

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
    SELECT c.vintage, c.code
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.level = 3 AND read_province.province IN (p.code, p.parent_code)
),
here AS NOT MATERIALIZED (
    SELECT v.id, v.commune_code
    FROM venue v
    WHERE v.vintage = read_province.vintage
      AND v.commune_code IN (SELECT code FROM commune WHERE commune.vintage = read_province.vintage)
)
SELECT EXISTS (SELECT FROM here),
       EXISTS (SELECT FROM scan_day s JOIN here ON here.id = s.venue_id
               WHERE s.day BETWEEN read_province.first AND read_province.last),
       (SELECT s.day FROM scan_day s JOIN here ON here.id = s.venue_id ORDER BY s.day DESC LIMIT 1),
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
FROM ({read_coverage}) total
WHERE EXISTS (SELECT FROM admin_unit u WHERE u.vintage = read_total.vintage AND u.code = read_total.unit
              AND u.level = read_total.level AND u.level < 3 AND u.id <@ scope_known());
END $$;

REVOKE ALL ON FUNCTION read_facts, read_province, read_total FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read_facts, read_province, read_total TO phuqr_viewer;
