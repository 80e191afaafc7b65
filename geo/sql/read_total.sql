-- Counts of a district or province over all its communes, also those out of scope: one row, as read_coverage.sql; none
-- unless the unit is in scope or above it.
SELECT *
FROM read_total(:vintage, :unit, :first, :last, :kinds, :group, :named, :silent_days) AS total(
    code text, obliged bigint, created_obliged bigint, created bigint, new bigint, active bigint, cohort bigint,
    never_scanned bigint, scans bigint, people bigint, silent bigint, no_scan_communes bigint, population bigint
)
