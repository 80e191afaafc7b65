-- Cases by commune in scope and whole week of :first to :last that is over: week, commune_code, cases (null for one or two); see
-- functions_tracing.sql.
SELECT week, commune_code, cases FROM read_case_weeks(:vintage, :first, :last) ORDER BY week, commune_code
