-- A vector tile (:z, :x, :y), as bytes. Layer "venues": of the venues of the communes :units and of those numbered :outside, of the communes
-- :outside_units, which lie elsewhere than in their commune, that were created by the day :last and have a point in the tile, narrowed to :kind and :group (null:
-- all) and, where :wanted is not null, to that state, one of each cell of 1/:cells of the tile's side: its number as the feature's id, s its
-- state in the days :first to :last (0 never scanned, 1 silent, 2 active; 3 unknown, as all are unless :scans_known), n how many there are in the cell, and name, where no more than :named are drawn.
-- Layer "rest": a point of each commune of which venues have none: n how many, name.
WITH tile AS (
    SELECT ST_TileEnvelope(:z, :x, :y) AS box, ST_Transform(ST_TileEnvelope(:z, :x, :y), 4326) AS degrees
),
active AS (
    SELECT unit, venues
    FROM read_active(:first, :last)
    WHERE unit = ANY(:units || CAST(:outside_units AS integer[]))
),
told AS (
    SELECT each.id,
           CASE WHEN each.first_scan > :last THEN 0 WHEN get_bit(a.venues, CAST(each.place AS integer) - 1) = 1 THEN 2 ELSE 1 END AS state
    FROM commune_summary s
    CROSS JOIN LATERAL unnest(s.venues, s.first_scan) WITH ORDINALITY AS each(id, first_scan, place)
    LEFT JOIN active a ON a.unit = s.unit
    WHERE :scans_known AND s.unit = ANY(:units || CAST(:outside_units AS integer[]))
),
held AS (
    SELECT v.id, v.name, v.kind, v.point, v.created_on FROM venue v WHERE v.unit = ANY(:units) AND NOT v.outside_commune
    UNION ALL
    SELECT v.id, v.name, v.kind, v.point, v.created_on FROM venue v WHERE v.id = ANY(:outside)
),
placed AS (
    SELECT h.id, h.name, coalesce(t.state, 3) AS state,
           ST_AsMVTGeom(ST_Transform(h.point, 3857), tile.box, 4096, 0, true) AS geom
    FROM held h
    CROSS JOIN tile
    JOIN venue_kind k ON k.code = h.kind
    LEFT JOIN told t ON t.id = h.id
    WHERE h.created_on <= :last AND h.point && tile.degrees
      AND (CAST(:kind AS text) IS NULL OR h.kind = :kind)
      AND (CAST(:department AS text) IS NULL OR h.kind IN (SELECT kinds_of(:department)))
      AND (CAST(:group AS text) IS NULL OR k.obligation_group = :group)
      AND (CAST(:wanted AS integer) IS NULL OR t.state = :wanted)
),
drawn AS (
    SELECT DISTINCT ON (cell_x, cell_y) id, name, state AS s, geom, count(*) OVER (PARTITION BY cell_x, cell_y) AS n
    FROM (
        SELECT p.*, floor(ST_X(geom) * :cells / 4096) AS cell_x, floor(ST_Y(geom) * :cells / 4096) AS cell_y
        FROM placed p
        WHERE geom IS NOT NULL
    ) p
    ORDER BY cell_x, cell_y, id
),
rest AS (
    SELECT ST_AsMVTGeom(ST_Transform(ST_SetSRID(ST_MakePoint(r.x, r.y), 4326), 3857), tile.box, 4096, 0, true) AS geom, r.n, r.name
    FROM unnest(CAST(:rest_x AS float[]), CAST(:rest_y AS float[]), CAST(:rest_n AS integer[]), CAST(:rest_name AS text[])) AS r(x, y, n, name)
    CROSS JOIN tile
)
SELECT (SELECT coalesce(ST_AsMVT(d, 'venues', 4096, 'geom', 'id'), '')
        FROM (SELECT id, s, n, geom, CASE WHEN count(*) OVER () <= :named THEN name END AS name FROM drawn) d)
    || (SELECT coalesce(ST_AsMVT(r, 'rest', 4096, 'geom'), '') FROM rest r WHERE geom IS NOT NULL)
