-- I4d of the communes :communes (numbers), summed by what :rows says of each, on :day, of venues of the kinds :kinds (all if null). One
-- row per distinct text of :rows: code; created (by :day); active (of these, with a scan that day); regular (on at least 5 of the 7
-- days that end with it).
WITH commune AS (
    SELECT id, unit
    FROM unnest(CAST(:communes AS integer[]), CAST(:rows AS text[])) AS c(id, unit)
),
day AS MATERIALIZED (
    SELECT a.unit, CAST(:day AS date) - a.days[n] AS ago,
           substring(a.venues FROM 1 + (n - 1) * length(a.whole) FOR length(a.whole)) AS venues
    FROM activity_month a
    JOIN commune c ON c.id = a.unit
    CROSS JOIN LATERAL generate_series(
        width_bucket(CAST(:day AS date) - 7, a.days) + 1, width_bucket(CAST(:day AS date), a.days)) AS n
    WHERE a.month BETWEEN CAST(date_trunc('month', CAST(:day AS date) - 6) AS date) AND :day
),
week AS MATERIALIZED (
    SELECT unit, zero.bits AS blank, d0, coalesce(d1, zero.bits) AS d1, coalesce(d2, zero.bits) AS d2, coalesce(d3, zero.bits) AS d3,
           coalesce(d4, zero.bits) AS d4, coalesce(d5, zero.bits) AS d5, coalesce(d6, zero.bits) AS d6
    FROM (
        SELECT unit, bit_or(venues) AS united,
               bit_or(venues) FILTER (WHERE ago = 0) AS d0, bit_or(venues) FILTER (WHERE ago = 1) AS d1,
               bit_or(venues) FILTER (WHERE ago = 2) AS d2, bit_or(venues) FILTER (WHERE ago = 3) AS d3,
               bit_or(venues) FILTER (WHERE ago = 4) AS d4, bit_or(venues) FILTER (WHERE ago = 5) AS d5,
               bit_or(venues) FILTER (WHERE ago = 6) AS d6
        FROM day
        GROUP BY unit
    ) seven
    CROSS JOIN LATERAL (SELECT united # united AS bits) zero
),
-- The days of each venue added up bit by bit: three at a time, their ones and what they carry; 5, 6 and 7 are 4 and at least 1
added AS (
    SELECT unit, d0, coalesce(d0, blank) # d1 # d2 AS ones1, (coalesce(d0, blank) & d1) | (d2 & (coalesce(d0, blank) # d1)) AS twos1,
           d3 # d4 # d5 AS ones2, (d3 & d4) | (d5 & (d3 # d4)) AS twos2, d6
    FROM week
),
carried AS (
    SELECT unit, d0, ones1 # ones2 # d6 AS ones, twos1, twos2, (ones1 & ones2) | (d6 & (ones1 # ones2)) AS twos3
    FROM added
),
mask AS (
    SELECT unit, bit_or(venues) AS venues
    FROM kind_summary
    WHERE kind = ANY (CAST(:kinds AS text[]))
    GROUP BY unit
),
found AS (
    SELECT c.unit, width_bucket(CAST(:day AS date), s.created) AS first_bits,
           CASE WHEN CAST(:kinds AS text[]) IS NULL THEN width_bucket(CAST(:day AS date), s.created) ELSE k.created END AS created,
           CASE WHEN CAST(:kinds AS text[]) IS NULL THEN r.d0 ELSE r.d0 & m.venues END AS active,
           CASE WHEN CAST(:kinds AS text[]) IS NULL THEN r.regular ELSE r.regular & m.venues END AS regular
    FROM commune c
    LEFT JOIN commune_summary s ON s.unit = c.id
    LEFT JOIN (
        SELECT unit, d0,
               ((twos1 & twos2) | (twos3 & (twos1 # twos2))) & (ones | (twos1 # twos2 # twos3)) AS regular
        FROM carried
    ) r ON r.unit = c.id
    LEFT JOIN mask m ON m.unit = c.id
    LEFT JOIN (
        SELECT unit, sum(width_bucket(CAST(:day AS date), created)) AS created
        FROM kind_summary
        WHERE kind = ANY (CAST(:kinds AS text[]))
        GROUP BY unit
    ) k ON k.unit = c.id
)
SELECT unit AS code,
       CAST(coalesce(sum(created), 0) AS bigint) AS created,
       CAST(coalesce(sum(bit_count(substring(active FROM 1 FOR first_bits))), 0) AS bigint) AS active,
       CAST(coalesce(sum(bit_count(substring(regular FROM 1 FOR first_bits))), 0) AS bigint) AS regular
FROM found
GROUP BY unit
ORDER BY unit COLLATE "C"
