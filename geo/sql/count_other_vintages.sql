-- How many venues of :province created by :last were declared in a vintage other than :vintage, which only a crosswalk can
-- bring there.
SELECT count(*)
FROM venue v
JOIN admin_unit c ON c.vintage = v.vintage AND c.code = v.commune_code
JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
WHERE v.vintage <> :vintage AND v.created_on <= :last AND :province IN (p.code, p.parent_code)
