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
-- For example: kith report assignments --limit 4
--     holder                            origin               points
--     movedaway.pds1.test               user033.pds1.test        79
--     movedaway.pds1.test               user038.pds1.test        52
--     did:plc:jxaeq2uzglxs44py7ai5rfbc  movedaway.pds1.test      80
--     did:plc:jxaeq2uzglxs44py7ai5rfbc  user018.pds1.test         1
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/assignments.sql
--   psql -v limit=20 postgres://… -f reports/assignments.sql
SELECT
    holder,
    origin,
    points
FROM v_assignments
ORDER BY holder_id, origin_id
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
