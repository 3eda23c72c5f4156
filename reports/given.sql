-- To whom did one account's points go?
--
-- The likes and reposts that an account made since a moment (:since, unix microseconds; NULL:
-- since the current epoch began), by whom they were for, and what these still hold of its points.
-- The journal has no index by sender, which would cost the writer more than this question is
-- worth: all of the journal since then is read. Whoever may not know of blocks and opt-outs is told
-- without the likes that were held back for them (:unheld, 1; NULL: all).
--
-- Columns
--   did          who was liked
--   handle       its name, NULL until known
--   hop          distance from the tracked accounts, NULL outside the circle
--   likes        likes and reposts, rejected ones too
--   rejected     of them, not counted because points were lacking
--   held         of them, held back when they were made; some may be claimed or expired since
--   points       what the accepted ones are worth, with the sink's cut; rule reference rounds, and
--                moves a few points less (history has those that moved)
--   holds        points of the account that the other holds now, whenever and however they came
--   last_micros  event time of the last of these likes, unix microseconds
--
-- For example: kith report given --account user010.pds1.test --since 30s --limit 5
--     account                           hop  likes  rejected  held  points  holds  last
--     did:plc:jxaeq2uzglxs44py7ai5rfbc    2      1         0     0     100     63  2026-11-21T02:17:49Z
--     user009.pds1.test                   1      1         0     0     100     65  2026-11-21T02:17:53Z
--     user037.pds1.test                   2      1         0     1     100      0  2026-11-21T02:17:48Z
--     user000.pds1.test                   0      1         0     0     100     51  2026-11-21T02:17:48Z
--     renamed.pds1.test                   2      1         0     0     100     38  2026-11-21T02:17:44Z
--
-- By hand
--   sqlite3 -cmd ".parameter set :account 'did:plc:…'" -cmd ".parameter set :since NULL" -cmd ".parameter set :unheld NULL" -cmd ".parameter set :limit 20" kith.db < reports/given.sql
--   psql -v account="'did:plc:…'" -v since=NULL -v unheld=NULL -v limit=20 postgres://… -f reports/given.sql
WITH who AS (
    SELECT ledger_id
    FROM numbered
    WHERE did = :account
),
start AS (
    -- The last tick before that moment: whatever is earlier in the journal is older.
    SELECT COALESCE(MAX(position), 0) AS position
    FROM journal
    WHERE kind = 2 AND kind <> 1
        AND micros <= COALESCE(CAST(:since AS BIGINT), 9223372036854775807)
),
likes AS (
    SELECT
        w.ledger_id AS sender,
        j.receiver,
        COUNT(*) AS likes,
        CAST(SUM(CASE WHEN j.outcome = 0 THEN 0 ELSE 1 END) AS BIGINT) AS rejected,
        CAST(SUM(CASE WHEN j.outcome = 0 THEN j.held ELSE 0 END) AS BIGINT) AS held,
        CAST(SUM(CASE WHEN j.outcome = 0 THEN j.points ELSE 0 END) AS BIGINT) AS points,
        MAX(j.micros) AS last_micros
    FROM start
    CROSS JOIN who w
    JOIN journal j ON j.position > start.position AND j.sender = w.ledger_id
    -- A kind is 1 or more. Said so, SQLite makes no index for the occasion.
    WHERE j.kind < 2 AND j.micros >= COALESCE(CAST(:since AS BIGINT), 0)
        AND (CAST(:unheld AS BIGINT) IS NULL OR j.outcome <> 0 OR j.held = 0)
    GROUP BY w.ledger_id, j.receiver
)
SELECT
    r.did,
    r.handle,
    r.hop,
    l.likes,
    l.rejected,
    l.held,
    l.points,
    COALESCE(s.points, 0) AS holds,
    l.last_micros
FROM likes l
JOIN numbered r ON r.ledger_id = l.receiver
LEFT JOIN assignment s ON s.holder = l.receiver AND s.origin = l.sender
ORDER BY l.points DESC, l.likes DESC, l.receiver
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
