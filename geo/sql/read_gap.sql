-- The tracing gap (I11) of declared visits from :first to :last in communes of :unit, in vintage :vintage of :province: one row per
-- commune and kind of venue that was visited (null where no venue was named): commune_code, kind, a, b, c, covered, unknown (see
-- judge_visits).
SELECT j.commune_code, j.kind,
       count(*) FILTER (WHERE j.gap = 'a') AS a,
       count(*) FILTER (WHERE j.gap = 'b') AS b,
       count(*) FILTER (WHERE j.gap = 'c') AS c,
       count(*) FILTER (WHERE j.gap = 'covered') AS covered,
       count(*) FILTER (WHERE j.gap IS NULL) AS unknown
FROM judge_visits(:vintage, :province, :first, :last) j
WHERE j.commune_code IN (
    SELECT c.code
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3 AND :unit IN (c.code, p.code, p.parent_code)
)
GROUP BY j.commune_code, j.kind
ORDER BY j.commune_code, j.kind
