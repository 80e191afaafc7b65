-- A number that grows with each review, answer, rule and purge.
SELECT read_tracing_version()
