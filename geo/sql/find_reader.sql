-- Whose session :key is, while it stands: name, role, units (a JSON array of vintage, code), address, stale (not noted as
-- seen for a minute). It stands until it is ended, :idle after it was last seen, :longest after it began.
SELECT a.name, a.role,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('vintage', u.vintage, 'code', u.code) ORDER BY u.vintage, u.code), '[]')
        FROM account_unit u WHERE u.account = a.id) AS units,
       s.address, s.seen_at < now() - interval '1 minute' AS stale
FROM session s
JOIN account a ON a.id = s.account
WHERE s.key = :key AND s.ended_at IS NULL AND a.disabled_at IS NULL
  AND s.seen_at > now() - :idle AND s.started_at > now() - :longest
