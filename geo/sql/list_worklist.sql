-- Venues inside :unit in vintage :vintage of :province: those planned in :campaign, or, where :planned is false, those of :kinds (null: of
-- all) that are open on the day :last and not planned in it. One row each: venue_id, code, name, kind, organisation, address,
-- commune_code, commune, district_code, district, created_on, last_scan (its last day with scans by :until; null: none, or :until is
-- null, since no scans are loaded), crowded (people are close together in its kind, by the rule grade_kind), inspections and reminded
-- (ever by :last), team, unit_code (of the office that planned it), and of the last inspection in the campaign, null where there is none:
-- inspection, inspected_on, outcome, posted, supervised, minutes, head_count, scanned, note; and of all of them in it: counted_heads and
-- counted_scanned (of those that counted both).
WITH crowded AS MATERIALIZED (
    SELECT k.code, coalesce(tracing_rule_on('grade_kind', :province, k.code, :last) > 0, false) AS crowded FROM venue_kind k
),
here AS MATERIALIZED (
    SELECT c.id, c.code, c.name, p.code AS district_code, p.name AS district
    FROM admin_unit c
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND c.level = 3 AND :unit IN (c.code, p.code, p.parent_code)
)
SELECT v.id AS venue_id, v.code, v.name, v.kind, v.organisation, v.address, h.code AS commune_code, h.name AS commune, h.district_code,
       h.district, v.created_on, s.last_scan, k.crowded, n.inspections, n.reminded, p.team, o.code AS unit_code,
       f.id AS inspection, f.inspected_on, f.outcome, f.posted, f.supervised, f.minutes, f.head_count, f.scanned, f.note,
       n.counted_heads, n.counted_scanned
FROM venue v
JOIN here h ON h.id = v.unit
JOIN crowded k ON k.code = v.kind
JOIN campaign c ON c.id = :campaign
LEFT JOIN inspection_plan p ON p.campaign = c.id AND p.venue_id = v.id
LEFT JOIN admin_unit o ON o.id = p.unit
LEFT JOIN LATERAL (
    SELECT max(d.day) AS last_scan FROM scan_day d WHERE d.venue_id = v.id AND d.scans > 0 AND d.day <= CAST(:until AS date)
) s ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS inspections, count(*) FILTER (WHERE i.outcome = 'reminded') AS reminded,
           sum(i.head_count) FILTER (WHERE m.mine AND i.scanned IS NOT NULL) AS counted_heads,
           sum(i.scanned) FILTER (WHERE m.mine AND i.head_count IS NOT NULL) AS counted_scanned
    FROM inspection i
    CROSS JOIN LATERAL (
        SELECT i.inspected_on BETWEEN c.first_day AND c.due_on - CAST(c.strict AS integer) AND coalesce(i.campaign, c.name) = c.name AS mine
    ) m
    WHERE i.venue_id = v.id AND i.inspected_on <= :last
) n
LEFT JOIN LATERAL (
    SELECT * FROM inspection i
    WHERE i.venue_id = v.id AND i.inspected_on BETWEEN c.first_day AND least(:last, c.due_on - CAST(c.strict AS integer)) 
      AND coalesce(i.campaign, c.name) = c.name
    ORDER BY i.inspected_on DESC, i.id DESC
    LIMIT 1
) f ON true
WHERE CASE WHEN :planned THEN p.venue_id IS NOT NULL
           ELSE p.venue_id IS NULL AND v.created_on <= :last AND (v.closed_on IS NULL OR v.closed_on >= :last)
                AND (CAST(:kinds AS text[]) IS NULL OR v.kind = ANY (CAST(:kinds AS text[]))) END
ORDER BY v.code
