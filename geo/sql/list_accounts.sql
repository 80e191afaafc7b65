-- Accounts by name: name, role, units (a JSON array of vintage, code, name), by_provider, disabled, created_at, last_at
-- (of the last sign-in whose session is still kept).
SELECT a.name, a.role,
       coalesce(
           (SELECT jsonb_agg(jsonb_build_object('vintage', u.vintage, 'code', u.code, 'name', u.name) ORDER BY u.vintage, u.code)
            FROM account_unit s JOIN admin_unit u ON u.vintage = s.vintage AND u.code = s.code
            WHERE s.account = a.id),
           '[]') AS units,
       a.subject IS NOT NULL AS by_provider,
       a.disabled_at IS NOT NULL AS disabled,
       a.created_at,
       (SELECT max(started_at) FROM session WHERE session.account = a.id) AS last_at
FROM account a
ORDER BY a.name
