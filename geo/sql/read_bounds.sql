-- The extent of a unit as drawn on the map: west, south, east, north, in degrees.
SELECT ST_XMin(drawn), ST_YMin(drawn), ST_XMax(drawn), ST_YMax(drawn)
FROM (SELECT CASE WHEN level = 1 THEN geom_50m ELSE geom_10m END AS drawn
      FROM admin_unit WHERE vintage = :vintage AND code = :unit) u
