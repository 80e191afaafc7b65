-- Venues of the communes :communes (numbers) that have a poster on :day though a device is to take its place (:devices): venue_code,
-- name, kind, commune_code, commune, address, created_on; by commune and name.
SELECT v.code AS venue_code, v.name, v.kind, v.commune_code, u.name AS commune, v.address, v.created_on
FROM unnest(CAST(:communes AS integer[]), CAST(:devices AS boolean[])) AS c(id, device)
JOIN venue v ON v.unit = c.id
JOIN admin_unit u ON u.id = v.unit
WHERE c.device AND v.solution = 'poster' AND v.created_on <= :day AND (v.closed_on IS NULL OR v.closed_on >= :day)
  AND (CAST(:kinds AS text[]) IS NULL OR v.kind = ANY (CAST(:kinds AS text[])))
ORDER BY v.commune_code, v.name, v.code
