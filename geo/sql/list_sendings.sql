-- The sendings of issued reports that the reader sees of unit :unit and of the districts in it, the newest first: id, report, kind,
-- unit_code, unit_name, first_day, last_day, channel, destination, outcome, detail, sent_by, began_at.
SELECT s.id, s.report, r.kind, r.unit_code, r.unit_name, r.first_day, r.last_day, s.channel, s.destination, s.outcome, s.detail, s.sent_by,
       s.began_at
FROM report_sending s
JOIN report r ON r.id = s.report
LEFT JOIN admin_unit u ON u.vintage = r.vintage AND u.code = r.unit_code
WHERE :unit IN (r.unit_code, u.parent_code)
ORDER BY s.id DESC
