-- What became of each commune of :from_vintage in :to_vintage as files told it: from_code, to_code, share, estimated, decree.
SELECT from_code, to_code, share, estimated, decree
FROM unit_change
WHERE from_vintage = :from_vintage AND to_vintage = :to_vintage
ORDER BY from_code, to_code
