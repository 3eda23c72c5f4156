-- By which ties did most points of each tracked account go?
--
-- The legs on which tracked accounts' points travelled, first and second hand, the strongest first:
-- the picture of the circle is drawn of these. Points are what flowed, ever; some have decayed or
-- gone on since. Every flow of theirs is read.
--
-- Columns
--   rank             1 is first; equal points, equal rank
--   origin           DID of the tracked account whose points they were
--   origin_handle    its name, NULL until known
--   sender           DID of who passed them on: the origin itself where they came first hand
--   sender_handle    its name, NULL until known
--   receiver         DID of who got them
--   receiver_handle  its name, NULL until known
--   points           how many went this way
--
-- For example: kith report ties --limit 5
--     rank  origin             sender             receiver           points
--        1  user000.pds1.test  user000.pds1.test  user008.pds1.test     156
--        2  user000.pds1.test  user000.pds1.test  user021.pds1.test     113
--        3  user010.pds1.test  user010.pds1.test  twice-b.pds1.test      85
--        4  user010.pds1.test  user010.pds1.test  renamed.pds1.test      83
--        5  user010.pds1.test  user010.pds1.test  user009.pds1.test      81
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/ties.sql
--   psql -v limit=20 postgres://… -f reports/ties.sql
WITH best AS (
    -- In the order of the key, so that nothing but the best is sorted.
    SELECT origin, receiver, sender, CAST(SUM(points) AS BIGINT) AS points
    FROM flow
    WHERE origin IN (
        SELECT n.ledger_id
        FROM tracked t
        CROSS JOIN ledger_number n -- in this order: SQLite would read all of the second
        WHERE n.account = t.account
    )
    GROUP BY origin, receiver, sender
    ORDER BY CAST(SUM(points) AS BIGINT) DESC, origin, receiver, sender
    LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807)
)
SELECT
    RANK() OVER (ORDER BY b.points DESC) AS rank,
    o.did AS origin,
    o.handle AS origin_handle,
    s.did AS sender,
    s.handle AS sender_handle,
    r.did AS receiver,
    r.handle AS receiver_handle,
    b.points
FROM best b
JOIN numbered o ON o.ledger_id = b.origin
JOIN numbered s ON s.ledger_id = b.sender
JOIN numbered r ON r.ledger_id = b.receiver
ORDER BY rank, b.origin, b.receiver, b.sender;
