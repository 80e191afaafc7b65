-- Counts the cases of each week and commune of :province of which a visit is purged, those until :last, and that was not counted yet.
INSERT INTO case_week (week, vintage, commune_code, cases, purge)
SELECT date_trunc('week', t.arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, t.vintage, t.commune_code, count(DISTINCT t.case_code), :purge
FROM visit t
JOIN admin_unit c ON c.vintage = t.vintage AND c.code = t.commune_code
JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
WHERE :province IN (p.code, p.parent_code)
  AND t.arrived_at < (date_trunc('week', CAST(:last AS timestamp)) + interval '7 days') AT TIME ZONE 'Asia/Ho_Chi_Minh'
GROUP BY 1, 2, 3
HAVING min((t.arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date) <= :last
ON CONFLICT DO NOTHING
