-- Older communes that went whole into one commune of :vintage: old_vintage (id), valid_from, old_code, old_name, old_district,
-- old_province, code.
WITH RECURSIVE whole AS (
    SELECT from_vintage, from_code, to_code AS code FROM unit_change WHERE to_vintage = :vintage AND share = 1
    UNION
    SELECT u.from_vintage, u.from_code, w.code
    FROM whole w
    JOIN unit_change u ON u.to_vintage = w.from_vintage AND u.to_code = w.from_code AND u.share = 1
)
SELECT v.id AS old_vintage, v.valid_from, c.code AS old_code, c.name AS old_name, d.name AS old_district,
       p.name AS old_province, w.code
FROM whole w
JOIN boundary_vintage v ON v.id = w.from_vintage
JOIN admin_unit c ON c.vintage = w.from_vintage AND c.code = w.from_code
LEFT JOIN admin_unit d ON d.vintage = c.vintage AND d.code = c.parent_code AND d.level = 2
JOIN admin_unit p ON p.vintage = c.vintage AND p.code = coalesce(d.parent_code, c.parent_code)
ORDER BY v.valid_from, c.code, w.code
