-- Which part of the polygon of each commune :codes of :from_vintage lies in each commune of :to_vintage: from_code, to_code,
-- share (above 0 to 1).
SELECT f.code AS from_code, t.code AS to_code,
       ST_Area(ST_Intersection(f.geom, t.geom)) / ST_Area(f.geom) AS share
FROM admin_unit f
JOIN admin_unit t ON t.vintage = :to_vintage AND t.level = 3 AND ST_Intersects(f.geom, t.geom)
WHERE f.vintage = :from_vintage AND f.level = 3 AND f.code = ANY (:codes)
  AND ST_Area(ST_Intersection(f.geom, t.geom)) > 0
ORDER BY f.code, t.code
