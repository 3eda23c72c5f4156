-- What waits to be claimed?
--
-- Bundles of points that were sent to somebody who opted out, or blocks the sender. They shrink
-- with every tick and are dropped in the end.
--
-- Columns
--   receiver         DID of who may claim it
--   receiver_handle  its name, NULL until known
--   entry            its place among the receiver's bundles, 0 is the oldest
--   sender           DID of who sent it
--   sender_handle    its name, NULL until known
--   points           points in it, as they were sent
--   ticks_waited     ticks since it was sent
--
-- For example: kith report unclaimed --limit 4
--     receiver           entry  sender             points  ticks_waited
--     user037.pds1.test      0  user006.pds1.test      99             4
--     user037.pds1.test      1  twice-b.pds1.test      99             2
--     user037.pds1.test      2  twice-b.pds1.test      99             2
--     user037.pds1.test      3  user010.pds1.test      99             2
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/unclaimed.sql
--   psql -v limit=20 postgres://… -f reports/unclaimed.sql
SELECT
    receiver,
    receiver_handle,
    entry,
    sender,
    sender_handle,
    points,
    ticks_waited
FROM v_unclaimed
ORDER BY points DESC, receiver_id, entry
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
