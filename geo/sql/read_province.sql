-- What is loaded of a province in a vintage, or of each that the reader knows of if :province is null: code, venues_known,
-- scans_known (of the days :first to :last), scans_until, other_vintages (venues declared in another vintage, which only a
-- crosswalk can bring there), solution (in force on :last).
SELECT code, venues_known, scans_known, scans_until, other_vintages, solution
FROM read_province(:vintage, :province, :first, :last)
