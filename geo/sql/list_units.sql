-- Units of one vintage, by level and code: code, level, name, parent_code, in_scope (false: above the reader's scope, so
-- that only its name and sums can be read).
SELECT u.code, u.level, u.name, u.parent_code, sees_all() OR coalesce(s.inside, false) AS in_scope
FROM admin_unit u
LEFT JOIN scope_unit() s ON s.vintage = u.vintage AND s.code = u.code
WHERE u.vintage = :vintage
ORDER BY u.level, u.code
