-- Hotspots (I12) in communes of :unit, in vintage :vintage of :province: venues where as many distinct F0 cases were, within as many
-- days up to :last, as the rules ask of their kind. Visits are as told now, or as told until run :known where that is not null; of a
-- case whose onset is told, those outside its infectious days do not count.
-- One row a venue: venue_id, venue_code, name, kind, organisation, commune_code, cases, visits, first_at, last_at, last_day, exposed
-- (scans in the hours that some visit was in; null where no hours are known), exposed_whole (hours of all its days are known),
-- meetings (pairs of cases that were there at one time), points (of 4 that grade it), days (that its kind asks), lon, lat, located
-- (the venue's own point; else a point in its commune), newest_run (that told one of its visits), state, reason, decided_at, account
-- (of the last review; null without), reopened (closed, and told of anew since).
WITH commune AS (
    SELECT c.id
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3 AND :unit IN (c.code, p.code, p.parent_code)
),
rule AS MATERIALIZED (
    SELECT k.code AS kind,
           tracing_rule_on('hotspot_cases', :province, k.code, :last) AS cases,
           tracing_rule_on('hotspot_days', :province, k.code, :last) AS days,
           tracing_rule_on('stay_minutes', :province, k.code, :last) AS stay_minutes,
           tracing_rule_on('grade_cases', :province, k.code, :last) AS grade_cases,
           tracing_rule_on('grade_exposed', :province, k.code, :last) AS grade_exposed,
           tracing_rule_on('grade_recent_days', :province, k.code, :last) AS grade_recent_days,
           tracing_rule_on('grade_kind', :province, k.code, :last) AS grade_kind
    FROM venue_kind k
),
days AS MATERIALIZED (
    SELECT (:last - max(days) + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS since,
           (:last + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS until,
           min(cases) AS cases,
           tracing_rule_on('infectious_days_before', :province, NULL, :last) AS before,
           tracing_rule_on('infectious_days_after', :province, NULL, :last) AS after
    FROM rule
),
told AS (
    SELECT venue_id, case_code, arrived_at, onset_on, load_run, id AS visit_id, until_run
    FROM (
        SELECT venue_id, case_code, arrived_at, onset_on, load_run, id, NULL::integer AS until_run FROM visit
        WHERE case_class = 'F0' AND venue_id IS NOT NULL AND vintage = :vintage
          AND (CAST(:known AS integer) IS NULL OR load_run <= CAST(:known AS integer))
        UNION ALL
        SELECT venue_id, case_code, arrived_at, onset_on, load_run, visit_id, until_run FROM visit_history
        WHERE case_class = 'F0' AND venue_id IS NOT NULL AND vintage = :vintage
          AND load_run <= CAST(:known AS integer) AND until_run > CAST(:known AS integer)
    ) t, days
    WHERE arrived_at >= days.since AND arrived_at < days.until
      AND (onset_on IS NULL OR (arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date BETWEEN onset_on - days.before AND onset_on + days.after)
),
likely AS MATERIALIZED (  -- few, before each is looked at: under the laxest of the rules
    SELECT venue_id FROM (SELECT DISTINCT venue_id, case_code FROM told) t
    GROUP BY venue_id HAVING count(*) >= (SELECT cases FROM days)
),
there AS MATERIALIZED (
    SELECT v.id AS venue_id, v.kind, r.cases AS least, r.days, r.stay_minutes, t.case_code, t.arrived_at, t.load_run, t.visit_id, t.until_run
    FROM likely l
    JOIN venue v ON v.id = l.venue_id
    JOIN rule r ON r.kind = v.kind
    JOIN told t ON t.venue_id = l.venue_id AND t.arrived_at >= (:last - r.days + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
    WHERE v.unit IN (SELECT id FROM commune)
),
hotspot AS MATERIALIZED (
    SELECT venue_id, kind, days, count(DISTINCT case_code) AS cases, count(*) AS visits, min(arrived_at) AS first_at,
           max(arrived_at) AS last_at, (max(arrived_at) AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS last_day, max(load_run) AS newest_run
    FROM there
    GROUP BY venue_id, kind, days, least
    HAVING count(DISTINCT case_code) >= least
),
stay AS MATERIALIZED (
    SELECT t.venue_id, t.case_code, t.arrived_at AS came,
           CASE WHEN t.until_run IS NULL THEN visit_end(t.arrived_at, v.left_at, v.next_at, t.stay_minutes)
                ELSE visit_end(t.arrived_at, h.left_at, NULL, t.stay_minutes) END AS went
    FROM there t
    JOIN hotspot USING (venue_id)
    LEFT JOIN visit v ON v.id = t.visit_id AND t.until_run IS NULL
    LEFT JOIN visit_history h ON h.visit_id = t.visit_id AND h.until_run = t.until_run
),
met AS (
    SELECT a.venue_id, count(DISTINCT (a.case_code, b.case_code)) AS meetings
    FROM stay a
    JOIN stay b ON b.venue_id = a.venue_id AND b.case_code > a.case_code AND b.came <= a.went AND a.came <= b.went
    GROUP BY a.venue_id
),
hour AS (
    SELECT DISTINCT s.venue_id, h.hour::date AS day, extract(hour FROM h.hour)::smallint AS hour
    FROM stay s
    CROSS JOIN LATERAL generate_series(date_trunc('hour', s.came AT TIME ZONE 'Asia/Ho_Chi_Minh'),
                                       s.went AT TIME ZONE 'Asia/Ho_Chi_Minh', interval '1 hour') AS h(hour)
),
day AS (
    SELECT o.venue_id, o.day,
           CASE WHEN EXISTS (SELECT FROM scan_hour k WHERE k.venue_id = o.venue_id AND k.day = o.day)
                THEN (SELECT coalesce(sum(s.scans), 0) FROM scan_hour s
                      WHERE s.venue_id = o.venue_id AND s.day = o.day AND s.hour = ANY (array_agg(o.hour)))
                WHEN NOT EXISTS (SELECT FROM scan_day s WHERE s.venue_id = o.venue_id AND s.day = o.day AND s.scans > 0)
                 AND o.day IN (SELECT * FROM read_scan_days(:vintage, :province, (SELECT since::date FROM days), :last + 1)) THEN 0 END AS scans
    FROM hour o
    GROUP BY o.venue_id, o.day
),
exposed AS (
    SELECT venue_id, sum(scans)::bigint AS exposed, bool_and(scans IS NOT NULL) AS exposed_whole FROM day GROUP BY venue_id
)
SELECT h.venue_id, v.code AS venue_code, v.name, h.kind, v.organisation, v.commune_code, h.cases, h.visits, h.first_at, h.last_at,
       h.last_day, e.exposed, e.exposed_whole, coalesce(m.meetings, 0) AS meetings,
       (h.cases >= r.grade_cases)::integer + coalesce(e.exposed >= r.grade_exposed, false)::integer
       + (h.last_day > :last - r.grade_recent_days)::integer + (r.grade_kind > 0)::integer AS points,
       h.days, ST_X(p.point) AS lon, ST_Y(p.point) AS lat, v.point IS NOT NULL AS located, h.newest_run,
       d.state, d.reason, d.decided_at, d.account, coalesce(d.state = 'closed' AND h.newest_run > d.seen_run, false) AS reopened
FROM hotspot h
JOIN venue v ON v.id = h.venue_id
JOIN rule r ON r.kind = h.kind
LEFT JOIN met m ON m.venue_id = h.venue_id
LEFT JOIN exposed e ON e.venue_id = h.venue_id
LEFT JOIN LATERAL (
    SELECT w.state, w.reason, w.decided_at, w.account, w.seen_run FROM hotspot_review w
    WHERE w.venue_id = h.venue_id ORDER BY w.id DESC LIMIT 1
) d ON true
CROSS JOIN LATERAL (
    SELECT coalesce(v.point, (SELECT ST_PointOnSurface(u.geom_500m) FROM admin_unit u WHERE u.id = v.unit)) AS point
) p
ORDER BY v.code
