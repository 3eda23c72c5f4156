-- Who holds most points of the tracked accounts?
--
-- Only points whose origin is tracked now are counted: nobody can mint another account's points,
-- so a crowd of strangers cannot push itself up here.
--
-- Columns
--   rank     1 is first; equal points, equal rank
--   did      the holder
--   handle   its name, NULL until known
--   hop      distance from the tracked accounts, NULL outside the circle
--   points   points of tracked origins it holds
--   origins  number of tracked accounts they come from
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/top.sql
--   psql -v limit=20 postgres://… -f reports/top.sql
WITH held AS (
    SELECT
        a.holder,
        CAST(SUM(a.points) AS BIGINT) AS points,
        COUNT(*) AS origins
    FROM tracked t
    JOIN account o ON o.id = t.account
    JOIN assignment a ON a.origin = o.ledger_id
    WHERE a.holder <> 0
    GROUP BY a.holder
)
SELECT
    RANK() OVER (ORDER BY held.points DESC) AS rank,
    h.did,
    h.handle,
    h.hop,
    held.points,
    held.origins
FROM held
JOIN account h ON h.ledger_id = held.holder
ORDER BY rank, held.holder
LIMIT CAST(:limit AS BIGINT);
