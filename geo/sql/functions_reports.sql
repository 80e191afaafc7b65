-- Functions of reports, made anew by each `phuqr db migrate`. keep_report writes; who types commands calls it as the loader, the
-- dashboard may only through issue_report, which asks who it is for. pg_temp comes last in their search_path, as in functions_tracing.sql.

DROP FUNCTION IF EXISTS keep_report, issue_report, read_filings, read_report_version;

-- Keeps a report and its files as issued, in place of one of the same unit and window; its number. Whether it tells of cases is seen
-- from its figures.
CREATE FUNCTION keep_report(
    by_account text, from_address text, of_kind text, of_vintage integer, of_unit text, of_first date, of_last date, of_on date,
    told jsonb, defined jsonb, runs integer[], known_at timestamptz, names text[], contents bytea[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    with_cases boolean := told ?| '{gap,hotspots}';
    called text;
    earlier bigint;
    made bigint;
BEGIN
    SELECT u.name INTO called FROM admin_unit u WHERE u.vintage = of_vintage AND u.code = of_unit AND u.level < 3;
    IF called IS NULL OR coalesce(cardinality(names), 0) = 0 THEN
        RAISE insufficient_privilege USING MESSAGE = 'there is no such district or province, or no file';
    END IF;
    LOCK TABLE report IN SHARE ROW EXCLUSIVE MODE;
    UPDATE report r SET state = 'superseded'
    WHERE r.kind = of_kind AND r.vintage = of_vintage AND r.unit_code = of_unit AND r.first_day = of_first AND r.last_day = of_last
      AND r.cases = with_cases AND r.state = 'issued'
    RETURNING r.id INTO earlier;
    INSERT INTO report (kind, vintage, unit_code, unit_name, first_day, last_day, on_day, cases, state, figures, definitions, load_runs,
                        as_of, issued_by, supersedes)
    VALUES (of_kind, of_vintage, of_unit, called, of_first, of_last, of_on, with_cases, 'issued', told, defined, runs,
            known_at, by_account, earlier)
    RETURNING id INTO made;
    INSERT INTO report_file (report, name, sha256, content)
    SELECT made, f.name, encode(sha256(f.content), 'hex'), f.content FROM unnest(names, contents) AS f(name, content);
    INSERT INTO audit (account, event, detail, address)
    VALUES (by_account, 'report_issued', 'report ' || made || ': ' || of_unit || ', ' || of_first || ' to ' || of_last, from_address);
    RETURN made;
END $$;

-- The same for an account: of a unit in its scope, and with cases where its role may see them; refused for any other.
CREATE FUNCTION issue_report(
    by_account text, from_address text, of_kind text, of_vintage integer, of_unit text, of_first date, of_last date, of_on date,
    told jsonb, defined jsonb, runs integer[], known_at timestamptz, names text[], contents bytea[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found record;
BEGIN
    SELECT a.role, coalesce(r.inside, '{}')::int4multirange AS inside
    INTO found
    FROM account a
    CROSS JOIN LATERAL (SELECT coalesce(jsonb_agg(jsonb_build_object('vintage', u.vintage, 'code', u.code)), '[]') AS units
                        FROM account_unit u WHERE u.account = a.id) g
    CROSS JOIN LATERAL resolve_scope(g.units) r
    WHERE a.name = by_account AND a.disabled_at IS NULL;
    IF found.role IS NULL OR NOT EXISTS (
        SELECT FROM admin_unit u WHERE u.vintage = of_vintage AND u.code = of_unit AND u.id <@ found.inside
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this account issues no reports of that unit';
    END IF;
    IF told ?| '{gap,hotspots}' AND found.role NOT IN ('health', 'leader') THEN
        RAISE insufficient_privilege USING MESSAGE = 'this account issues no reports that tell of cases';
    END IF;
    RETURN keep_report(by_account, from_address, of_kind, of_vintage, of_unit, of_first, of_last, of_on, told, defined, runs, known_at,
                       names, contents);
END $$;

-- When the units in scope first issued a weekly report whose window holds the days from `first` to `last` and ends with them: also one
-- that tells of cases, for who may not read it is to know that it was filed.
CREATE FUNCTION read_filings(vintage integer, first date, last date) RETURNS TABLE (unit_code text, filed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
SELECT r.unit_code, min(r.issued_at)
FROM report r
JOIN admin_unit u ON u.vintage = r.vintage AND u.code = r.unit_code
WHERE r.kind = 'weekly' AND r.vintage = read_filings.vintage AND r.first_day <= read_filings.first AND r.last_day = read_filings.last
  AND u.id <@ (SELECT scope_inside())
GROUP BY r.unit_code
$$;

-- Grows with each report that is issued: by it a page knows that its list is an old one, and nothing of what was issued.
CREATE FUNCTION read_report_version() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
SELECT coalesce(max(r.id), 0) FROM report r
$$;

REVOKE ALL ON FUNCTION keep_report, issue_report, read_filings, read_report_version FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_report TO phuqr_loader;
GRANT EXECUTE ON FUNCTION issue_report TO phuqr_gate;
GRANT EXECUTE ON FUNCTION read_filings, read_report_version TO phuqr_viewer;
