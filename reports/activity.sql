-- How many likes a day, and by whom?
--
-- Likes and reposts that reached the ledger, by day (UTC) and by the hop of those who made them, the
-- latest day first: since a moment (:since, unix microseconds; NULL: seven days before the last
-- event). All of the journal since the tick before that moment is read.
--
-- Columns
--   day_micros  when the day began, unix microseconds
--   hop         hop of those who liked, as of now; NULL: outside the circle by now
--   likers      accounts that made any
--   likes       likes and reposts
--   accepted    of them, those that moved points
--   rejected    of them, those whose points were lacking
--   held        of the accepted, those held back when they were made; some may be claimed or expired
--   points      what the accepted ones are worth, with the sink's cut; rule reference rounds, and
--               moves a few points less
--
-- For example: kith report activity
--     day                   hop  likers  likes  accepted  rejected  held  points
--     2026-11-21T00:00:00Z    0       2     13        13         0     1   1,300
--     2026-11-21T00:00:00Z    1       6     36        36         0     2   3,600
--     2026-11-21T00:00:00Z    2      14    122        74        48     4   7,400
--     2026-11-21T00:00:00Z    -       1      1         1         0     0     100
--
-- By hand
--   sqlite3 -cmd ".parameter set :since NULL" -cmd ".parameter set :limit 20" kith.db < reports/activity.sql
--   psql -v since=NULL -v limit=20 postgres://… -f reports/activity.sql
WITH start AS (
    -- The last tick before that moment: whatever is earlier in the journal is older.
    SELECT
        s.since,
        (
            SELECT COALESCE(MAX(j.position), 0)
            FROM journal j
            WHERE j.kind = 2 AND j.kind <> 1 AND j.micros <= s.since
        ) AS position
    FROM (
        SELECT COALESCE(CAST(:since AS BIGINT), clock_micros - 604800000000) AS since
        FROM state
    ) s
),
-- One row for each account and day, so that its hop is looked up once.
likes AS (
    SELECT
        j.micros / 86400000000 AS day,
        j.sender,
        COUNT(*) AS likes,
        SUM(CASE WHEN j.outcome = 0 THEN 1 ELSE 0 END) AS accepted,
        SUM(CASE WHEN j.outcome = 0 THEN j.held ELSE 0 END) AS held,
        SUM(CASE WHEN j.outcome = 0 THEN j.points ELSE 0 END) AS points
    FROM start
    JOIN journal j ON j.position > start.position
    -- A kind is 1 or more. Said so, SQLite makes no index for the occasion.
    WHERE j.kind < 2 AND j.micros >= start.since
    GROUP BY j.micros / 86400000000, j.sender
)
SELECT
    l.day * 86400000000 AS day_micros,
    a.hop,
    COUNT(*) AS likers,
    CAST(SUM(l.likes) AS BIGINT) AS likes,
    CAST(SUM(l.accepted) AS BIGINT) AS accepted,
    CAST(SUM(l.likes - l.accepted) AS BIGINT) AS rejected,
    CAST(SUM(l.held) AS BIGINT) AS held,
    CAST(SUM(l.points) AS BIGINT) AS points
FROM likes l
JOIN numbered a ON a.ledger_id = l.sender
GROUP BY l.day, a.hop
ORDER BY l.day DESC, COALESCE(a.hop, 1000)
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
