-- The days from :first to :last for which any scan is loaded of a province, or of each that the reader knows of if :province is null:
-- code, day.
SELECT code, day FROM read_days(:vintage, :province, :first, :last)
