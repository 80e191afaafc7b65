-- What the inspection :number was before its corrections, the last first: inspected_on, outcome, posted, supervised, minutes, head_count,
-- scanned, note, corrected_at.
SELECT h.inspected_on, h.outcome, h.posted, h.supervised, h.minutes, h.head_count, h.scanned, h.note, r.finished_at AS corrected_at
FROM inspection_history h
JOIN load_run r ON r.id = h.until_run
WHERE h.inspection_id = :number
ORDER BY h.until_run DESC
