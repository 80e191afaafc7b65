-- Scans of the venue :venue by day and hour from :first to :last: day, hour, scans. A day that is known by its sum alone is one row with a
-- null hour; a day without a row has no scans, or none loaded.
SELECT day, hour, scans FROM scan_hour WHERE venue_id = :venue AND day BETWEEN :first AND :last
UNION ALL
SELECT s.day, NULL, s.scans FROM scan_day s
WHERE s.venue_id = :venue AND s.day BETWEEN :first AND :last AND s.scans > 0
  AND NOT EXISTS (SELECT FROM scan_hour h WHERE h.venue_id = s.venue_id AND h.day = s.day)
ORDER BY day, hour
