-- A vector tile (:z, :x, :y), as bytes, with one layer "units": of each unit a point, code, name, n (how many venues) and p (how many of
-- these have coordinates). :xs, :ys (degrees), :codes, :names, :venues and :placed have one of each.
SELECT coalesce(ST_AsMVT(u, 'units', 4096, 'geom'), '')
FROM (
    SELECT ST_AsMVTGeom(ST_Transform(ST_SetSRID(ST_MakePoint(x, y), 4326), 3857), ST_TileEnvelope(:z, :x, :y), 4096, 0, true) AS geom,
           code, name, n, p
    FROM unnest(CAST(:xs AS float[]), CAST(:ys AS float[]), CAST(:codes AS text[]), CAST(:names AS text[]),
                CAST(:venues AS integer[]), CAST(:placed AS integer[])) AS u(x, y, code, name, n, p)
) u
WHERE geom IS NOT NULL
