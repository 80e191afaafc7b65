-- The communes of a unit (itself, if it is one; null: all in scope) as drawn on the map: code, name, parent_code, geometry, simplified
-- to 10 m where the unit is a district or commune, to 50 m where it is a province, to 500 m for all.
SELECT c.code, c.name, c.parent_code,
       CASE WHEN CAST(:unit AS text) IS NULL THEN c.geom_500m
            WHEN EXISTS (SELECT FROM admin_unit u WHERE u.vintage = :vintage AND u.code = :unit AND u.level = 1) THEN c.geom_50m
            ELSE c.geom_10m END AS geometry
FROM admin_unit c
JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
WHERE c.vintage = :vintage AND c.level = 3
  AND (:unit IN (c.code, p.code, p.parent_code) OR (CAST(:unit AS text) IS NULL AND c.id <@ (SELECT scope_inside())))
ORDER BY c.code
