-- The kinds of venue: code, name_vi, name_en, obligation_group (null: none), and the department that answers for the kind, with
-- department_vi and department_en; the one that answers overall where no other does.
SELECT k.code, k.name_vi, k.name_en, k.obligation_group,
       d.code AS department, d.name_vi AS department_vi, d.name_en AS department_en
FROM venue_kind k
LEFT JOIN department_kind a ON a.kind = k.code
LEFT JOIN department d ON CASE WHEN a.kind IS NULL THEN d.overall ELSE d.code = a.department END
ORDER BY k.code
