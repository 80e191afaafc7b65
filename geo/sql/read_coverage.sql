-- Counts of I1 to I7 of the communes :communes (numbers), whose codes in vintage :vintage are :codes, summed by what :rows says of
-- each, for the days :first to :last, of venues of the kinds :kinds (all if null); where :devices says so the register asks for venues
-- with a device, and only these count as created for it. One row per distinct text of :rows: code, obliged,
-- created_obliged, created, new, active, cohort, never_scanned, scans, people, silent (for :silent_days days), no_scan_communes,
-- population. The register is that of the group :group (all if null) and, where :named, that of the kinds: known where organisations,
-- each of a kind, make up the commune's register of their groups. Null: no register, or no inhabitants of some commune; a count of
-- what was never loaded is 0 (see read_province). Also the body of read_total in functions.sql, over all communes of a unit.
WITH commune AS (
    SELECT id, code, unit, device
    FROM unnest(CAST(:communes AS integer[]), CAST(:codes AS text[]), CAST(:rows AS text[]), CAST(:devices AS boolean[]))
        AS c(id, code, unit, device)
),
-- Materialized here and below, so that what is sorted and hashed on the way are numbers, not arrays. The first venues of a commune are
-- those that were created first: `ends` of them by :last, `begins` before :first
made AS MATERIALIZED (
    SELECT unit, width_bucket(CAST(:last AS date), created) AS ends, width_bucket(CAST(:first AS date) - 1, created) AS begins,
           width_bucket(CAST(:last AS date), scanned) AS scanned
    FROM commune_summary
),
of_kinds AS (
    SELECT unit, bit_or(venues) AS venues, sum(width_bucket(CAST(:last AS date), created)) AS ends,
           sum(width_bucket(CAST(:first AS date) - 1, created)) AS begins, sum(width_bucket(CAST(:last AS date), scanned)) AS scanned
    FROM kind_summary
    WHERE kind = ANY (CAST(:kinds AS text[]))
    GROUP BY unit
),
scans_of_kinds AS (
    SELECT a.unit, sum(coalesce(k.scans[e.ends], 0) - coalesce(k.scans[e.begins], 0)) AS scans,
           sum(coalesce(k.people[e.ends], 0) - coalesce(k.people[e.begins], 0)) AS people
    FROM activity_month a
    JOIN commune c ON c.id = a.unit
    JOIN activity_kind_month k ON k.unit = a.unit AND k.month = a.month AND k.kind = ANY (CAST(:kinds AS text[]))
    CROSS JOIN LATERAL (
        SELECT width_bucket(CAST(:first AS date) - 1, a.days) AS begins, width_bucket(CAST(:last AS date), a.days) AS ends
    ) e
    WHERE a.month BETWEEN CAST(date_trunc('month', CAST(:first AS date)) AS date) AND :last
    GROUP BY a.unit
),
of_group AS MATERIALIZED (
    SELECT unit, obligation_group, width_bucket(CAST(:last AS date), created) AS created,
           CASE WHEN true = ANY (CAST(:devices AS boolean[])) THEN width_bucket(CAST(:last AS date), devices) END AS devices
    FROM group_summary
    WHERE CAST(:kinds AS text[]) IS NULL AND obligation_group <> ''
    UNION ALL
    SELECT s.unit, k.obligation_group, sum(width_bucket(CAST(:last AS date), s.created)),
           sum(width_bucket(CAST(:last AS date), s.devices))
    FROM kind_summary s
    JOIN venue_kind k ON k.code = s.kind
    WHERE s.kind = ANY (CAST(:kinds AS text[]))
    GROUP BY s.unit, k.obligation_group
),
register AS (
    SELECT commune_code, obligation_group, CASE WHEN :named THEN of_kinds ELSE obliged END AS obliged
    FROM (
        SELECT o.commune_code, o.obligation_group, o.obliged,
               CASE WHEN :named THEN (
                   SELECT CASE WHEN sum(n.obliged) = o.obliged AND count(n.kind) = count(*)
                               THEN coalesce(sum(n.obliged) FILTER (WHERE n.kind = ANY (CAST(:kinds AS text[]))), 0) END
                   FROM organisation n
                   WHERE n.vintage = o.vintage AND n.commune_code = o.commune_code AND n.obligation_group = o.obligation_group
               ) END AS of_kinds
        FROM obligation o
        WHERE o.vintage = :vintage AND (CAST(:group AS text) IS NULL OR o.obligation_group = :group)
          AND (NOT :named OR o.obligation_group IN (
                  SELECT obligation_group FROM venue_kind WHERE code = ANY (CAST(:kinds AS text[]))))
    ) part
),
obliged AS MATERIALIZED (
    SELECT c.id, sum(r.obliged) AS obliged, coalesce(sum(CASE WHEN c.device THEN g.devices ELSE g.created END), 0) AS created
    FROM register r
    JOIN commune c ON c.code = r.commune_code
    LEFT JOIN of_group g ON g.unit = c.id AND g.obligation_group = r.obligation_group
    GROUP BY c.id
    HAVING count(r.obliged) = count(*)
),
month AS MATERIALIZED (
    SELECT a.unit,
           coalesce(a.scans[e.ends], 0) - coalesce(a.scans[e.begins], 0) AS scans,
           coalesce(a.people[e.ends], 0) - coalesce(a.people[e.begins], 0) AS people,
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
active AS (
    SELECT unit, bit_or(venues) AS venues, bit_or(lately) AS lately, CAST(sum(scans) AS bigint) AS scans, CAST(sum(people) AS bigint) AS people
    FROM month
    GROUP BY unit
),
counted AS (
    SELECT c.id, c.code, c.unit, m.ends AS first_bits, m.begins AS first_before, m.ends, m.begins, m.scanned,
           a.venues, a.lately, a.scans, a.people
    FROM commune c
    LEFT JOIN made m ON m.unit = c.id
    LEFT JOIN active a ON a.unit = c.id
    WHERE CAST(:kinds AS text[]) IS NULL
    UNION ALL
    SELECT c.id, c.code, c.unit, m.ends, m.begins, k.ends, k.begins, k.scanned,
           a.venues & k.venues, a.lately & k.venues, s.scans, s.people
    FROM commune c
    LEFT JOIN made m ON m.unit = c.id
    LEFT JOIN active a ON a.unit = c.id
    LEFT JOIN of_kinds k ON k.unit = c.id
    LEFT JOIN scans_of_kinds s ON s.unit = c.id
    WHERE CAST(:kinds AS text[]) IS NOT NULL
)
SELECT f.unit AS code,
       CAST(sum(o.obliged) AS bigint) AS obliged,
       CAST(sum(o.created) AS bigint) AS created_obliged,
       CAST(coalesce(sum(f.ends), 0) AS bigint) AS created,
       CAST(coalesce(sum(f.ends - f.begins), 0) AS bigint) AS new,
       CAST(coalesce(sum(bit_count(substring(f.venues FROM 1 FOR f.first_bits))), 0) AS bigint) AS active,
       CAST(coalesce(sum(bit_count(substring(f.venues FROM f.first_before + 1 FOR f.first_bits - f.first_before))), 0) AS bigint) AS cohort,
       CAST(coalesce(sum(f.ends - f.scanned), 0) AS bigint) AS never_scanned,
       CAST(coalesce(sum(f.scans), 0) AS bigint) AS scans,
       CAST(coalesce(sum(f.people), 0) AS bigint) AS people,
       CAST(coalesce(sum(f.scanned - coalesce(bit_count(substring(f.lately FROM 1 FOR f.first_bits)), 0)), 0) AS bigint) AS silent,
       count(*) FILTER (WHERE coalesce(f.scans, 0) = 0) AS no_scan_communes,
       CASE WHEN count(p.population) = count(*) THEN sum(p.population) END AS population
FROM counted f
LEFT JOIN obliged o ON o.id = f.id
LEFT JOIN population p ON p.vintage = :vintage AND p.commune_code = f.code
GROUP BY f.unit
ORDER BY f.unit COLLATE "C"
