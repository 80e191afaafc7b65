-- The pairs of vintages between which a file told what changed: from_vintage, to_vintage.
SELECT DISTINCT from_vintage, to_vintage
FROM unit_change
