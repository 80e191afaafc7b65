-- By day up to :last: how many venues of the register's groups had their QR code created on it, in the communes of :unit
-- (vintage :vintage) that are in the reader's scope; of obligation group :group (all if null). Days without one are left out.
WITH commune AS (
    SELECT c.id, c.code
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3 AND :unit IN (c.code, p.code, p.parent_code)
)
SELECT v.created_on, count(*)
FROM venue v
JOIN commune c ON c.id = v.unit
JOIN venue_kind k ON k.code = v.kind
JOIN obligation o ON o.vintage = :vintage AND o.commune_code = c.code AND o.obligation_group = k.obligation_group
WHERE v.created_on <= :last AND (CAST(:group AS text) IS NULL OR o.obligation_group = :group)
GROUP BY v.created_on
ORDER BY v.created_on
