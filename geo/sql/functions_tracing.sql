-- Functions of tracing, made anew by each `phuqr db migrate` after those of functions.sql. Those that look past the reader's scope
-- give days, numbers, and counts of communes of which none is of one or two people; those that write are the gate's alone, and
-- ask who it is for. pg_temp comes last in their search_path, or a caller's temporary table could stand in for one of ours.

DROP FUNCTION IF EXISTS tracing_rule_on, visit_end, judge_visits, read_scan_days, read_case_weeks, read_tracing_version,
    reviewing_units, review_hotspot, rectify_venues;

-- The value of a rule for a kind of venue (null: no venue, or any kind) in a province on a day; null where there is none.
CREATE FUNCTION tracing_rule_on(wanted text, in_province text, of_kind text, on_day date) RETURNS integer
LANGUAGE sql STABLE AS $$
SELECT r.value FROM tracing_rule r
WHERE r.rule = wanted AND (r.province = in_province OR r.province IS NULL) AND (r.kind = of_kind OR r.kind IS NULL)
  AND r.valid_from <= on_day AND (r.valid_until IS NULL OR on_day <= r.valid_until)
ORDER BY r.province IS NULL, r.kind IS NULL, r.valid_from DESC
LIMIT 1
$$;

-- When a visit ended: as told, or else the earliest of the case's next arrival, the usual stay, and the end of that local day.
CREATE FUNCTION visit_end(arrived_at timestamptz, left_at timestamptz, next_at timestamptz, stay_minutes integer) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
SELECT coalesce(left_at, least(next_at, arrived_at + make_interval(mins => stay_minutes),
                               (date_trunc('day', arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh') + interval '1 day - 0.000001 s')
                               AT TIME ZONE 'Asia/Ho_Chi_Minh'))
$$;

-- The days from `first` to `last` of which some scans of a province are loaded: on others none is no finding. For who knows of it.
CREATE FUNCTION read_scan_days(vintage integer, province text, first date, last date) RETURNS SETOF date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
WITH here AS (
    SELECT c.id
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = read_scan_days.vintage AND c.level = 3 AND read_scan_days.province IN (p.code, p.parent_code)
)
SELECT d.day::date
FROM generate_series(greatest(first, (SELECT min(s.day) FROM scan_day s)), least(last, (SELECT max(s.day) FROM scan_day s)),
                     interval '1 day') d(day)
-- The first there is, not a comparison of all scans with all communes
WHERE (SELECT true FROM scan_day s WHERE s.day = d.day::date AND s.scans > 0 AND s.unit = ANY (ARRAY(SELECT id FROM here)) LIMIT 1)
  AND EXISTS (SELECT FROM admin_unit u WHERE u.vintage = read_scan_days.vintage AND u.code = read_scan_days.province
              AND u.id <@ scope_known())
$$;

-- Declared visits from `first` to `last` in communes of a vintage, of those that the caller sees, and the gap of each: a, the place
-- has no QR code on the day of arrival; b, it has one, and no scan on that day; c, hours are known, and from that of arrival to that
-- of leaving none has a scan; covered; null, no scans of that day are loaded. A day without scans has no hours to know.
CREATE FUNCTION judge_visits(vintage integer, province text, first date, last date)
RETURNS TABLE (
    visit_id integer, case_code text, commune_code text, venue_id integer, kind text, organisation text, day date, load_run integer,
    gap text
)
LANGUAGE sql STABLE AS $$
WITH stay AS MATERIALIZED (
    SELECT k.code AS kind, d.day::date AS day, tracing_rule_on('stay_minutes', judge_visits.province, nullif(k.code, ''), d.day::date) AS minutes
    FROM (SELECT v.code FROM venue_kind v UNION ALL SELECT '') k,
         (SELECT DISTINCT (t.arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date FROM visit t
          WHERE t.left_at IS NULL AND t.arrived_at >= judge_visits.first::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
            AND t.arrived_at < (judge_visits.last + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh') d(day)
),
scanned AS MATERIALIZED (
    SELECT s.day FROM read_scan_days(judge_visits.vintage, judge_visits.province, judge_visits.first, judge_visits.last) AS s(day)
),
told AS MATERIALIZED (
    SELECT t.id, t.case_code, t.commune_code, t.venue_id, v.kind, v.organisation, at.came::date AS day, t.load_run, at.came,
           visit_end(t.arrived_at, t.left_at, t.next_at, stay.minutes) AT TIME ZONE 'Asia/Ho_Chi_Minh' AS went,
           coalesce(v.created_on <= at.came::date AND (v.closed_on IS NULL OR at.came::date <= v.closed_on), false) AS has_code
    FROM visit t
    CROSS JOIN LATERAL (SELECT t.arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh' AS came) at
    LEFT JOIN venue v ON v.id = t.venue_id
    LEFT JOIN stay ON t.left_at IS NULL AND stay.kind = coalesce(v.kind, '') AND stay.day = at.came::date
    WHERE t.vintage = judge_visits.vintage AND t.source = 'declared'
      AND t.arrived_at >= judge_visits.first::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
      AND t.arrived_at < (judge_visits.last + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
),
touched AS MATERIALIZED (  -- a row for each day that a visit is in: the day of arrival, for most
    SELECT t.id, t.venue_id, g.day::date AS day, g.day::date = t.day AS arrival, date_trunc('hour', t.came) AS came, t.went
    FROM told t
    CROSS JOIN LATERAL generate_series(t.day::timestamp, t.went, interval '1 day') AS g(day)
    WHERE t.has_code
),
hours AS (
    SELECT d.id, d.day, sum(h.scans) AS scans, bool_or(h.scans > 0 AND h.day + make_interval(hours => h.hour) BETWEEN d.came AND d.went) AS met
    FROM touched d
    JOIN scan_hour h ON h.venue_id = d.venue_id AND h.day = d.day
    WHERE h.day >= judge_visits.first
    GROUP BY d.id, d.day
),
scans AS (
    SELECT d.id, coalesce(sum(greatest(s.scans, h.scans)) FILTER (WHERE d.arrival), 0) AS that_day,
           bool_and(coalesce(s.scans, 0) = 0 OR h.met IS NOT NULL) AND NOT coalesce(bool_or(h.met), false) AS hours_without
    FROM touched d
    LEFT JOIN scan_day s ON s.venue_id = d.venue_id AND s.day = d.day AND s.day >= judge_visits.first
    LEFT JOIN hours h ON h.id = d.id AND h.day = d.day
    GROUP BY d.id
)
SELECT t.id, t.case_code, t.commune_code, t.venue_id, t.kind, t.organisation, t.day, t.load_run,
       CASE WHEN NOT t.has_code THEN 'a'
            WHEN t.day NOT IN (SELECT s.day FROM scanned s) THEN NULL
            WHEN s.that_day = 0 THEN 'b'
            WHEN s.hours_without THEN 'c'
            ELSE 'covered' END
FROM told t
LEFT JOIN scans s ON s.id = t.id
$$;

-- Cases that were in each commune in scope, by weeks from Monday to Sunday that lie in `first` to `last` and are over: for every role.
-- Of one or two cases the count is null. What it gives of a week and commune is the same whatever else is asked for, and there are no
-- sums: nothing is left over when answers are taken from each other. No row where no visits are loaded.
CREATE FUNCTION read_case_weeks(vintage integer, first date, last date)
RETURNS TABLE (week date, commune_code text, cases integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
WITH week AS (
    SELECT d.day::date AS monday
    FROM generate_series(date_trunc('week', greatest(first, '2020-01-01') + interval '6 days'),
                         least(last, (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date - 1) - 6, interval '7 days') d(day)
),
here AS (
    SELECT u.code FROM admin_unit u
    WHERE u.vintage = read_case_weeks.vintage AND u.level = 3 AND u.id <@ (SELECT scope_inside())
),
live AS (
    SELECT date_trunc('week', t.arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS monday, t.commune_code,
           count(DISTINCT t.case_code)::integer AS cases
    FROM visit t
    WHERE t.vintage = read_case_weeks.vintage AND t.commune_code IN (SELECT code FROM here)
      AND t.arrived_at >= (SELECT min(monday) FROM week)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
      AND t.arrived_at < ((SELECT max(monday) FROM week) + 7)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
    GROUP BY 1, 2
)
SELECT w.monday, h.code, CASE WHEN n.cases NOT IN (1, 2) THEN n.cases END
FROM week w
CROSS JOIN here h
LEFT JOIN case_week k ON k.week = w.monday AND k.vintage = read_case_weeks.vintage AND k.commune_code = h.code
LEFT JOIN live l ON l.monday = w.monday AND l.commune_code = h.code
CROSS JOIN LATERAL (SELECT coalesce(k.cases, l.cases, 0) AS cases) n
WHERE EXISTS (SELECT FROM visit) OR EXISTS (SELECT FROM case_week)
$$;

-- A number that grows with each review, answer, rule and purge, as that of loads does with each load: what a page kept is then old.
CREATE FUNCTION read_tracing_version() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
SELECT (SELECT coalesce(max(id), 0) FROM hotspot_review) + (SELECT coalesce(max(id), 0) FROM rectification)
     + (SELECT coalesce(max(id), 0) FROM tracing_rule) + (SELECT coalesce(max(id), 0) FROM visit_purge)
$$;

-- Adds a review of the hotspot at a venue, and puts on record that there was one: not where, since admins see no cases.
CREATE FUNCTION review_hotspot(by_account text, from_address text, of_venue text, to_state text, why text, seen integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    inside int4multirange := acting_units(by_account, '{health,leader}', 'this account decides on no hotspots or gaps');
    made bigint;
BEGIN
    INSERT INTO hotspot_review (venue_id, state, reason, account, seen_run)
    SELECT v.id, to_state, btrim(why), by_account, least(seen, (SELECT coalesce(max(r.id), 0) FROM load_run r))
    FROM venue v WHERE v.code = of_venue AND v.unit <@ inside AND btrim(why) <> ''
    RETURNING id INTO made;
    IF made IS NULL THEN
        RAISE insufficient_privilege USING MESSAGE = 'there is no such venue in its units, or no reason';
    END IF;
    INSERT INTO audit (account, event, detail, address)
    VALUES (by_account, 'hotspot_review', 'review ' || made || ': ' || to_state, from_address);
    RETURN made;
END $$;

-- Adds what became of the gap at venues of one agency, all or none of them, and puts on record that something did: not where.
CREATE FUNCTION rectify_venues(by_account text, from_address text, venues integer[], to_state text, why text, seen integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    inside int4multirange := acting_units(by_account, '{health,leader}', 'this account decides on no hotspots or gaps');
    made integer;
BEGIN
    INSERT INTO rectification (venue_id, state, note, account, seen_run)
    SELECT v.id, to_state, btrim(why), by_account, least(seen, (SELECT coalesce(max(r.id), 0) FROM load_run r))
    FROM venue v WHERE v.id = ANY (venues) AND v.unit <@ inside AND btrim(why) <> '';
    GET DIAGNOSTICS made = ROW_COUNT;
    IF made = 0 OR made <> (SELECT count(DISTINCT each) FROM unnest(venues) each) THEN
        RAISE insufficient_privilege USING MESSAGE = 'there is a venue that is not in its units, or no note';
    END IF;
    INSERT INTO audit (account, event, detail, address)
    VALUES (by_account, 'rectification', 'answer ' || (SELECT max(id) FROM rectification) || ': ' || to_state, from_address);
    RETURN made;
END $$;

REVOKE ALL ON FUNCTION read_scan_days, read_case_weeks, read_tracing_version, review_hotspot, rectify_venues FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read_scan_days, read_case_weeks, read_tracing_version TO phuqr_viewer;
GRANT EXECUTE ON FUNCTION read_scan_days TO phuqr_loader;
GRANT EXECUTE ON FUNCTION review_hotspot, rectify_venues TO phuqr_gate;
