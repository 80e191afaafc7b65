-- Every boundary vintage, oldest first: id, valid_from, source, licence, sketched, version.
-- sketched: some of its units were drawn by the sample and have not been replaced by real ones.
-- version: when its units were last changed, in ms, so that a browser's copy of them can be told from any other, also of
-- another database.
SELECT v.id, v.valid_from, v.source, v.licence,
       bool_or(r.invented) AS sketched, CAST(extract(epoch FROM max(r.started_at)) * 1000 AS bigint) AS version
FROM boundary_vintage v
JOIN admin_unit u ON u.vintage = v.id
JOIN load_run r ON r.id = u.load_run
GROUP BY v.id
ORDER BY v.valid_from
