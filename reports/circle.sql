-- Who is in the circle, since when, and by whom?
--
-- Columns
--   did           the account
--   handle        its name, NULL until known
--   hop           0 tracked, 1 followed by a tracked account, 2 followed by one of those
--   active        whether its likes and likes to it count: 1 or 0, in JSON true or false
--   status        active, deactivated, suspended, takendown, deleted or inactive
--   since_micros  event time of entering, unix microseconds; NULL: before the first event
--   by            DID of the account whose follow record's change brought it in, perhaps through
--                 others; NULL for tracked accounts
--
-- For example: kith report circle --limit 4
--     account            hop  active  status  since                 by
--     user010.pds1.test    0  yes     active  2026-11-21T02:17:25Z  -
--     user000.pds1.test    0  yes     active  2026-11-21T02:17:25Z  -
--     user002.pds1.test    1  yes     active  2026-11-21T02:17:31Z  user000.pds1.test
--     user006.pds1.test    1  yes     active  2026-11-21T02:17:31Z  user002.pds1.test
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/circle.sql
--   psql -v limit=20 postgres://… -f reports/circle.sql
SELECT
    did,
    handle,
    hop,
    active,
    status,
    since_micros,
    by_did AS by
FROM v_circle
ORDER BY hop, account
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
