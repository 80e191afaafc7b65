-- The last review of each of the venues :venues that has one: venue_id, state, reason, decided_at, account, seen_run.
SELECT DISTINCT ON (venue_id) venue_id, state, reason, decided_at, account, seen_run
FROM hotspot_review
WHERE venue_id = ANY (:venues)
ORDER BY venue_id, id DESC
