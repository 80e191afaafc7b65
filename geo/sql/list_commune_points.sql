-- A point in each of the communes :codes of vintage :vintage: commune_code, lon, lat.
SELECT u.code AS commune_code, ST_X(p.point) AS lon, ST_Y(p.point) AS lat
FROM admin_unit u
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(u.geom_500m) AS point) p
WHERE u.vintage = :vintage AND u.code = ANY (:codes)
