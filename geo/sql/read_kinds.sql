-- Counts of I1 to I7 of the communes :communes (numbers), whose codes in vintage :vintage are :codes, by kind of venue, for the days
-- :first to :last, of the kinds :kinds. One row per kind, with or without venues: code, and the counts of read_coverage.sql but those
-- of communes and inhabitants. A kind's part of the register is known where organisations, each of a kind, make up a commune's
-- register of the kind's group; null elsewhere. A count of what was never loaded is 0.
WITH commune AS (
    SELECT id, code, device
    FROM unnest(CAST(:communes AS integer[]), CAST(:codes AS text[]), CAST(:devices AS boolean[])) AS c(id, code, device)
),
chosen AS (
    SELECT code, obligation_group FROM venue_kind WHERE code = ANY (CAST(:kinds AS text[]))
),
register AS (
    SELECT c.id AS unit, k.code AS kind, (
               SELECT coalesce(sum(n.obliged) FILTER (WHERE n.kind = k.code), 0)
               FROM organisation n
               WHERE n.vintage = o.vintage AND n.commune_code = o.commune_code AND n.obligation_group = o.obligation_group
               HAVING sum(n.obliged) = o.obliged AND count(n.kind) = count(*)
           ) AS obliged
    FROM obligation o
    JOIN commune c ON c.code = o.commune_code
    JOIN chosen k ON k.obligation_group = o.obligation_group
    WHERE o.vintage = :vintage
      AND EXISTS (SELECT FROM organisation n WHERE n.vintage = o.vintage AND n.commune_code = o.commune_code)
),
bits AS MATERIALIZED (
    SELECT unit, width_bucket(CAST(:last AS date), created) AS ends, width_bucket(CAST(:first AS date) - 1, created) AS begins
    FROM commune_summary
),
month AS MATERIALIZED (
    SELECT a.unit, a.month, e.begins, e.ends,
           CASE WHEN e.every THEN a.whole ELSE take_days(a.venues, length(a.whole), e.begins, e.ends) END AS venues,
           take_days(a.venues, length(a.whole), e.quiet, e.ends) AS lately
    FROM activity_month a
    JOIN commune c ON c.id = a.unit
    CROSS JOIN LATERAL (
        SELECT width_bucket(CAST(:first AS date) - 1, a.days) AS begins, width_bucket(CAST(:last AS date), a.days) AS ends,
               width_bucket(CAST(:last AS date) - :silent_days, a.days) AS quiet,
               CAST(:first AS date) <= a.days[1] AND a.days[cardinality(a.days)] <= :last AS every
    ) e
    WHERE a.month BETWEEN CAST(date_trunc('month', least(:first, CAST(:last AS date) - :silent_days + 1)) AS date) AND :last
),
active AS MATERIALIZED (
    SELECT m.unit, m.venues, m.lately, b.ends, b.begins
    FROM (SELECT unit, bit_or(venues) AS venues, bit_or(lately) AS lately FROM month GROUP BY unit) m
    JOIN bits b ON b.unit = m.unit
),
counted AS (
    SELECT s.kind,
           sum(width_bucket(CAST(:last AS date), s.created)) AS created,
           sum(width_bucket(CAST(:first AS date) - 1, s.created)) AS before,
           sum(width_bucket(CAST(:last AS date), s.scanned)) AS scanned,
           sum(width_bucket(CAST(:last AS date), CASE WHEN c.device THEN s.devices ELSE s.created END))
               FILTER (WHERE r.obliged IS NOT NULL) AS created_obliged,
           sum(bit_count(substring(a.venues & s.venues FROM 1 FOR a.ends))) AS active,
           sum(bit_count(substring(a.venues & s.venues FROM 1 FOR a.begins))) AS active_before,
           sum(bit_count(substring(a.lately & s.venues FROM 1 FOR a.ends))) AS lately
    FROM kind_summary s
    JOIN commune c ON c.id = s.unit
    LEFT JOIN active a ON a.unit = s.unit
    LEFT JOIN register r ON r.unit = s.unit AND r.kind = s.kind
    GROUP BY s.kind
),
scanned AS (
    SELECT k.kind, sum(coalesce(k.scans[m.ends], 0) - coalesce(k.scans[m.begins], 0)) AS scans,
           sum(coalesce(k.people[m.ends], 0) - coalesce(k.people[m.begins], 0)) AS people
    FROM month m
    JOIN activity_kind_month k ON k.unit = m.unit AND k.month = m.month
    GROUP BY k.kind
)
SELECT k.code,
       CAST(r.obliged AS bigint) AS obliged,
       CASE WHEN r.obliged IS NOT NULL THEN CAST(coalesce(f.created_obliged, 0) AS bigint) END AS created_obliged,
       CAST(coalesce(f.created, 0) AS bigint) AS created,
       CAST(coalesce(f.created - f.before, 0) AS bigint) AS new,
       CAST(coalesce(f.active, 0) AS bigint) AS active,
       CAST(coalesce(f.active - f.active_before, 0) AS bigint) AS cohort,
       CAST(coalesce(f.created - f.scanned, 0) AS bigint) AS never_scanned,
       CAST(coalesce(s.scans, 0) AS bigint) AS scans,
       CAST(coalesce(s.people, 0) AS bigint) AS people,
       CAST(coalesce(f.scanned - coalesce(f.lately, 0), 0) AS bigint) AS silent
FROM chosen k
LEFT JOIN (SELECT kind, sum(obliged) AS obliged FROM register GROUP BY kind) r ON r.kind = k.code
LEFT JOIN counted f ON f.kind = k.code
LEFT JOIN scanned s ON s.kind = k.code
ORDER BY k.code
