-- Clusters of venues with a point where some F0 case was in the days up to :last (the longest that a rule asks), in communes of :unit:
-- groups in which each lies within :metres of another and that have :least venues or more around one of them (DBSCAN), in the metres of
-- the projected system :srid. One row a cluster, the largest first: cluster, venues, cases (distinct), venue_ids,
-- outline (GeoJSON of their hull, half of :metres around it, in EPSG:4326).
WITH commune AS (
    SELECT c.id
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3 AND :unit IN (c.code, p.code, p.parent_code)
),
exposed AS (
    SELECT t.venue_id, array_agg(DISTINCT t.case_code) AS cases
    FROM visit t
    WHERE t.case_class = 'F0' AND t.venue_id IS NOT NULL AND t.vintage = :vintage
      AND t.arrived_at >= CAST(:since AS date)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
      AND t.arrived_at < (:last + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
      AND (t.onset_on IS NULL OR (t.arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date BETWEEN t.onset_on - :before AND t.onset_on + :after)
    GROUP BY t.venue_id
),
placed AS (
    SELECT e.venue_id, e.cases, ST_Transform(v.point, CAST(:srid AS integer)) AS point
    FROM exposed e
    JOIN venue v ON v.id = e.venue_id
    WHERE v.point IS NOT NULL AND v.unit IN (SELECT id FROM commune)
),
clustered AS (
    SELECT *, ST_ClusterDBSCAN(point, CAST(:metres AS float), CAST(:least AS integer)) OVER () AS cluster FROM placed
)
SELECT c.cluster, count(*) AS venues, (SELECT count(DISTINCT each) FROM clustered i, unnest(i.cases) each WHERE i.cluster = c.cluster) AS cases,
       array_agg(c.venue_id ORDER BY c.venue_id) AS venue_ids,
       ST_AsGeoJSON(ST_Transform(ST_Buffer(ST_ConvexHull(ST_Collect(c.point)), CAST(:metres AS float) / 2), 4326), 5) AS outline
FROM clustered c
WHERE c.cluster IS NOT NULL
GROUP BY c.cluster
ORDER BY venues DESC, c.cluster
