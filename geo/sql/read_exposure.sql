-- What the F0 visits of find_hotspots.sql exposed at the venues :venues: venue_id, meetings (pairs of cases that were there at one time),
-- exposed (scans in the hours that some visit was in; null where no hours are known), exposed_whole (the hours of all its days are known;
-- a day without scans, where some of the province are loaded, has none to know).
WITH scanned AS MATERIALIZED (
    SELECT ARRAY(SELECT s.day FROM read_scan_days(:vintage, :province, CAST(:since AS date), :last + 1) AS s(day)) AS days,
           tracing_rule_on('infectious_days_before', :province, NULL, :last) AS before,
           tracing_rule_on('infectious_days_after', :province, NULL, :last) AS after
)
SELECT h.venue_id, m.meetings, e.exposed, e.exposed_whole
FROM (
    SELECT t.venue_id, array_agg(t.case_code) AS codes, array_agg(t.arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh') AS came,
           array_agg(visit_end(t.arrived_at, t.left_at, t.next_at, r.stay_minutes) AT TIME ZONE 'Asia/Ho_Chi_Minh') AS went
    FROM (
        SELECT venue_id, case_code, arrived_at, left_at, next_at, onset_on FROM visit
        WHERE venue_id = ANY (:venues) AND case_class = 'F0' AND (CAST(:known AS integer) IS NULL OR load_run <= CAST(:known AS integer))
        UNION ALL
        SELECT venue_id, case_code, arrived_at, left_at, NULL, onset_on FROM visit_history
        WHERE venue_id = ANY (:venues) AND case_class = 'F0'
          AND load_run <= CAST(:known AS integer) AND until_run > CAST(:known AS integer)
    ) t
    JOIN venue v ON v.id = t.venue_id
    JOIN (
        SELECT k.code AS kind, tracing_rule_on('stay_minutes', :province, k.code, :last) AS stay_minutes,
               (:last - tracing_rule_on('hotspot_days', :province, k.code, :last) + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS since
        FROM venue_kind k
    ) r ON r.kind = v.kind
    WHERE t.arrived_at >= r.since AND t.arrived_at < (:last + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
      AND (t.onset_on IS NULL OR (t.arrived_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
           BETWEEN t.onset_on - (SELECT before FROM scanned) AND t.onset_on + (SELECT after FROM scanned))
    GROUP BY t.venue_id
) h
CROSS JOIN LATERAL (
    SELECT count(DISTINCT (a.code, b.code)) AS meetings
    FROM unnest(h.codes, h.came, h.went) AS a(code, came, went), unnest(h.codes, h.came, h.went) AS b(code, came, went)
    WHERE b.code > a.code AND b.came <= a.went AND a.came <= b.went
) m
CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT t.hour) AS hours, array_agg(DISTINCT t.hour::date) AS days, min(t.hour)::date AS first, max(t.hour)::date AS last
    FROM unnest(h.came, h.went) AS s(came, went), generate_series(date_trunc('hour', s.came), s.went, interval '1 hour') AS t(hour)
) o
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(i.day), '{}') AS days, sum(i.scans) FILTER (WHERE i.day + make_interval(hours => i.hour) = ANY (o.hours)) AS scans
    FROM scan_hour i WHERE i.venue_id = h.venue_id AND i.day BETWEEN o.first AND o.last
) k
CROSS JOIN LATERAL (
    SELECT CASE WHEN bool_or(n.known) THEN coalesce(k.scans, 0) END AS exposed, bool_and(n.known) AS exposed_whole
    FROM (
        SELECT d.day = ANY (k.days) OR (
                   d.day = ANY ((SELECT days FROM scanned)::date[])
                   AND NOT EXISTS (SELECT FROM scan_day s WHERE s.venue_id = h.venue_id AND s.day = d.day AND s.scans > 0)
               ) AS known
        FROM unnest(o.days) AS d(day)
    ) n
) e
