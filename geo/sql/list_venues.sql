-- Venues inside :unit (all in scope if null) in vintage :vintage, created by the day :last, at most :limit: code, name, kind, organisation,
-- commune_code, address, created_on, last_day (of the newest scan by :last), state (never, silent or active in the days :first to :last; null
-- where :scans_known is false), with_point, outside_commune, and `of`: how many there are. Narrowed to :kind, to :group of obligation and to :state (a state,
-- no_point or outside) where these are not null, and to the venue of :code.
WITH commune AS (
    SELECT c.id
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3 AND (CAST(:unit AS text) IS NULL OR :unit IN (c.code, p.code, p.parent_code))
),
held AS (
    SELECT v.*
    FROM venue v
    JOIN venue_kind k ON k.code = v.kind
    WHERE v.unit IN (SELECT id FROM commune) AND v.created_on <= :last
      AND (CAST(:kind AS text) IS NULL OR v.kind = :kind)
      AND (CAST(:group AS text) IS NULL OR k.obligation_group = :group)
      AND (CAST(:code AS text) IS NULL OR v.code = :code)
      AND CASE CAST(:state AS text) WHEN 'no_point' THEN v.point IS NULL WHEN 'outside' THEN v.outside_commune ELSE true END
),
seen AS (
    SELECT venue_id, max(day) AS last_day
    FROM scan_day
    WHERE day <= :last AND scans > 0 AND unit IN (SELECT unit FROM held)
    GROUP BY venue_id
),
told AS (
    SELECT h.*, s.last_day,
           CASE WHEN :scans_known THEN
               CASE WHEN s.last_day IS NULL THEN 'never' WHEN s.last_day >= :first THEN 'active' ELSE 'silent' END
           END AS state
    FROM held h
    LEFT JOIN seen s ON s.venue_id = h.id
)
SELECT code, name, kind, organisation, commune_code, address, created_on, last_day, state, point IS NOT NULL AS with_point, outside_commune,
       count(*) OVER () AS of
FROM told
WHERE CAST(:state AS text) IS NULL OR :state IN ('no_point', 'outside') OR state = :state
ORDER BY commune_code, name, code
LIMIT :limit
