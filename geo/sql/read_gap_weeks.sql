-- The tracing gap by weeks from Monday to Sunday of which a day lies in :first to :last, in communes of :unit: week, a, b, c, covered,
-- unknown. A commune's week that was counted before a purge stays as it was counted.
WITH commune AS (
    SELECT c.code
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3 AND :unit IN (c.code, p.code, p.parent_code)
),
counted AS (
    SELECT week, commune_code, a, b, c, covered, unknown FROM gap_week
    WHERE vintage = :vintage AND week BETWEEN date_trunc('week', CAST(:first AS timestamp))::date AND :last
),
live AS (
    SELECT date_trunc('week', j.day)::date AS week, j.commune_code,
           count(*) FILTER (WHERE j.gap = 'a') AS a,
           count(*) FILTER (WHERE j.gap = 'b') AS b,
           count(*) FILTER (WHERE j.gap = 'c') AS c,
           count(*) FILTER (WHERE j.gap = 'covered') AS covered,
           count(*) FILTER (WHERE j.gap IS NULL) AS unknown
    FROM judge_visits(:vintage, :province, date_trunc('week', CAST(:first AS timestamp))::date, date_trunc('week', CAST(:last AS timestamp))::date + 6) j
    GROUP BY 1, 2
)
SELECT w.week, CAST(sum(w.a) AS bigint) AS a, CAST(sum(w.b) AS bigint) AS b, CAST(sum(w.c) AS bigint) AS c,
       CAST(sum(w.covered) AS bigint) AS covered, CAST(sum(w.unknown) AS bigint) AS unknown
FROM (
    SELECT * FROM counted
    UNION ALL
    SELECT * FROM live l
    WHERE NOT EXISTS (
        SELECT FROM case_week k WHERE k.week = l.week AND k.vintage = :vintage AND k.commune_code = l.commune_code
    )
) w
WHERE w.commune_code IN (SELECT code FROM commune)
GROUP BY w.week
ORDER BY w.week
