-- Loads, the newest first, of one :kind (all if null), at most :limit: id, kind, file_name, loaded_by, started_at, finished_at,
-- invented, rows_in, rows_loaded, rows_refused, rows_changed, rows_taken_back, warnings, error, unknown_venues. No row unless the
-- reader's role is data or admin.
SELECT id, kind, file_name, loaded_by, started_at, finished_at, invented, rows_in, rows_loaded, rows_refused, rows_changed,
       rows_taken_back, warnings, error, unknown_venues
FROM read_runs(:kind, :limit)
ORDER BY id DESC
