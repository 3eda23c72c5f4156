-- An account that takes part gets its number in the ledger once: a short row of its own, where an
-- update of its row in table account wrote all indexes of that, too.
CREATE TABLE ledger_number (
    ledger_id BIGINT NOT NULL PRIMARY KEY,       -- its number in the ledger
    account   BIGINT NOT NULL UNIQUE
);
INSERT INTO ledger_number
SELECT ledger_id, id FROM account WHERE ledger_id IS NOT NULL ORDER BY ledger_id;

-- The accounts that took part, with their numbers in the ledger. The other views are replaced, not
-- dropped: they keep who may read them, and views that others made of them.
CREATE VIEW numbered AS
SELECT n.ledger_id, a.id, a.did, a.handle, a.hop, a.since_micros, a.status, a.capped
FROM ledger_number n
JOIN account a ON a.id = n.account;

-- Every account of the ledger, as of its last image.
CREATE OR REPLACE VIEW v_accounts AS
SELECT
    COALESCE(a.did, 'sink') AS did,                      -- the sink has no DID
    a.handle,
    a.hop,                                               -- NULL: outside the circle
    l.own,                                               -- points it may still give in this epoch
    l.others,                                            -- received, of origins that were collapsed
    l.tally,                                             -- all received: others and the rows
    l.rows,                                              -- origins it holds points of
    l.unclaimed,                                         -- bundles that wait
    l.ordinal,                                           -- ticks it is settled to
    l.position,                                          -- journal position of the image
    l.id                                                 -- its number in the ledger
FROM ledger_account l
LEFT JOIN ledger_number n ON n.ledger_id = l.id
LEFT JOIN account a ON a.id = n.account;

-- Whose points everybody holds: one row for each holder and origin.
CREATE OR REPLACE VIEW v_assignments AS
SELECT
    COALESCE(h.did, 'sink') AS holder,
    h.handle AS holder_handle,
    h.hop AS holder_hop,
    o.did AS origin,
    o.handle AS origin_handle,
    o.hop AS origin_hop,
    s.points,
    s.holder AS holder_id,                               -- numbers in the ledger
    s.origin AS origin_id
FROM assignment s
JOIN numbered o ON o.ledger_id = s.origin
LEFT JOIN ledger_number n ON n.ledger_id = s.holder
LEFT JOIN account h ON h.id = n.account;

-- The view of each account: who holds the points it once gave. Ask for one: WHERE viewer = '…'.
CREATE OR REPLACE VIEW v_trust AS
SELECT
    o.did AS viewer,
    h.did,                                               -- the holder
    h.handle,
    h.hop,
    s.points,
    CAST(s.points AS DOUBLE PRECISION)
        / CAST(SUM(s.points) OVER (PARTITION BY o.did) AS DOUBLE PRECISION) AS share,
    RANK() OVER (PARTITION BY o.did ORDER BY s.points DESC) AS rank
FROM numbered o
JOIN assignment s ON s.origin = o.ledger_id AND s.holder <> 0
JOIN numbered h ON h.ledger_id = s.holder;

-- Points of tracked accounts that went from hand to hand: direct where sender is origin.
CREATE OR REPLACE VIEW v_flows AS
SELECT
    o.did AS origin,
    s.did AS sender,
    r.did AS receiver,
    f.epoch,
    f.points
FROM flow f
JOIN numbered o ON o.ledger_id = f.origin
JOIN numbered s ON s.ledger_id = f.sender
JOIN numbered r ON r.ledger_id = f.receiver;

-- The journal's likes and reposts: what each moved, or why it was rejected.
CREATE OR REPLACE VIEW v_likes AS
SELECT
    j.position,                                          -- in the order of the ledger
    j.epoch,
    j.micros,                                            -- event time
    CASE j.record WHEN 1 THEN 'like' WHEN 2 THEN 'repost' END AS record,
    s.did AS liker,
    s.hop AS liker_hop,                                  -- as of now
    r.did AS author,
    r.hop AS author_hop,
    j.points,
    j.sink_points,                                       -- of points, the sink's cut
    j.held,                                              -- 1: waits to be claimed
    CASE WHEN j.outcome = 0 THEN 1 ELSE 0 END AS accepted,
    CASE j.outcome
        WHEN 0 THEN NULL
        WHEN 1 THEN 'unknown account'
        WHEN 2 THEN 'too many accounts'
        WHEN 3 THEN 'the sink is a party'
        WHEN 4 THEN 'to oneself'
        WHEN 5 THEN 'no points'
        WHEN 6 THEN 'above the limit'
        WHEN 7 THEN 'not enough points'
        ELSE 'other'
    END AS rejected,                                     -- why; NULL: accepted
    j.rkey,                                              -- at://liker/app.bsky.feed.like/rkey
    j.subject_rkey                                       -- at://author/app.bsky.feed.post/subject_rkey
FROM journal j
JOIN numbered s ON s.ledger_id = j.sender
JOIN numbered r ON r.ledger_id = j.receiver
WHERE j.kind = 1;

-- Likes and reposts of a day, by hop of those who made them (their hop of now).
CREATE OR REPLACE VIEW v_activity AS
SELECT
    j.epoch,
    j.micros / 86400000000 * 86400000000 AS day_micros,  -- when the day began, UTC
    s.hop,                                               -- NULL: outside the circle by now
    COUNT(*) AS likes,
    CAST(SUM(CASE WHEN j.outcome = 0 THEN 1 ELSE 0 END) AS BIGINT) AS accepted,
    CAST(SUM(CASE WHEN j.outcome = 0 THEN 0 ELSE 1 END) AS BIGINT) AS rejected,
    CAST(SUM(CASE WHEN j.outcome = 0 THEN j.held ELSE 0 END) AS BIGINT) AS held,
    CAST(SUM(CASE WHEN j.outcome = 0 THEN j.points ELSE 0 END) AS BIGINT) AS points
FROM journal j
JOIN numbered s ON s.ledger_id = j.sender
WHERE j.kind < 2 -- that is 1; said so, SQLite makes no index for the occasion
GROUP BY j.epoch, j.micros / 86400000000, s.hop;

-- Bundles that wait because their receiver opted out of, or blocks, the sender.
CREATE OR REPLACE VIEW v_unclaimed AS
SELECT
    r.did AS receiver,
    r.handle AS receiver_handle,
    u.entry,                                             -- its place among the receiver's bundles
    s.did AS sender,
    s.handle AS sender_handle,
    u.points,
    t.ticks - u.ordinal AS ticks_waited,
    u.receiver AS receiver_id                            -- its number in the ledger
FROM unclaimed u
JOIN numbered r ON r.ledger_id = u.receiver
JOIN numbered s ON s.ledger_id = u.sender
CROSS JOIN state t;

-- The tracked accounts, whose points the reports count.
CREATE OR REPLACE VIEW v_tracked AS
SELECT
    a.did,
    a.handle,
    t.label,
    n.ledger_id                                          -- NULL: never took part
FROM tracked t
CROSS JOIN account a -- in this order, also where a report joins further
LEFT JOIN ledger_number n ON n.account = a.id
WHERE a.id = t.account;

ALTER TABLE account DROP COLUMN ledger_id;
