-- Who has come into the circle lately, and what do they hold already?
--
-- The accounts that entered since a moment (:since, unix microseconds; NULL: ever) and are in the
-- circle still, the latest first.
--
-- Columns
--   did           the account
--   handle        its name, NULL until known
--   hop           distance from the tracked accounts
--   since_micros  event time of entering, unix microseconds: the first event's of who was there
--                 before it; NULL: there was none yet
--   by            DID of the account whose follow record's change brought it in, perhaps through
--                 others; NULL for who is tracked, or came in so
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
    SELECT c.id, a.id AS number, a.did, a.handle, a.hop, n.ledger_id, c.by,
        COALESCE(NULLIF(c.micros, 0), a.since_micros) AS micros
    FROM circle_change c
    JOIN account a ON a.id = c.account
    LEFT JOIN ledger_number n ON n.account = a.id
    WHERE c.from_hop IS NULL
        AND a.hop IS NOT NULL
        AND c.micros >= COALESCE(CAST(:since AS BIGINT), 0)
        AND c.id = (
            SELECT MAX(x.id)
            FROM circle_change x
            WHERE x.account = c.account AND x.from_hop IS NULL
        )
    ORDER BY c.id DESC
    LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807)
)
SELECT
    l.did,
    l.handle,
    l.hop,
    l.micros AS since_micros,
    CASE WHEN t.account IS NULL THEN b.did END AS by,
    COALESCE(
        (
            SELECT CAST(SUM(s.points) AS BIGINT)
            FROM v_tracked t
            CROSS JOIN assignment s
            WHERE s.holder = l.ledger_id AND s.origin = t.ledger_id
        ),
        0
    ) AS points,
    (
        SELECT COUNT(*)
        FROM v_tracked t
        CROSS JOIN assignment s
        WHERE s.holder = l.ledger_id AND s.origin = t.ledger_id
    ) AS origins
FROM latest l
LEFT JOIN tracked t ON t.account = l.number
LEFT JOIN account b ON b.id = l.by
ORDER BY l.id DESC;
