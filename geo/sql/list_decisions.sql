-- Reviews of the hotspots at the venues :venues, and answers about their gap, the newest first: of (review or answer), state, said,
-- decided_at, account. An answer for several venues at once is one row.
SELECT 'review' AS of, state, reason AS said, decided_at, account FROM hotspot_review WHERE venue_id = ANY (:venues)
UNION ALL
SELECT 'answer', state, note, max(decided_at), account FROM rectification WHERE venue_id = ANY (:venues)
GROUP BY state, note, account, date_trunc('second', decided_at)
ORDER BY decided_at DESC
