-- Counts per day from :first to :last of the communes :communes (numbers) together, of venues of the kinds :kinds (all if null): day;
-- created (until then); new (that day); active (of the created, with a scan that day); scans; people. What was never loaded is 0.
WITH commune AS (
    SELECT id FROM unnest(CAST(:communes AS integer[])) AS c(id)
),
calendar AS (
    SELECT CAST(:first AS date) + n AS day FROM generate_series(0, CAST(:last AS date) - CAST(:first AS date)) AS n
),
made AS (
    SELECT c.day, sum(width_bucket(c.day, s.created)) AS created, sum(width_bucket(c.day - 1, s.created)) AS before
    FROM calendar c
    CROSS JOIN (
        SELECT unit, created FROM commune_summary WHERE CAST(:kinds AS text[]) IS NULL
        UNION ALL SELECT unit, created FROM kind_summary WHERE kind = ANY (CAST(:kinds AS text[]))
    ) s
    WHERE s.unit IN (SELECT id FROM commune)
    GROUP BY c.day
),
mask AS (
    SELECT unit, bit_or(venues) AS venues
    FROM kind_summary
    WHERE kind = ANY (CAST(:kinds AS text[]))
    GROUP BY unit
),
month AS (
    SELECT a.unit, a.month, a.days, a.venues, length(a.whole) AS width, a.scans, a.people, s.created,
           width_bucket(CAST(:first AS date) - 1, a.days) AS begins, width_bucket(CAST(:last AS date), a.days) AS ends
    FROM activity_month a
    JOIN commune c ON c.id = a.unit
    JOIN commune_summary s ON s.unit = a.unit
    WHERE a.month BETWEEN CAST(date_trunc('month', CAST(:first AS date)) AS date) AND :last
),
active AS (
    SELECT d.day, sum(bit_count(substring(d.venues FROM 1 FOR width_bucket(d.day, d.created)))) AS venues
    FROM (
        SELECT m.days[n] AS day, m.created,
               CASE WHEN CAST(:kinds AS text[]) IS NULL THEN substring(m.venues FROM 1 + (n - 1) * m.width FOR m.width)
                    ELSE substring(m.venues FROM 1 + (n - 1) * m.width FOR m.width) & k.venues END AS venues
        FROM month m
        LEFT JOIN mask k ON k.unit = m.unit
        CROSS JOIN LATERAL generate_series(m.begins + 1, m.ends) AS n
    ) d
    GROUP BY d.day
),
scanned AS (
    SELECT m.days[n] AS day, sum(r.scans[n] - coalesce(r.scans[n - 1], 0)) AS scans,
           sum(r.people[n] - coalesce(r.people[n - 1], 0)) AS people
    FROM month m
    CROSS JOIN LATERAL (
        SELECT m.scans, m.people WHERE CAST(:kinds AS text[]) IS NULL
        UNION ALL
        SELECT k.scans, k.people
        FROM activity_kind_month k
        WHERE k.unit = m.unit AND k.month = m.month AND k.kind = ANY (CAST(:kinds AS text[]))
    ) r
    CROSS JOIN LATERAL generate_series(m.begins + 1, m.ends) AS n
    GROUP BY 1
)
SELECT c.day,
       CAST(coalesce(m.created, 0) AS bigint) AS created,
       CAST(coalesce(m.created - m.before, 0) AS bigint) AS new,
       CAST(coalesce(a.venues, 0) AS bigint) AS active,
       CAST(coalesce(s.scans, 0) AS bigint) AS scans,
       CAST(coalesce(s.people, 0) AS bigint) AS people
FROM calendar c
LEFT JOIN made m ON m.day = c.day
LEFT JOIN active a ON a.day = c.day
LEFT JOIN scanned s ON s.day = c.day
ORDER BY c.day
