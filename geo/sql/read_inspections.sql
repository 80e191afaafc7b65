-- What teams found in unit :unit of vintage :vintage from :first to :last, one row: inspections, venues (distinct), passed, reminded,
-- suspend, sanction (by outcome), looked_at (where posting was looked at), posted (I8), head_count and scanned (I9: of those
-- where both were counted; null where none was).
SELECT count(*) AS inspections, count(DISTINCT i.venue_id) AS venues,
       count(*) FILTER (WHERE i.outcome = 'passed') AS passed,
       count(*) FILTER (WHERE i.outcome = 'reminded') AS reminded,
       count(*) FILTER (WHERE i.outcome = 'suspend') AS suspend,
       count(*) FILTER (WHERE i.outcome = 'sanction') AS sanction,
       count(i.posted) AS looked_at, count(*) FILTER (WHERE i.posted) AS posted,
       sum(i.head_count) FILTER (WHERE i.scanned IS NOT NULL) AS head_count,
       sum(i.scanned) FILTER (WHERE i.head_count IS NOT NULL) AS scanned
FROM inspection i
JOIN venue v ON v.id = i.venue_id
JOIN admin_unit c ON c.id = v.unit
JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
WHERE c.vintage = :vintage AND :unit IN (c.code, p.code, p.parent_code) AND i.inspected_on BETWEEN :first AND :last
