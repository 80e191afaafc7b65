-- Units of one vintage, by level and code: code, level, name, parent_code.
SELECT code, level, name, parent_code
FROM admin_unit
WHERE vintage = :vintage
ORDER BY level, code
