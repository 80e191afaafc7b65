-- The communes of older vintages that went whole into a commune of :vintage: old_vintage, old_code, old_name, code.
SELECT o.vintage AS old_vintage, o.code AS old_code, o.name AS old_name, c.to_code AS code
FROM unit_change c
JOIN admin_unit o ON o.vintage = c.from_vintage AND o.code = c.from_code AND o.level = 3
JOIN admin_unit n ON n.vintage = c.to_vintage AND n.code = c.to_code AND n.level = 3
WHERE c.to_vintage = :vintage AND c.share = 1
ORDER BY 1, 2
