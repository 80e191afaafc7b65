-- The venues in scope, in vintage :vintage, whose point lies outside their declared commune: id, unit (number of the commune), x, y (degrees).
SELECT id, unit, ST_X(point) AS x, ST_Y(point) AS y
FROM venue
WHERE vintage = :vintage AND outside_commune
