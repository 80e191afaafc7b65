-- Venues by commune inside :unit (all in scope if null) in vintage :vintage, narrowed as in list_venues.sql, of communes that have any:
-- id and code of the commune, venues, with_point.
WITH commune AS (
    SELECT c.id, c.code
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3 AND (CAST(:unit AS text) IS NULL OR :unit IN (c.code, p.code, p.parent_code))
),
seen AS (
    SELECT venue_id, max(day) AS last_day
    FROM scan_day
    WHERE :state IN ('never', 'silent', 'active') AND day <= :last AND scans > 0 AND unit IN (SELECT id FROM commune)
    GROUP BY venue_id
)
SELECT c.id, c.code, count(*) AS venues, count(v.point) AS with_point
FROM commune c
JOIN venue v ON v.unit = c.id
JOIN venue_kind k ON k.code = v.kind
LEFT JOIN seen s ON s.venue_id = v.id
WHERE v.created_on <= :last
  AND (CAST(:kind AS text) IS NULL OR v.kind = :kind)
  AND (CAST(:group AS text) IS NULL OR k.obligation_group = :group)
  AND CASE CAST(:state AS text)
          WHEN 'no_point' THEN v.point IS NULL
          WHEN 'outside' THEN v.outside_commune
          WHEN 'never' THEN :scans_known AND s.last_day IS NULL
          WHEN 'silent' THEN :scans_known AND s.last_day < :first
          WHEN 'active' THEN :scans_known AND s.last_day >= :first
          ELSE true
      END
GROUP BY c.id, c.code
ORDER BY c.code
