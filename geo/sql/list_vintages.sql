-- Every boundary vintage, oldest first: id, valid_from, source, licence, sketched, version.
-- sketched: some of its units were drawn by the sample and have not been replaced by real ones.
-- version: when those of its units that the reader knows of were last changed, in ms, so that a browser's copy of them can be
-- told from any other, also of another database; 0 where the reader knows of none.
SELECT v.id, v.valid_from, v.source, v.licence, coalesce(bool_or(r.invented), false) AS sketched,
       CAST(coalesce(extract(epoch FROM max(r.started_at)) * 1000, 0) AS bigint) AS version
FROM boundary_vintage v
LEFT JOIN admin_unit u ON u.vintage = v.id
LEFT JOIN load_run r ON r.id = u.load_run
GROUP BY v.id
ORDER BY v.valid_from
