-- The extent of a unit as drawn on the map: west, south, east, north, in degrees.
SELECT ST_XMin(geom_simple), ST_YMin(geom_simple), ST_XMax(geom_simple), ST_YMax(geom_simple)
FROM admin_unit
WHERE vintage = :vintage AND code = :unit
