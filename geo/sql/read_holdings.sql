-- What the database holds: version (of the last load), as_of (end of the last that took rows), scans_until (last day with scans), groups
-- (obligation groups of the register), first_commune (of the first venue loaded), invented (some venue is the sample's).
SELECT coalesce(max(id), 0) AS version,
       max(finished_at) FILTER (WHERE rows_loaded > 0) AS as_of,
       (SELECT max(day) FROM scan_day) AS scans_until,
       ARRAY(SELECT DISTINCT obligation_group FROM obligation ORDER BY 1) AS groups,
       (SELECT commune_code FROM venue ORDER BY id LIMIT 1) AS first_commune,
       EXISTS (SELECT FROM venue v JOIN load_run r ON r.id = v.load_run WHERE r.invented) AS invented
FROM load_run
