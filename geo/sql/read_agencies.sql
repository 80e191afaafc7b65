-- Venues in communes of :unit where declared visits from :first to :last found no scan (I11): venue_id, venue_code, name, organisation
-- (null where none is told), kind, commune_code, a, b, c, covered, last_day (of such a visit), newest_run (that told one of them), and of
-- the last answer state, note, decided_at, account (null without), reopened (answered or rectified, and told of anew since).
SELECT v.id AS venue_id, v.code AS venue_code, v.name, v.organisation, v.kind, v.commune_code, g.a, g.b, g.c, g.covered, g.last_day, g.newest_run,
       d.state, d.note, d.decided_at, d.account, coalesce(d.state <> 'open' AND g.newest_run > d.seen_run, false) AS reopened
FROM (
    SELECT j.venue_id,
           count(*) FILTER (WHERE j.gap = 'a') AS a,
           count(*) FILTER (WHERE j.gap = 'b') AS b,
           count(*) FILTER (WHERE j.gap = 'c') AS c,
           count(*) FILTER (WHERE j.gap = 'covered') AS covered,
           max(j.day) FILTER (WHERE j.gap IN ('a', 'b', 'c')) AS last_day,
           max(j.load_run) FILTER (WHERE j.gap IN ('a', 'b', 'c')) AS newest_run
    FROM judge_visits(:vintage, :province, :first, :last) j
    WHERE j.commune_code IN (
        SELECT c.code
        FROM admin_unit c
        JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
        WHERE c.vintage = :vintage AND c.level = 3 AND :unit IN (c.code, p.code, p.parent_code)
    )
    GROUP BY j.venue_id
    HAVING count(*) FILTER (WHERE j.gap IN ('a', 'b', 'c')) > 0
) g
JOIN venue v ON v.id = g.venue_id
LEFT JOIN LATERAL (
    SELECT w.state, w.note, w.decided_at, w.account, w.seen_run FROM rectification w
    WHERE w.venue_id = g.venue_id ORDER BY w.id DESC LIMIT 1
) d ON true
ORDER BY v.code
