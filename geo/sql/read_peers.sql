-- Counts of the units that have the parent :unit but for :peer, which is in scope: what it is judged among. Without code or name, in
-- the order of the counts.
SELECT obliged, created_obliged, created, active
FROM read_peers(:vintage, :unit, :peer, :first, :last, :kinds, :group, :named, :silent_days)
