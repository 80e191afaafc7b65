-- Where the units in scope of vintage :vintage lie, with those above them: id, code, level, name, parent_code, x and y (degrees) of a point inside,
-- west, south, east, north.
SELECT u.id, u.code, u.level, u.name, u.parent_code, ST_X(p.inside) AS x, ST_Y(p.inside) AS y,
       ST_XMin(p.drawn) AS west, ST_YMin(p.drawn) AS south, ST_XMax(p.drawn) AS east, ST_YMax(p.drawn) AS north
FROM admin_unit u
CROSS JOIN LATERAL (SELECT u.geom_500m AS drawn, ST_PointOnSurface(u.geom_500m) AS inside) p
WHERE u.vintage = :vintage
ORDER BY u.code
