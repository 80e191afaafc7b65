-- Units of one vintage, by level and code: code, level, name, parent_code, id, in_scope (false: above the reader's scope, so
-- that only its name and sums can be read).
SELECT code, level, name, parent_code, id, id <@ (SELECT scope_inside()) AS in_scope
FROM admin_unit
WHERE vintage = :vintage
ORDER BY level, code
