-- Whose points does everybody hold?
--
-- Every row of the ledger, as of each holder's image (after `kith replay`, and after the sweep
-- that follows a tick, that is the current epoch).
--
-- Columns
--   holder  who has the points; the sink is called sink
--   origin  whose own points they once were
--   points  how many
--
-- By hand
--   sqlite3 kith.db < reports/assignments.sql
--   psql postgres://… -f reports/assignments.sql
SELECT
    COALESCE(h.did, 'sink') AS holder,
    o.did AS origin,
    a.points
FROM assignment a
LEFT JOIN account h ON h.ledger_id = a.holder
JOIN account o ON o.ledger_id = a.origin
ORDER BY a.holder, a.origin;
