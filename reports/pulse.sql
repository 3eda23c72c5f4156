-- How many likes a minute, of late?
--
-- Likes and reposts that reached the ledger, by minute of event time, the latest minute first: of
-- the last 20,000 rows of the journal, which may begin in the middle of a minute.
--
-- Columns
--   minute_micros  when the minute began, unix microseconds
--   likes          likes and reposts
--   accepted       of them, those that moved points
--   points         what the accepted ones are worth, with the sink's cut; rule reference rounds,
--                  and moves a few points less
--   likers         accounts that made them
--
-- For example: kith report pulse
--     minute                likes  accepted  points  likers
--     2026-11-21T02:17:00Z    172       124  12,400      23
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/pulse.sql
--   psql -v limit=20 postgres://… -f reports/pulse.sql
SELECT
    j.micros / 60000000 * 60000000 AS minute_micros,
    COUNT(*) AS likes,
    CAST(SUM(CASE WHEN j.outcome = 0 THEN 1 ELSE 0 END) AS BIGINT) AS accepted,
    CAST(SUM(CASE WHEN j.outcome = 0 THEN j.points ELSE 0 END) AS BIGINT) AS points,
    COUNT(DISTINCT j.sender) AS likers
FROM journal j
WHERE j.position > (SELECT s.position - 20000 FROM state s) AND j.kind = 1
GROUP BY j.micros / 60000000 * 60000000
ORDER BY minute_micros DESC
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
