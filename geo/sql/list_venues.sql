-- Venues inside :unit (all in scope if null) in vintage :vintage, created by the day :last, at most :limit: code, name, kind, organisation,
-- commune_code, address, created_on, last_day (of the newest scan by :last), state (never, silent or active in the days :first to :last;
-- null where :scans_known is false), with_point, outside_commune, and `of`: how many there are. Narrowed to :kind, to those that :department answers for,
-- to :group of obligation and to :state (a state, no_point or outside) where these are not null, and to the venue of :code.
WITH commune AS (
    SELECT c.id
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3 AND (CAST(:unit AS text) IS NULL OR :unit IN (c.code, p.code, p.parent_code))
      AND (CAST(:code AS text) IS NULL OR c.id IN (SELECT unit FROM venue WHERE code = :code))
),
active AS (
    SELECT unit, venues
    FROM read_active(:first, :last)
    WHERE unit IN (SELECT id FROM commune)
),
seen AS (
    SELECT each.id, s.unit, each.place,
           CASE WHEN each.first_scan > :last THEN 'never' WHEN get_bit(a.venues, CAST(each.place AS integer) - 1) = 1 THEN 'active'
                ELSE 'silent' END AS state
    FROM commune_summary s
    CROSS JOIN LATERAL unnest(s.venues, s.first_scan) WITH ORDINALITY AS each(id, first_scan, place)
    LEFT JOIN active a ON a.unit = s.unit
    WHERE :scans_known AND s.unit IN (SELECT id FROM commune)
),
listed AS (
    SELECT v.*, s.state, s.place, count(*) OVER () AS of
    FROM venue v
    JOIN venue_kind k ON k.code = v.kind
    LEFT JOIN seen s ON s.id = v.id
    WHERE v.unit IN (SELECT id FROM commune) AND v.created_on <= :last
      AND (CAST(:kind AS text) IS NULL OR v.kind = :kind)
      AND (CAST(:department AS text) IS NULL OR v.kind IN (SELECT kinds_of(:department)))
      AND (CAST(:group AS text) IS NULL OR k.obligation_group = :group)
      AND (CAST(:code AS text) IS NULL OR v.code = :code)
      AND CASE CAST(:state AS text) WHEN 'no_point' THEN v.point IS NULL WHEN 'outside' THEN v.outside_commune
              ELSE CAST(:state AS text) IS NULL OR s.state = :state END
    ORDER BY v.commune_code, v.name, v.code
    LIMIT :limit
)
SELECT code, name, kind, organisation, commune_code, address, created_on,
       CASE WHEN state IN ('silent', 'active') THEN (
           SELECT d.day
           FROM activity_month m
           CROSS JOIN LATERAL unnest(m.days) WITH ORDINALITY AS d(day, n)
           WHERE m.unit = l.unit AND m.month <= :last AND d.day <= :last
             AND get_bit(m.venues, CAST((d.n - 1) * length(m.whole) + l.place AS integer) - 1) = 1
           ORDER BY d.day DESC
           LIMIT 1
       ) END AS last_day,
       state, point IS NOT NULL AS with_point, outside_commune, of
FROM listed l
ORDER BY commune_code, name, code
