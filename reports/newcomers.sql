-- Who has come into the circle lately, and what do they hold already?
--
-- The accounts that entered since a moment (:since, unix microseconds; NULL: ever) and are in the
-- circle still, the latest first.
--
-- Columns
--   did           the account
--   handle        its name, NULL until known
--   hop           distance from the tracked accounts
--   since_micros  event time of entering, unix microseconds
--   by            DID of the account whose follow record brought it in, NULL for tracked accounts
--   points        points it holds of tracked accounts
--   origins       number of tracked accounts they come from
--
-- For example: kith report newcomers --limit 4
--     account            hop  since                 by                 points  origins
--     user032.pds1.test    2  2026-11-21T02:17:50Z  user006.pds1.test       0        0
--     user021.pds1.test    2  2026-11-21T02:17:49Z  user018.pds1.test     118        2
--     user024.pds1.test    2  2026-11-21T02:17:47Z  user006.pds1.test       0        0
--     user038.pds1.test    2  2026-11-21T02:17:44Z  user009.pds1.test       0        0
--
-- By hand
--   sqlite3 -cmd ".parameter set :since NULL" -cmd ".parameter set :limit 20" kith.db < reports/newcomers.sql
--   psql -v since=NULL -v limit=20 postgres://… -f reports/newcomers.sql
WITH latest AS (
    SELECT c.id, a.id AS account, a.did, a.handle, a.hop, a.ledger_id, c.micros, c.by
    FROM circle_change c
    JOIN account a ON a.id = c.account
    WHERE c.from_hop IS NULL
        AND a.hop IS NOT NULL
        AND c.micros >= COALESCE(CAST(:since AS BIGINT), 0)
        AND NOT EXISTS (
            SELECT 1
            FROM circle_change later
            WHERE later.account = c.account AND later.id > c.id AND later.from_hop IS NULL
        )
    ORDER BY c.id DESC
    LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807)
),
held AS (
    SELECT l.id, CAST(SUM(s.points) AS BIGINT) AS points, COUNT(*) AS origins
    FROM latest l
    CROSS JOIN v_tracked t
    JOIN assignment s ON s.holder = l.ledger_id AND s.origin = t.ledger_id
    GROUP BY l.id
)
SELECT
    l.did,
    l.handle,
    l.hop,
    l.micros AS since_micros,
    b.did AS by,
    COALESCE(held.points, 0) AS points,
    COALESCE(held.origins, 0) AS origins
FROM latest l
LEFT JOIN held ON held.id = l.id
LEFT JOIN account b ON b.id = l.by
ORDER BY l.id DESC;
