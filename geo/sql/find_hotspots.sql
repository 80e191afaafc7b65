-- Hotspots (I12) in communes of :unit, in vintage :vintage of :province: venues where as many distinct F0 cases were, within as many
-- days up to :last, as the rules ask of their kind. Visits are as told now, or as told until run :known where that is not null; of a
-- case whose onset is told, those outside its infectious days do not count.
-- One row a venue: venue_id, venue_code, name, kind, organisation, commune_code, lon, lat (null where it has no point), cases, visits,
-- first_at, last_at, last_day, newest_run (that told one of the visits), days (that its kind asks), and the rules that grade it:
-- grade_cases, grade_exposed, grade_recent_days, grade_kind.
WITH rule AS MATERIALIZED (
    SELECT k.code AS kind,
           tracing_rule_on('hotspot_cases', :province, k.code, :last) AS cases,
           tracing_rule_on('hotspot_days', :province, k.code, :last) AS days,
           tracing_rule_on('grade_cases', :province, k.code, :last) AS grade_cases,
           tracing_rule_on('grade_exposed', :province, k.code, :last) AS grade_exposed,
           tracing_rule_on('grade_recent_days', :province, k.code, :last) AS grade_recent_days,
           tracing_rule_on('grade_kind', :province, k.code, :last) AS grade_kind
    FROM venue_kind k
),
asked AS MATERIALIZED (
    SELECT (:last - max(days) + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS since,
           (:last + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS until,
           min(cases) AS cases,
           tracing_rule_on('infectious_days_before', :province, NULL, :last) AS before,
           tracing_rule_on('infectious_days_after', :province, NULL, :last) AS after,
           ARRAY(SELECT c.id FROM admin_unit c JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
                 WHERE c.vintage = :vintage AND c.level = 3 AND :unit IN (c.code, p.code, p.parent_code)) AS communes
    FROM rule
),
likely AS MATERIALIZED (  -- few, before each is looked at: with as many visits as the laxest rule asks cases
    SELECT venue_id
    FROM (
        SELECT venue_id, arrived_at FROM visit
        WHERE case_class = 'F0' AND venue_id IS NOT NULL AND vintage = :vintage
          AND (CAST(:known AS integer) IS NULL OR load_run <= CAST(:known AS integer))
        UNION ALL
        SELECT venue_id, arrived_at FROM visit_history
        WHERE case_class = 'F0' AND venue_id IS NOT NULL AND vintage = :vintage
          AND load_run <= CAST(:known AS integer) AND until_run > CAST(:known AS integer)
    ) t
    WHERE arrived_at >= (SELECT since FROM asked) AND arrived_at < (SELECT until FROM asked)
    GROUP BY venue_id
    HAVING count(*) >= (SELECT cases FROM asked)
)
SELECT v.id AS venue_id, v.code AS venue_code, v.name, v.kind, v.organisation, v.commune_code, ST_X(v.point) AS lon, ST_Y(v.point) AS lat,
       count(DISTINCT t.case_code) AS cases, count(*) AS visits, min(t.arrived_at) AS first_at, max(t.arrived_at) AS last_at,
       (max(t.arrived_at) AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS last_day, max(t.load_run) AS newest_run,
       r.days, r.grade_cases, r.grade_exposed, r.grade_recent_days, r.grade_kind
FROM likely l
JOIN venue v ON v.id = l.venue_id
JOIN rule r ON r.kind = v.kind
CROSS JOIN LATERAL (
    SELECT case_code, arrived_at, onset_on, load_run FROM visit
    WHERE venue_id = l.venue_id AND case_class = 'F0' AND arrived_at >= (SELECT since FROM asked) AND arrived_at < (SELECT until FROM asked)
      AND (CAST(:known AS integer) IS NULL OR load_run <= CAST(:known AS integer))
    UNION ALL
    SELECT case_code, arrived_at, onset_on, load_run FROM visit_history
    WHERE venue_id = l.venue_id AND case_class = 'F0' AND arrived_at >= (SELECT since FROM asked) AND arrived_at < (SELECT until FROM asked)
      AND load_run <= CAST(:known AS integer) AND until_run > CAST(:known AS integer)
) t
WHERE v.unit = ANY ((SELECT communes FROM asked)::integer[])
  AND t.arrived_at >= (:last - r.days + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
  AND (t.onset_on IS NULL OR (t.arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
       BETWEEN t.onset_on - (SELECT before FROM asked) AND t.onset_on + (SELECT after FROM asked))
GROUP BY v.id, r.cases, r.days, r.grade_cases, r.grade_exposed, r.grade_recent_days, r.grade_kind
HAVING count(DISTINCT t.case_code) >= r.cases
ORDER BY v.code
