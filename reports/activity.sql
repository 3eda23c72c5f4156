-- How many likes a day, and by whom?
--
-- Likes and reposts that reached the ledger, by day (UTC) and by the hop of those who made them,
-- the latest day first: since the last tick before a moment (:since, unix microseconds; NULL:
-- thirty days before the last event). Every such row of the journal is read.
--
-- Columns
--   day_micros  when the day began, unix microseconds
--   hop         hop of those who liked, as of now; NULL: outside the circle by now
--   likes       likes and reposts
--   accepted    of them, those that moved points
--   rejected    of them, those whose points were lacking
--   held        of the accepted, those that wait to be claimed
--   points      points that the accepted ones moved, with the sink's cut
--
-- For example: kith report activity
--     day                   hop  likes  accepted  rejected  held  points
--     2026-11-21T00:00:00Z    0     13        13         0     1   1,300
--     2026-11-21T00:00:00Z    1     36        36         0     2   3,600
--     2026-11-21T00:00:00Z    2    122        74        48     4   7,400
--     2026-11-21T00:00:00Z    -      1         1         0     0     100
--
-- By hand
--   sqlite3 -cmd ".parameter set :since NULL" -cmd ".parameter set :limit 20" kith.db < reports/activity.sql
--   psql -v since=NULL -v limit=20 postgres://… -f reports/activity.sql
WITH start AS (
    SELECT COALESCE(MAX(j.epoch), -9223372036854775807) AS epoch
    FROM state s
    JOIN journal j ON j.kind = 2 AND j.kind <> 1
        AND j.micros <= COALESCE(CAST(:since AS BIGINT), s.clock_micros - 2592000000000)
)
SELECT
    v.day_micros,
    v.hop,
    CAST(SUM(v.likes) AS BIGINT) AS likes,
    CAST(SUM(v.accepted) AS BIGINT) AS accepted,
    CAST(SUM(v.rejected) AS BIGINT) AS rejected,
    CAST(SUM(v.held) AS BIGINT) AS held,
    CAST(SUM(v.points) AS BIGINT) AS points
FROM v_activity v
WHERE v.epoch >= (SELECT epoch FROM start)
GROUP BY v.day_micros, v.hop
ORDER BY v.day_micros DESC, COALESCE(v.hop, 1000)
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
