-- The loads that told what a report of unit :unit of vintage :vintage reads, from :first to :last, as the reader sees it: run.
WITH here AS (
    SELECT c.id, c.vintage, c.code
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3 AND :unit IN (c.code, p.code, p.parent_code)
)
SELECT load_run AS run FROM venue WHERE unit IN (SELECT id FROM here) AND created_on <= :last
UNION
SELECT load_run FROM scan_day WHERE unit IN (SELECT id FROM here) AND day BETWEEN :first AND :last
UNION
SELECT load_run FROM commune_scan_day WHERE (vintage, commune_code) IN (SELECT vintage, code FROM here) AND day BETWEEN :first AND :last
UNION
SELECT load_run FROM obligation WHERE (vintage, commune_code) IN (SELECT vintage, code FROM here)
UNION
SELECT load_run FROM organisation WHERE (vintage, commune_code) IN (SELECT vintage, code FROM here)
UNION
SELECT i.load_run FROM inspection i JOIN venue v ON v.id = i.venue_id
WHERE v.unit IN (SELECT id FROM here) AND i.inspected_on BETWEEN :first AND :last
UNION
SELECT load_run FROM visit
WHERE (vintage, commune_code) IN (SELECT vintage, code FROM here)
  AND arrived_at >= CAST(:first AS date)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
  AND arrived_at < (CAST(:last AS date) + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
ORDER BY run
