-- Counts of I1 to I4c per unit of :level inside :unit (or :unit itself), in vintage :vintage, for the days :first to :last,
-- of venues whose kind is in obligation group :group (all kinds if null).
-- One row per unit, with or without data: code, name, level, parent_code, obliged, created_obliged, created, new,
-- active, cohort, never_scanned, scans, people. Null is not known: no register; no venues, unless :venues_known; no scans,
-- unless :scans_known (see read_province in functions.sql). Also the body of read_total there, over all rows.
WITH lineage AS (
    SELECT c.id, c.code, CASE p.level WHEN 2 THEN p.code END AS district, coalesce(p.parent_code, p.code) AS province
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3
),
commune AS (
    SELECT id, code, CASE :level WHEN 3 THEN code WHEN 2 THEN district ELSE province END AS unit
    FROM lineage
    WHERE :unit IN (code, district, province)
),
register AS (
    SELECT commune_code, sum(obliged) AS obliged, array_agg(obligation_group) AS groups
    FROM obligation
    WHERE vintage = :vintage AND (CAST(:group AS text) IS NULL OR obligation_group = :group)
    GROUP BY commune_code
),
scanned AS (
    SELECT venue_id, sum(scans) FILTER (WHERE day >= :first) AS scans, sum(people) FILTER (WHERE day >= :first) AS people
    FROM scan_day
    WHERE day <= :last AND scans > 0
    GROUP BY venue_id
),
fact AS (
    SELECT v.unit,
           count(*) AS created,
           count(*) FILTER (WHERE k.obligation_group = ANY (r.groups)) AS created_obliged,
           count(*) FILTER (WHERE v.created_on >= :first) AS new,
           count(s.scans) AS active,
           count(s.scans) FILTER (WHERE v.created_on >= :first) AS cohort,
           count(*) FILTER (WHERE s.venue_id IS NULL) AS never_scanned,
           sum(s.scans) AS scans,
           sum(s.people) AS people
    FROM venue v
    JOIN venue_kind k ON k.code = v.kind
    LEFT JOIN register r ON r.commune_code = v.commune_code
    LEFT JOIN scanned s ON s.venue_id = v.id
    WHERE v.created_on <= :last
      AND v.unit IN (SELECT id FROM commune)
      AND (CAST(:group AS text) IS NULL OR k.obligation_group = :group)
    GROUP BY v.unit
)
SELECT u.code, u.name, u.level, u.parent_code,
       CAST(sum(r.obliged) AS bigint) AS obliged,
       CASE WHEN :venues_known AND sum(r.obliged) IS NOT NULL
            THEN CAST(coalesce(sum(f.created_obliged), 0) AS bigint) END AS created_obliged,
       CASE WHEN :venues_known THEN CAST(coalesce(sum(f.created), 0) AS bigint) END AS created,
       CASE WHEN :venues_known THEN CAST(coalesce(sum(f.new), 0) AS bigint) END AS new,
       CASE WHEN :scans_known THEN CAST(coalesce(sum(f.active), 0) AS bigint) END AS active,
       CASE WHEN :scans_known THEN CAST(coalesce(sum(f.cohort), 0) AS bigint) END AS cohort,
       CASE WHEN :scans_known THEN CAST(coalesce(sum(f.never_scanned), 0) AS bigint) END AS never_scanned,
       CASE WHEN :scans_known THEN CAST(coalesce(sum(f.scans), 0) AS bigint) END AS scans,
       CASE WHEN :scans_known THEN CAST(coalesce(sum(f.people), 0) AS bigint) END AS people
FROM commune c
JOIN admin_unit u ON u.vintage = :vintage AND u.code = c.unit
LEFT JOIN register r ON r.commune_code = c.code
LEFT JOIN fact f ON f.unit = c.id
GROUP BY u.code, u.name, u.level, u.parent_code
ORDER BY u.code
