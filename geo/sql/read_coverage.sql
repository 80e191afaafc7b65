-- Counts of I1 to I7 per unit of :level inside :unit (or :unit itself; every unit in scope if null), in vintage :vintage, for the
-- days :first to :last, of venues of the kinds :kinds (all if null); the register is that of the group :group (all if null) and,
-- where :named, that of the kinds: known where organisations, each of a kind, make up the commune's register of their groups.
-- One row per unit, with or without data: code, name, level, parent_code, obliged, created_obliged, created, new,
-- active, cohort, never_scanned, scans, people, silent (for :silent_days days), no_scan_communes, population. Null is not known:
-- no register; no venues, but in the provinces :venues_known; no scans, but in :scans_known (see read_province in functions.sql);
-- inhabitants of some commune. Also the body of read_total there, over all rows.
WITH lineage AS (
    SELECT c.id, c.code, CASE p.level WHEN 2 THEN p.code END AS district, coalesce(p.parent_code, p.code) AS province
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3
),
commune AS (
    SELECT id, code, province = ANY (:venues_known) AS venues_known, province = ANY (:scans_known) AS scans_known,
           CASE :level WHEN 3 THEN code WHEN 2 THEN district ELSE province END AS unit
    FROM lineage
    WHERE CAST(:unit AS text) IS NULL OR :unit IN (code, district, province)
),
register_part AS (
    SELECT o.commune_code, o.obligation_group, o.obliged,
           CASE WHEN :named THEN (
               SELECT CASE WHEN sum(n.obliged) = o.obliged AND count(n.kind) = count(*)
                           THEN coalesce(sum(n.obliged) FILTER (WHERE n.kind = ANY (CAST(:kinds AS text[]))), 0) END
               FROM organisation n
               WHERE n.vintage = o.vintage AND n.commune_code = o.commune_code AND n.obligation_group = o.obligation_group
           ) END AS of_kinds
    FROM obligation o
    WHERE o.vintage = :vintage AND (CAST(:group AS text) IS NULL OR o.obligation_group = :group)
      AND (NOT :named OR o.obligation_group IN (SELECT obligation_group FROM venue_kind WHERE code = ANY (CAST(:kinds AS text[]))))
),
register AS (
    SELECT commune_code, CASE WHEN :named THEN sum(of_kinds) ELSE sum(obliged) END AS obliged,
           array_agg(obligation_group) AS groups
    FROM register_part
    GROUP BY commune_code
    HAVING NOT :named OR count(of_kinds) = count(*)
),
made AS (
    SELECT unit, obligation_group, created, scanned
    FROM group_summary
    WHERE CAST(:kinds AS text[]) IS NULL
    UNION ALL
    SELECT s.unit, k.obligation_group, s.created, s.scanned
    FROM kind_summary s
    JOIN venue_kind k ON k.code = s.kind
    WHERE s.kind = ANY (CAST(:kinds AS text[]))
),
counted AS (
    SELECT m.unit,
           sum(width_bucket(CAST(:last AS date), m.created)) AS created,
           sum(width_bucket(CAST(:first AS date) - 1, m.created)) AS before,
           sum(width_bucket(CAST(:last AS date), m.scanned)) AS scanned,
           sum(width_bucket(CAST(:last AS date), m.created)) FILTER (WHERE m.obligation_group = ANY (r.groups)) AS created_obliged
    FROM made m
    JOIN commune c ON c.id = m.unit
    LEFT JOIN register r ON r.commune_code = c.code
    GROUP BY m.unit
),
mask AS (
    SELECT unit, bit_or(venues) AS venues
    FROM kind_summary
    WHERE kind = ANY (CAST(:kinds AS text[])) AND unit IN (SELECT id FROM commune)
    GROUP BY unit
),
active AS (
    SELECT unit,
           bit_or(venues) FILTER (WHERE day >= :first) AS venues,
           bit_or(venues) FILTER (WHERE day > CAST(:last AS date) - :silent_days) AS lately,
           sum(scans) FILTER (WHERE day >= :first) AS scans,
           sum(people) FILTER (WHERE day >= :first) AS people
    FROM activity_day
    WHERE day BETWEEN least(:first, CAST(:last AS date) - :silent_days + 1) AND :last
      AND unit IN (SELECT id FROM commune)
    GROUP BY unit
),
of_kinds AS (
    SELECT unit, sum(scans) AS scans, sum(people) AS people
    FROM activity_kind_day
    WHERE kind = ANY (CAST(:kinds AS text[])) AND day BETWEEN :first AND :last AND unit IN (SELECT id FROM commune)
    GROUP BY unit
),
-- The first venues of a commune are those that were created first: `ends` of them by :last, `begins` before :first
scanned AS (
    SELECT unit, bit_count(substring(venues FROM 1 FOR ends)) AS active,
           bit_count(substring(venues FROM 1 FOR ends)) - bit_count(substring(venues FROM 1 FOR begins)) AS cohort,
           bit_count(substring(lately FROM 1 FOR ends)) AS lately, scans, people
    FROM (
        SELECT a.unit, width_bucket(CAST(:last AS date), s.created) AS ends,
               width_bucket(CAST(:first AS date) - 1, s.created) AS begins,
               CASE WHEN CAST(:kinds AS text[]) IS NULL THEN a.venues ELSE a.venues & m.venues END AS venues,
               CASE WHEN CAST(:kinds AS text[]) IS NULL THEN a.lately ELSE a.lately & m.venues END AS lately,
               CASE WHEN CAST(:kinds AS text[]) IS NULL THEN a.scans ELSE k.scans END AS scans,
               CASE WHEN CAST(:kinds AS text[]) IS NULL THEN a.people ELSE k.people END AS people
        FROM active a
        JOIN commune_summary s ON s.unit = a.unit
        LEFT JOIN mask m ON m.unit = a.unit
        LEFT JOIN of_kinds k ON k.unit = a.unit
    ) found
)
SELECT u.code, u.name, u.level, u.parent_code,
       CAST(sum(r.obliged) AS bigint) AS obliged,
       CASE WHEN bool_or(c.venues_known) AND sum(r.obliged) IS NOT NULL
            THEN CAST(coalesce(sum(f.created_obliged), 0) AS bigint) END AS created_obliged,
       CASE WHEN bool_or(c.venues_known) THEN CAST(coalesce(sum(f.created), 0) AS bigint) END AS created,
       CASE WHEN bool_or(c.venues_known) THEN CAST(coalesce(sum(f.created - f.before), 0) AS bigint) END AS new,
       CASE WHEN bool_or(c.scans_known) THEN CAST(coalesce(sum(s.active), 0) AS bigint) END AS active,
       CASE WHEN bool_or(c.scans_known) THEN CAST(coalesce(sum(s.cohort), 0) AS bigint) END AS cohort,
       CASE WHEN bool_or(c.scans_known) THEN CAST(coalesce(sum(f.created - f.scanned), 0) AS bigint) END AS never_scanned,
       CASE WHEN bool_or(c.scans_known) THEN CAST(coalesce(sum(s.scans), 0) AS bigint) END AS scans,
       CASE WHEN bool_or(c.scans_known) THEN CAST(coalesce(sum(s.people), 0) AS bigint) END AS people,
       CASE WHEN bool_or(c.scans_known)
            THEN CAST(coalesce(sum(f.scanned - coalesce(s.lately, 0)), 0) AS bigint) END AS silent,
       CASE WHEN bool_or(c.scans_known) THEN count(*) FILTER (WHERE coalesce(s.scans, 0) = 0) END AS no_scan_communes,
       CASE WHEN count(p.population) = count(*) THEN sum(p.population) END AS population
FROM commune c
JOIN admin_unit u ON u.vintage = :vintage AND u.code = c.unit
LEFT JOIN register r ON r.commune_code = c.code
LEFT JOIN counted f ON f.unit = c.id
LEFT JOIN scanned s ON s.unit = c.id
LEFT JOIN population p ON p.vintage = :vintage AND p.commune_code = c.code
GROUP BY u.code, u.name, u.level, u.parent_code
ORDER BY u.code
