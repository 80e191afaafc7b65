-- The rules of tracing, with those that no longer hold: rule, province, kind, value, valid_from, valid_until, decision.
SELECT rule, province, kind, value, valid_from, valid_until, decision
FROM tracing_rule
ORDER BY rule, province NULLS FIRST, kind NULLS FIRST, valid_from
