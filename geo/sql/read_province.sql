-- What is loaded of a province in a vintage: venues_known, scans_known (of the days :first to :last), scans_until,
-- other_vintages (venues declared in another vintage, which only a crosswalk can bring there).
SELECT venues_known, scans_known, scans_until, other_vintages
FROM read_province(:vintage, :province, :first, :last)
