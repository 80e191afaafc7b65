-- Counts of I1 to I7 per kind of venue in :unit (in every unit in scope, if null), in vintage :vintage, for the days :first to
-- :last, of the kinds :kinds. One row per kind, with or without venues: code, and the counts of read_coverage.sql but communes
-- and inhabitants. A kind's part of the register is known where organisations, each of a kind, make up a commune's register of
-- the kind's group; null elsewhere, as what was not loaded.
WITH lineage AS (
    SELECT c.id, c.code, CASE p.level WHEN 2 THEN p.code END AS district, coalesce(p.parent_code, p.code) AS province
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3
),
commune AS (
    SELECT id, code, province = ANY (:venues_known) AS venues_known, province = ANY (:scans_known) AS scans_known
    FROM lineage
    WHERE CAST(:unit AS text) IS NULL OR :unit IN (code, district, province)
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
active AS (
    SELECT a.unit, a.venues, a.lately, width_bucket(CAST(:last AS date), s.created) AS ends,
           width_bucket(CAST(:first AS date) - 1, s.created) AS begins
    FROM (
        SELECT unit,
               bit_or(venues) FILTER (WHERE day >= :first) AS venues,
               bit_or(venues) FILTER (WHERE day > CAST(:last AS date) - :silent_days) AS lately
        FROM activity_day
        WHERE day BETWEEN least(:first, CAST(:last AS date) - :silent_days + 1) AND :last
          AND unit IN (SELECT id FROM commune)
        GROUP BY unit
    ) a
    JOIN commune_summary s ON s.unit = a.unit
),
counted AS (
    SELECT s.kind,
           sum(width_bucket(CAST(:last AS date), s.created)) AS created,
           sum(width_bucket(CAST(:first AS date) - 1, s.created)) AS before,
           sum(width_bucket(CAST(:last AS date), s.scanned)) AS scanned,
           sum(width_bucket(CAST(:last AS date), s.created)) FILTER (WHERE r.obliged IS NOT NULL) AS created_obliged,
           sum(bit_count(substring(a.venues & s.venues FROM 1 FOR a.ends))) AS active,
           sum(bit_count(substring(a.venues & s.venues FROM 1 FOR a.begins))) AS active_before,
           sum(bit_count(substring(a.lately & s.venues FROM 1 FOR a.ends))) AS lately
    FROM kind_summary s
    LEFT JOIN active a ON a.unit = s.unit
    LEFT JOIN register r ON r.unit = s.unit AND r.kind = s.kind
    WHERE s.unit IN (SELECT id FROM commune)
    GROUP BY s.kind
),
scanned AS (
    SELECT kind, sum(scans) AS scans, sum(people) AS people
    FROM activity_kind_day
    WHERE day BETWEEN :first AND :last AND unit IN (SELECT id FROM commune)
    GROUP BY kind
),
known AS (
    SELECT bool_or(venues_known) AS venues, bool_or(scans_known) AS scans FROM commune
)
SELECT k.code,
       CAST(r.obliged AS bigint) AS obliged,
       CASE WHEN known.venues AND r.obliged IS NOT NULL THEN CAST(coalesce(f.created_obliged, 0) AS bigint) END AS created_obliged,
       CASE WHEN known.venues THEN CAST(coalesce(f.created, 0) AS bigint) END AS created,
       CASE WHEN known.venues THEN CAST(coalesce(f.created - f.before, 0) AS bigint) END AS new,
       CASE WHEN known.scans THEN CAST(coalesce(f.active, 0) AS bigint) END AS active,
       CASE WHEN known.scans THEN CAST(coalesce(f.active - f.active_before, 0) AS bigint) END AS cohort,
       CASE WHEN known.scans THEN CAST(coalesce(f.created - f.scanned, 0) AS bigint) END AS never_scanned,
       CASE WHEN known.scans THEN CAST(coalesce(s.scans, 0) AS bigint) END AS scans,
       CASE WHEN known.scans THEN CAST(coalesce(s.people, 0) AS bigint) END AS people,
       CASE WHEN known.scans THEN CAST(coalesce(f.scanned - coalesce(f.lately, 0), 0) AS bigint) END AS silent
FROM chosen k
CROSS JOIN known
LEFT JOIN (SELECT kind, sum(obliged) AS obliged FROM register GROUP BY kind) r ON r.kind = k.code
LEFT JOIN counted f ON f.kind = k.code
LEFT JOIN scanned s ON s.kind = k.code
ORDER BY k.code
