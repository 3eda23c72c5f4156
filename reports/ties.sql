-- Between whom did most points of the tracked accounts go?
--
-- Legs on which tracked accounts' points travelled, first and second hand, the strongest first:
-- the picture of the circle is drawn of these. Points are what flowed, ever; some have decayed or
-- gone on since. Every flow that is kept is read.
--
-- Columns
--   rank             1 is first; equal points, equal rank
--   sender           DID of who passed the points on
--   sender_handle    its name, NULL until known
--   receiver         DID of who got them
--   receiver_handle  its name, NULL until known
--   points           tracked accounts' points that went this way
--   origins          tracked accounts whose points they were
--
-- For example: kith report ties --limit 5
--     rank  sender
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/ties.sql
--   psql -v limit=20 postgres://… -f reports/ties.sql
WITH leg AS (
    SELECT
        sender,
        receiver,
        CAST(SUM(points) AS BIGINT) AS points,
        COUNT(DISTINCT origin) AS origins
    FROM flow
    GROUP BY sender, receiver
),
best AS (
    SELECT *, RANK() OVER (ORDER BY points DESC) AS rank
    FROM leg
    ORDER BY points DESC, sender, receiver
    LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807)
)
SELECT
    b.rank,
    s.did AS sender,
    s.handle AS sender_handle,
    r.did AS receiver,
    r.handle AS receiver_handle,
    b.points,
    b.origins
FROM best b
JOIN account s ON s.ledger_id = b.sender
JOIN account r ON r.ledger_id = b.receiver
ORDER BY b.rank, b.sender, b.receiver;
