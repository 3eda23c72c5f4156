-- By which transfers did one account's points come to another?
--
-- The legs of all ways from the viewer to the holder, nearest to the holder first: read them from
-- a leg whose receiver is the holder back to one whose sender is the viewer. Flows are kept for
-- tracked accounts, so the viewer is one of those. Points are what flowed since it is; some have
-- decayed or gone on since. Ways of more than eight legs are not followed.
--
-- Columns
--   step             legs from this one's receiver to the holder, and this one: 1 is the last
--   sender           DID of who passed the points on
--   sender_handle    its name, NULL until known
--   receiver         DID of who got them
--   receiver_handle  its name, NULL until known
--   points           the viewer's points that went this way
--   share            points as a fraction of all of the viewer's points that reached the receiver
--                    since it is tracked, 0 to 1
--   first_epoch      when the first of them went
--   last_epoch       and the last
--
-- For example: kith report why --viewer user010.pds1.test --holder user000.pds1.test --limit 6
--     step  sender             receiver           points  share  first_epoch  last_epoch
--        1  user010.pds1.test  user000.pds1.test      72  0.935    359045493   359045493
--        1  user009.pds1.test  user000.pds1.test       4  0.052    359045495   359045495
--        1  user018.pds1.test  user000.pds1.test       1  0.013    359045494   359045494
--        2  user010.pds1.test  user009.pds1.test      81  1.000    359045494   359045494
--        2  twice-b.pds1.test  user018.pds1.test       6  1.000    359045493   359045493
--        3  user010.pds1.test  twice-b.pds1.test      85  1.000    359045493   359045493
--
-- By hand
--   sqlite3 -cmd ".parameter set :viewer 'did:plc:…'" -cmd ".parameter set :holder 'did:plc:…'" -cmd ".parameter set :limit 20" kith.db < reports/why.sql
--   psql -v viewer="'did:plc:…'" -v holder="'did:plc:…'" -v limit=20 postgres://… -f reports/why.sql
WITH RECURSIVE viewer AS (
    SELECT a.ledger_id
    FROM numbered a
    JOIN tracked t ON t.account = a.id
    WHERE a.did = :viewer
),
back AS (
    SELECT ledger_id AS account, 1 AS step
    FROM numbered
    WHERE did = :holder
    UNION
    SELECT f.sender, b.step + 1
    FROM back b
    CROSS JOIN viewer v
    JOIN flow f ON f.origin = v.ledger_id AND f.receiver = b.account
    WHERE b.step < 8 AND b.account <> v.ledger_id
),
near AS (
    SELECT account, MIN(step) AS step
    FROM back
    GROUP BY account
),
leg AS (
    SELECT
        n.step,
        f.sender,
        f.receiver,
        CAST(SUM(f.points) AS BIGINT) AS points,
        MIN(f.epoch) AS first_epoch,
        MAX(f.epoch) AS last_epoch
    FROM near n
    CROSS JOIN viewer v
    JOIN flow f ON f.origin = v.ledger_id AND f.receiver = n.account
    GROUP BY n.step, f.sender, f.receiver
)
SELECT
    l.step,
    s.did AS sender,
    s.handle AS sender_handle,
    r.did AS receiver,
    r.handle AS receiver_handle,
    l.points,
    CAST(l.points AS DOUBLE PRECISION)
        / CAST(SUM(l.points) OVER (PARTITION BY l.receiver) AS DOUBLE PRECISION) AS share,
    l.first_epoch,
    l.last_epoch
FROM leg l
JOIN numbered s ON s.ledger_id = l.sender
JOIN numbered r ON r.ledger_id = l.receiver
ORDER BY l.step, l.points DESC, l.sender, l.receiver
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
