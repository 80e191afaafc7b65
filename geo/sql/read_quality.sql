-- I15 per unit of :level inside :unit (or :unit itself), in vintage :vintage. One row per unit, with or without data: code, name,
-- level, parent_code; communes; communes_with_venues; communes_with_scans (on some day from :first to :last); communes_late (none
-- since :late); venues, with_point, inside (their point lies in the declared commune), by_code, by_name (how their commune was
-- known), null where no venue is loaded; last_day (the newest with scans); elsewhere (venues in scope that were declared in
-- another vintage, and stand in no row).
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
held AS (
    SELECT unit, count(*) AS venues, count(point) AS with_point,
           count(*) FILTER (WHERE point IS NOT NULL AND NOT outside_commune) AS inside,
           count(*) FILTER (WHERE located_by = 'code') AS by_code,
           count(*) FILTER (WHERE located_by = 'name') AS by_name
    FROM venue
    WHERE unit IN (SELECT id FROM commune)
    GROUP BY unit
),
scanned AS (
    SELECT id, max(day) AS last_day, bool_or(day BETWEEN :first AND :last) AS in_window
    FROM (
        SELECT unit AS id, day FROM scan_day WHERE scans > 0 AND unit IN (SELECT id FROM commune)
        UNION ALL
        SELECT c.id, s.day
        FROM commune_scan_day s
        JOIN commune c ON c.code = s.commune_code
        WHERE s.vintage = :vintage AND s.scans > 0
    ) day
    GROUP BY id
)
SELECT u.code, u.name, u.level, u.parent_code,
       count(*) AS communes,
       count(h.unit) AS communes_with_venues,
       count(*) FILTER (WHERE s.in_window) AS communes_with_scans,
       count(*) - count(*) FILTER (WHERE s.last_day >= :late) AS communes_late,
       CAST(sum(h.venues) AS bigint) AS venues,
       CAST(sum(h.with_point) AS bigint) AS with_point,
       CAST(sum(h.inside) AS bigint) AS inside,
       CAST(sum(h.by_code) AS bigint) AS by_code,
       CAST(sum(h.by_name) AS bigint) AS by_name,
       max(s.last_day) AS last_day,
       (SELECT count(*) FROM venue WHERE vintage <> :vintage) AS elsewhere
FROM commune c
JOIN admin_unit u ON u.vintage = :vintage AND u.code = c.unit
LEFT JOIN held h ON h.unit = c.id
LEFT JOIN scanned s ON s.id = c.id
GROUP BY u.code, u.name, u.level, u.parent_code
ORDER BY u.code
