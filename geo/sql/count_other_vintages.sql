-- How many venues created by :last were declared in a vintage other than :vintage, which only a crosswalk can bring there.
SELECT count(*) FROM venue WHERE vintage <> :vintage AND created_on <= :last
