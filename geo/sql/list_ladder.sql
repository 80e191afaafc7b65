-- The reminder ladder of the venues inside :unit (all in scope if null) in vintage :vintage by the day :last, or of the venue :code
-- alone where that is not null: of each inspection that was not passed its step: venue_code, name, kind, commune_code, inspected_on,
-- campaign, outcome, step (the how manieth reminder of the venue; null for a proposal), note.
SELECT l.code AS venue_code, l.name, l.kind, l.commune_code, l.inspected_on, l.campaign, l.outcome,
       CASE WHEN l.outcome = 'reminded' THEN l.reminders END AS step, l.note
FROM (
    SELECT v.code, v.name, v.kind, v.commune_code, i.id, i.inspected_on, i.campaign, i.outcome, i.note,
           count(*) FILTER (WHERE i.outcome = 'reminded') OVER (PARTITION BY i.venue_id ORDER BY i.inspected_on, i.id) AS reminders
    FROM inspection i
    JOIN venue v ON v.id = i.venue_id
    JOIN admin_unit c ON c.id = v.unit
    JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
    WHERE c.vintage = :vintage AND (CAST(:unit AS text) IS NULL OR :unit IN (c.code, p.code, p.parent_code))
      AND (CAST(:code AS text) IS NULL OR v.code = :code) AND i.inspected_on <= :last AND i.outcome <> 'passed'
) l
ORDER BY l.code, l.inspected_on, l.id
