-- What was found in the file of load :run in rows of communes in scope, and, for who sees all, in rows whose commune could not be
-- known; in the file's order, at most :limit: row, column, value, rule, refused, remedy, commune (its name).
SELECT f.row, f.column, f.value, f.rule, f.refused, f.remedy, u.name AS commune
FROM load_finding f
LEFT JOIN admin_unit u ON u.vintage = f.vintage AND u.code = f.commune_code
WHERE f.load_run = :run
ORDER BY f.row, f.column
LIMIT :limit
