-- Counts the gap of each week and commune of :province as keep_case_weeks.sql counts cases; before it, whose weeks are those kept.
INSERT INTO gap_week (week, vintage, commune_code, kind, a, b, c, covered, unknown, purge)
SELECT date_trunc('week', j.day)::date, v.vintage, j.commune_code, j.kind,
       count(*) FILTER (WHERE j.gap = 'a'), count(*) FILTER (WHERE j.gap = 'b'), count(*) FILTER (WHERE j.gap = 'c'),
       count(*) FILTER (WHERE j.gap = 'covered'), count(*) FILTER (WHERE j.gap IS NULL), :purge
FROM (
    SELECT t.vintage, min((t.arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date) AS first
    FROM visit t
    JOIN admin_unit c ON c.vintage = t.vintage AND c.code = t.commune_code
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE :province IN (p.code, p.parent_code)
    GROUP BY t.vintage
) v
CROSS JOIN LATERAL judge_visits(v.vintage, :province, v.first, date_trunc('week', CAST(:last AS timestamp))::date + 6) j
JOIN admin_unit c ON c.vintage = v.vintage AND c.code = j.commune_code
JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
WHERE :province IN (p.code, p.parent_code) AND v.first <= :last
  AND NOT EXISTS (
      SELECT FROM case_week k
      WHERE k.week = date_trunc('week', j.day)::date AND k.vintage = v.vintage AND k.commune_code = j.commune_code
  )
  AND EXISTS (
      SELECT FROM visit t
      WHERE t.vintage = v.vintage AND t.commune_code = j.commune_code
        AND t.arrived_at >= date_trunc('week', j.day::timestamp) AT TIME ZONE 'Asia/Ho_Chi_Minh'
        AND t.arrived_at < (CAST(:last AS date) + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
  )
GROUP BY 1, 2, 3, 4
