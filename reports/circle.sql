-- Who is in the circle?
--
-- Columns
--   did     the account
--   handle  its name, NULL until known
--   hop     0 tracked, 1 followed by a tracked account, 2 followed by one of those
--   active  1 if its likes and likes to it count, else 0
--   status  active, deactivated, suspended, takendown, deleted or inactive
--
-- By hand
--   sqlite3 kith.db < reports/circle.sql
--   psql postgres://… -f reports/circle.sql
SELECT
    did,
    handle,
    hop,
    CASE WHEN status = 'active' THEN 1 ELSE 0 END AS active,
    status
FROM account
WHERE hop IS NOT NULL
ORDER BY hop, id;
