-- What the database holds: version (of the last load), as_of (end of the last that took rows), scans_until (last day with
-- scans), groups (obligation groups of the register), first_commune (of the first venue in scope), invented (some venue is
-- the sample's).
SELECT coalesce(max(r.id), 0) AS version,
       max(r.finished_at) FILTER (WHERE r.rows_loaded > 0) AS as_of,
       f.scans_until,
       ARRAY(SELECT DISTINCT obligation_group FROM obligation ORDER BY 1) AS groups,
       (SELECT commune_code FROM venue ORDER BY id LIMIT 1) AS first_commune,
       f.invented
FROM read_facts() f
LEFT JOIN load_run r ON true
GROUP BY f.scans_until, f.invented
