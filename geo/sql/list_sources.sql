-- One row per kind of load of which some file was handed over: kind, run, loaded_at, rows_in, rows_refused and invented of the
-- newest load that took rows (null where none did; that of a sample which real rows have removed is none), last_day (the newest
-- day that its rows in scope speak of; null where they speak of none, or of what the reader may not see).
SELECT kind.kind, r.id AS run, r.finished_at AS loaded_at, r.rows_in, r.rows_refused, r.invented,
       CASE kind.kind
           WHEN 'boundaries' THEN (SELECT max(valid_from) FROM boundary_vintage)
           WHEN 'venues' THEN (SELECT max(created_on) FROM venue)
           WHEN 'scans' THEN greatest((SELECT day FROM scan_day WHERE scans > 0 ORDER BY day DESC LIMIT 1),
                                      (SELECT max(day) FROM commune_scan_day WHERE scans > 0))
           WHEN 'inspections' THEN (SELECT max(inspected_on) FROM inspection)
       END AS last_day
FROM (SELECT DISTINCT kind FROM load_run) kind
LEFT JOIN LATERAL (
    SELECT * FROM (
        SELECT id, finished_at, rows_in, rows_refused, invented FROM load_run
        WHERE load_run.kind = kind.kind AND rows_loaded > 0
          AND (NOT load_run.invented OR kind.kind = 'boundaries' OR (SELECT f.invented FROM read_facts() f))
    ) taken ORDER BY id DESC LIMIT 1
) r ON true
ORDER BY kind.kind
