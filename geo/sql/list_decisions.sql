-- Reviews of the hotspot at the venue :venue, and answers about its gap, the newest first: of (review or answer), state, said, decided_at,
-- account.
SELECT 'review' AS of, state, reason AS said, decided_at, account FROM hotspot_review WHERE venue_id = :venue
UNION ALL
SELECT 'answer', state, note, decided_at, account FROM rectification WHERE venue_id = :venue
ORDER BY decided_at DESC
