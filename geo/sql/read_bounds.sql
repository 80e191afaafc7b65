-- The extent of a unit (null: of all in scope) as drawn on the map: west, south, east, north, in degrees.
SELECT min(ST_XMin(drawn)), min(ST_YMin(drawn)), max(ST_XMax(drawn)), max(ST_YMax(drawn))
FROM (
    SELECT CASE WHEN CAST(:unit AS text) IS NULL THEN geom_500m WHEN level = 1 THEN geom_50m ELSE geom_10m END AS drawn
    FROM admin_unit
    WHERE vintage = :vintage AND (code = :unit OR (CAST(:unit AS text) IS NULL AND id <@ (SELECT scope_inside())))
) u
HAVING count(*) > 0
