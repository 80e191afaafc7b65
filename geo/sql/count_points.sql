-- How far it is known where the venues inside :unit (all in scope if null) in vintage :vintage are: one row with venues, no_point, outside
-- (the point lies outside the declared commune).
SELECT count(*) AS venues, count(*) - count(point) AS no_point, count(*) FILTER (WHERE outside_commune) AS outside
FROM venue
WHERE unit IN (
    SELECT c.id
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3 AND (CAST(:unit AS text) IS NULL OR :unit IN (c.code, p.code, p.parent_code))
)
