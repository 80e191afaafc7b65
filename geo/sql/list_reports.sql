-- The issued reports that the reader sees of unit :unit and of the districts in it, the newest first: id, kind, unit_code, unit_name,
-- first_day, last_day, on_day, cases, state, issued_by, issued_at, supersedes, files (their names).
SELECT r.id, r.kind, r.unit_code, r.unit_name, r.first_day, r.last_day, r.on_day, r.cases, r.state, r.issued_by, r.issued_at, r.supersedes,
       ARRAY(SELECT f.name FROM report_file f WHERE f.report = r.id ORDER BY f.name) AS files
FROM report r
LEFT JOIN admin_unit u ON u.vintage = r.vintage AND u.code = r.unit_code
WHERE :unit IN (r.unit_code, u.parent_code)
ORDER BY r.id DESC
