-- The communes of a vintage by code: id, code, name, district_code, district, province_code, province; no district since 01/07/2025.
SELECT c.id, c.code, c.name, d.code AS district_code, d.name AS district, p.code AS province_code, p.name AS province
FROM admin_unit c
LEFT JOIN admin_unit d ON d.vintage = c.vintage AND d.code = c.parent_code AND d.level = 2
JOIN admin_unit p ON p.vintage = c.vintage AND p.code = coalesce(d.parent_code, c.parent_code)
WHERE c.vintage = :vintage AND c.level = 3
ORDER BY c.code
