-- Functions of inspections, made anew by each `phuqr db migrate`. keep_plan and enter_inspection write; who types commands calls the
-- former as the loader, the dashboard may only through plan_inspections and enter_inspection, which ask who it is for. pg_temp comes last
-- in their search_path, as in functions_tracing.sql.

DROP FUNCTION IF EXISTS keep_plan, plan_inspections, enter_inspection;

-- Plans venues for the teams beside them, as the office of the unit of_unit (its number), and how many. replacing: in place of what the
-- unit had planned for these teams, as long as none of it was inspected. A venue is planned once in a campaign.
CREATE FUNCTION keep_plan(
    by_account text, from_address text, of_campaign integer, of_unit integer, venues integer[], teams text[], replacing boolean
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    of_name text;
    of_first date;
    of_last date;
    made integer;
BEGIN
    SELECT c.name, c.first_day, c.due_on - c.strict::integer INTO of_name, of_first, of_last
    FROM campaign c
    WHERE c.id = of_campaign AND c.first_day IS NOT NULL FOR UPDATE;
    IF of_name IS NULL THEN
        RAISE check_violation USING MESSAGE = 'there is no such campaign with a first day';
    END IF;
    IF replacing THEN
        IF EXISTS (SELECT FROM inspection_plan p JOIN inspection i ON i.venue_id = p.venue_id
                   WHERE p.campaign = of_campaign AND p.unit = of_unit AND p.team = ANY (teams)
                     AND i.inspected_on BETWEEN of_first AND of_last AND coalesce(i.campaign, of_name) = of_name) THEN
            RAISE check_violation USING MESSAGE = 'a team has begun to inspect, its plan stays; add venues to it, or name another team',
                DETAIL = 'begun';
        END IF;
        DELETE FROM inspection_plan p WHERE p.campaign = of_campaign AND p.unit = of_unit AND p.team = ANY (teams);
    END IF;
    INSERT INTO inspection_plan (campaign, venue_id, unit, team, planned_by)
    SELECT of_campaign, v.id, of_unit, each.team, by_account
    FROM unnest(venues, teams) AS each(venue, team)
    JOIN venue v ON v.id = each.venue
    ON CONFLICT (campaign, venue_id) DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    IF made = 0 OR made <> cardinality(venues) THEN
        RAISE check_violation USING MESSAGE = 'a venue is planned already, or is not there', DETAIL = 'planned';
    END IF;
    INSERT INTO audit (account, event, detail, address)
    VALUES (by_account, 'inspection_planned', 'campaign ' || of_campaign || ': ' || made || ' venues for '
            || (SELECT string_agg(DISTINCT t, ', ') FROM unnest(teams) t), from_address);
    RETURN made;
END $$;

-- The same for an account: of its own units and venues in them, in a campaign of one of these or of a unit above; refused for any other.
CREATE FUNCTION plan_inspections(
    by_account text, from_address text, of_campaign integer, of_unit integer, venues integer[], teams text[], replacing boolean
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    inside int4multirange := acting_units(by_account, '{leader,district,data}', 'this account plans no inspections');
BEGIN
    IF NOT of_unit <@ inside OR NOT EXISTS (
        WITH RECURSIVE above AS (
            SELECT u.vintage, u.code, u.parent_code FROM admin_unit u WHERE u.id = of_unit
            UNION
            SELECT u.vintage, u.code, u.parent_code FROM above a JOIN admin_unit u ON u.vintage = a.vintage AND u.code = a.parent_code
        )
        SELECT FROM campaign c JOIN above a ON a.code = c.unit_code WHERE c.id = of_campaign
    ) OR EXISTS (SELECT FROM unnest(venues) each WHERE NOT EXISTS (SELECT FROM venue v WHERE v.id = each AND v.unit <@ inside)) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this account plans no inspections there';
    END IF;
    RETURN keep_plan(by_account, from_address, of_campaign, of_unit, venues, teams, replacing);
END $$;

-- Keeps a result of an account's team: of a venue that is planned in the campaign and lies in its scope, on one of its days until today. It
-- takes the place of the inspection correcting (its number), or of one of that day; the trigger keeps what was there before. The number
-- of the load that tells of it. Loads wait for each other, this one too, so that their numbers grow in the order in which they are seen.
CREATE FUNCTION enter_inspection(
    by_account text, from_address text, of_campaign integer, of_venue text, on_day date, how text, is_posted boolean, is_supervised boolean,
    counted_minutes integer, counted integer, were_scanned integer, said text, correcting integer
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '20s' AS $$
DECLARE
    inside int4multirange := acting_units(by_account, '{district,commune,data}', 'this account enters no inspections');
    words text := nullif(btrim(said), '');
    of_name text;
    venue_number integer;
    of_sample boolean;
    run integer;
BEGIN
    SELECT c.name, v.id, r.invented INTO of_name, venue_number, of_sample
    FROM inspection_plan p
    JOIN campaign c ON c.id = p.campaign
    JOIN venue v ON v.id = p.venue_id
    JOIN load_run r ON r.id = v.load_run
    WHERE c.id = of_campaign AND v.code = of_venue AND v.unit <@ inside
      AND on_day BETWEEN c.first_day AND least(c.due_on - c.strict::integer, (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date);
    IF venue_number IS NULL THEN
        RAISE insufficient_privilege USING MESSAGE = 'there is no such venue in the plan of its units, or it is not of that day';
    END IF;
    IF is_posted IS NULL OR is_supervised IS NULL OR counted_minutes NOT BETWEEN 30 AND 60
       OR (counted IS NULL) <> (were_scanned IS NULL) OR (counted IS NULL) <> (counted_minutes IS NULL)
       OR length(words) > 500 OR words ~ '\d([ .-]?\d){8}' THEN
        RAISE check_violation USING MESSAGE = 'a result that cannot be: counts of 30 to 60 minutes, both or none; a note without numbers of persons';
    END IF;
    PERFORM pg_advisory_xact_lock(1885894002);
    INSERT INTO load_run (kind, file_name, sha256, loaded_by, invented, rows_in, rows_loaded, rows_changed, finished_at)
    VALUES ('inspections', 'trang Kiểm tra', encode(sha256(convert_to(concat_ws('|', of_campaign, of_venue, on_day, how, clock_timestamp()), 'UTF8')), 'hex'),
            by_account, of_sample, 1, 1, 1, clock_timestamp())
    RETURNING id INTO run;
    IF correcting IS NULL THEN
        INSERT INTO inspection AS i (venue_id, inspected_on, campaign, outcome, posted, supervised, minutes, head_count, scanned, note, load_run)
        VALUES (venue_number, on_day, of_name, how, is_posted, is_supervised, counted_minutes, counted, were_scanned, words, run)
        ON CONFLICT ON CONSTRAINT inspection_made_key DO UPDATE
        SET outcome = how, posted = is_posted, supervised = is_supervised, minutes = counted_minutes, head_count = counted,
            scanned = were_scanned, note = words, load_run = run;
    ELSE
        UPDATE inspection i
        SET inspected_on = on_day, campaign = of_name, outcome = how, posted = is_posted, supervised = is_supervised,
            minutes = counted_minutes, head_count = counted, scanned = were_scanned, note = words, load_run = run
        WHERE i.id = correcting AND i.venue_id = venue_number;
        IF NOT FOUND THEN
            RAISE insufficient_privilege USING MESSAGE = 'there is no such inspection of that venue';
        END IF;
    END IF;
    INSERT INTO audit (account, event, detail, address)
    VALUES (by_account, 'inspection_entered', 'load ' || run || ', campaign ' || of_campaign || ': ' || of_venue || ', ' || on_day || ', ' || how,
            from_address);
    RETURN run;
END $$;

REVOKE ALL ON FUNCTION keep_plan, plan_inspections, enter_inspection FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_plan TO phuqr_loader;
GRANT EXECUTE ON FUNCTION plan_inspections, enter_inspection TO phuqr_gate;
