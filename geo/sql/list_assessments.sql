-- The agencies of group :group that the register names inside :unit, in vintage :vintage, with the newest self-assessment of each in the
-- days from :first to :last, and those that assessed themselves and are not in the register: code and parent_code of the commune,
-- organisation, registered, assessed_on, points, supervisors, system, entrants, scanned; null from assessed_on on without an answer.
WITH places AS (
    SELECT u.code, u.parent_code
    FROM admin_unit u
    JOIN admin_unit p ON p.vintage = u.vintage AND p.code = u.parent_code
    WHERE u.vintage = :vintage AND u.level = 3 AND :unit IN (u.code, p.code, p.parent_code)
), agencies AS (
    SELECT o.commune_code AS code, o.name AS organisation, true AS known
    FROM organisation o
    WHERE o.vintage = :vintage AND o.obligation_group = :group AND o.commune_code IN (SELECT code FROM places)
), told AS (
    SELECT DISTINCT ON (a.code, a.organisation) a.*
    FROM agency_assessment a
    WHERE a.vintage = :vintage AND a.assessed_on BETWEEN :first AND :last AND a.code IN (SELECT code FROM places)
    ORDER BY a.code, a.organisation, a.assessed_on DESC
)
SELECT code, places.parent_code, organisation, agencies.known IS NOT NULL AS registered, told.assessed_on, told.points, told.supervisors,
       told.system, told.entrants, told.scanned
FROM agencies
FULL JOIN told USING (code, organisation)
JOIN places USING (code)
ORDER BY code, organisation
