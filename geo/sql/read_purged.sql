-- last_day (the last whose visits in :province were purged; null where none were) and visits_known (some visits are loaded, and no
-- sample that real rows have removed since).
SELECT (SELECT max(last_day) FROM visit_purge WHERE province = :province) AS last_day,
       EXISTS (SELECT FROM load_run r WHERE r.kind = 'visits' AND r.rows_loaded > 0
               AND (NOT r.invented OR (SELECT f.invented FROM read_facts() f))) AS visits_known
