-- The code of the venue :number.
SELECT code FROM venue WHERE id = :number
