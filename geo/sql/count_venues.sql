-- Venues by commune inside :unit (all in scope if null) in vintage :vintage, narrowed as in list_venues.sql, of communes that have any:
-- id and code of the commune, venues, with_point.
WITH commune AS (
    SELECT c.id, c.code
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3 AND (CAST(:unit AS text) IS NULL OR :unit IN (c.code, p.code, p.parent_code))
),
active AS (
    SELECT unit, venues
    FROM read_active(:first, :last)
    WHERE :state IN ('silent', 'active') AND unit IN (SELECT id FROM commune)
),
seen AS (
    SELECT each.id,
           CASE WHEN each.first_scan > :last THEN 'never' WHEN get_bit(a.venues, CAST(each.place AS integer) - 1) = 1 THEN 'active'
                ELSE 'silent' END AS state
    FROM commune_summary s
    CROSS JOIN LATERAL unnest(s.venues, s.first_scan) WITH ORDINALITY AS each(id, first_scan, place)
    LEFT JOIN active a ON a.unit = s.unit
    WHERE :scans_known AND :state IN ('never', 'silent', 'active') AND s.unit IN (SELECT id FROM commune)
)
SELECT c.id, c.code, count(*) AS venues, count(v.point) AS with_point
FROM commune c
JOIN venue v ON v.unit = c.id
JOIN venue_kind k ON k.code = v.kind
LEFT JOIN seen s ON s.id = v.id
WHERE v.created_on <= :last
  AND (CAST(:kind AS text) IS NULL OR v.kind = :kind)
  AND (CAST(:department AS text) IS NULL OR v.kind IN (SELECT kinds_of(:department)))
  AND (CAST(:group AS text) IS NULL OR k.obligation_group = :group)
  AND CASE CAST(:state AS text) WHEN 'no_point' THEN v.point IS NULL WHEN 'outside' THEN v.outside_commune
          ELSE CAST(:state AS text) IS NULL OR s.state = :state END
GROUP BY c.id, c.code
ORDER BY c.code
