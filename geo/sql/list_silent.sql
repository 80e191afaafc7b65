-- Of the communes :communes (numbers, with :codes) those without a scan on :day, which is loaded: code; created (venues by then); last_day
-- (their last day with a scan, as far back as the month of :first; null: none).
WITH commune AS (
    SELECT id, code FROM unnest(CAST(:communes AS integer[]), CAST(:codes AS text[])) AS c(id, code)
),
scanned AS (
    SELECT a.unit, max(a.days[n]) AS last_day
    FROM activity_month a
    JOIN commune c ON c.id = a.unit
    CROSS JOIN LATERAL generate_series(1, width_bucket(CAST(:day AS date), a.days)) AS n
    WHERE a.month BETWEEN CAST(date_trunc('month', CAST(:first AS date)) AS date) AND :day
      AND a.scans[n] > coalesce(a.scans[n - 1], 0)
    GROUP BY a.unit
)
SELECT c.code, CAST(coalesce(width_bucket(CAST(:day AS date), m.created), 0) AS bigint) AS created, s.last_day
FROM commune c
LEFT JOIN commune_summary m ON m.unit = c.id
LEFT JOIN scanned s ON s.unit = c.id
WHERE s.last_day IS DISTINCT FROM CAST(:day AS date)
ORDER BY c.code COLLATE "C"
