-- The communes of a unit (itself, if it is one) as drawn on the map: code, name, parent_code, geometry (simplified).
SELECT c.code, c.name, c.parent_code, c.geom_simple AS geometry
FROM admin_unit c
JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
WHERE c.vintage = :vintage AND c.level = 3 AND :unit IN (c.code, p.code, p.parent_code)
ORDER BY c.code
