-- The last day on which a venue of :province, declared in :vintage, has scans; null where there are none.
SELECT max(s.day)
FROM scan_day s
JOIN venue v ON v.id = s.venue_id
JOIN admin_unit c ON c.vintage = v.vintage AND c.code = v.commune_code
JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
WHERE v.vintage = :vintage AND :province IN (p.code, p.parent_code)
