-- The state of each venue in scope, in vintage :vintage and created by the day :last, by commune: unit (its number), ids and states, one
-- after the other, as bytes: four of each venue's number and one of its state: 0 never scanned by :last, 1 silent, 2 active in the days
-- :first to :last.
SELECT v.unit, string_agg(int4send(v.id), '' ORDER BY v.id) AS ids,
       string_agg(CASE WHEN s.last_day IS NULL THEN '\x00'::bytea WHEN s.last_day >= :first THEN '\x02' ELSE '\x01' END,
                  '' ORDER BY v.id) AS states
FROM venue v
LEFT JOIN (
    SELECT venue_id, max(day) AS last_day FROM scan_day WHERE day <= :last AND scans > 0 GROUP BY venue_id
) s ON s.venue_id = v.id
WHERE v.vintage = :vintage AND v.created_on <= :last
GROUP BY v.unit
