-- Visits of cases to the venue :venue of which a moment lies in :first to :last, by arrival: case_code, case_class, source, came, went
-- (local, without a zone), went_told (false: worked out, see visit_end).
SELECT t.case_code, t.case_class, t.source, t.arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh' AS came,
       e.went AT TIME ZONE 'Asia/Ho_Chi_Minh' AS went, t.left_at IS NOT NULL AS went_told
FROM visit t
JOIN venue v ON v.id = t.venue_id
CROSS JOIN LATERAL (
    SELECT visit_end(t.arrived_at, t.left_at, t.next_at, tracing_rule_on(
        'stay_minutes', :province, v.kind, (t.arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)) AS went
) e
WHERE v.id = :venue
  AND t.arrived_at < (CAST(:last AS date) + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
  AND e.went >= CAST(:first AS date)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
ORDER BY t.arrived_at, t.case_code
