-- The newest return by :day of each agency inside :unit, or of :unit itself (every one in scope, if null), in vintage :vintage: code and
-- name of the agency's unit, organisation, returned_on, staff, installed.
SELECT DISTINCT ON (s.code, s.organisation) s.code, u.name, s.organisation, s.returned_on, s.staff, s.installed
FROM staff_return s
JOIN admin_unit u ON u.id = s.unit
LEFT JOIN admin_unit p ON p.vintage = u.vintage AND p.code = u.parent_code
WHERE s.vintage = :vintage AND s.returned_on <= :day
  AND (CAST(:unit AS text) IS NULL OR :unit IN (u.code, u.parent_code, p.parent_code))
ORDER BY s.code, s.organisation, s.returned_on DESC
