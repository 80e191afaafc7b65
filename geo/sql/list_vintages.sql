-- Every boundary vintage, oldest first: id, valid_from, source, licence, sketched, version.
-- sketched: some of its units were drawn by the sample and have not been replaced by real ones.
-- version: the last run that changed its units, so that a browser's copy of the geometry can be told from a newer one.
SELECT v.id, v.valid_from, v.source, v.licence,
       coalesce(bool_or(r.invented), false) AS sketched, coalesce(max(r.id), 0) AS version
FROM boundary_vintage v
LEFT JOIN admin_unit u ON u.vintage = v.id
LEFT JOIN load_run r ON r.id = u.load_run
GROUP BY v.id
ORDER BY v.valid_from
