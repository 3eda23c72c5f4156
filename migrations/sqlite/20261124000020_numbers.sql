-- An account that takes part gets its number in the ledger once: a short row of its own, where an
-- update of its row in table account wrote all indexes of that, too.
CREATE TABLE ledger_number (
    ledger_id INTEGER NOT NULL PRIMARY KEY,       -- its number in the ledger
    account   INTEGER NOT NULL UNIQUE
) STRICT;
INSERT INTO ledger_number
SELECT ledger_id, id FROM account WHERE ledger_id IS NOT NULL ORDER BY ledger_id;

DROP VIEW v_accounts;
DROP VIEW v_assignments;
DROP VIEW v_trust;
DROP VIEW v_flows;
DROP VIEW v_likes;
DROP VIEW v_activity;
DROP VIEW v_unclaimed;
DROP VIEW v_tracked;
DROP VIEW v_changes;
DROP VIEW v_gaps;
DROP VIEW v_circle;
-- A column that is unique cannot be dropped. Views that others made name the table while it is gone.
PRAGMA legacy_alter_table = ON;
CREATE TABLE account_new (
    id             INTEGER NOT NULL PRIMARY KEY,
    did            TEXT NOT NULL UNIQUE,
    handle         TEXT,                       -- a display label; NULL until known
    hop            INTEGER,                    -- NULL: not a member of the circle
    since_micros   INTEGER,                    -- event time of entering the circle
    status         TEXT NOT NULL DEFAULT 'active',
    capped         INTEGER NOT NULL DEFAULT 0  -- 1: follows read only up to max_follows
) STRICT;
INSERT INTO account_new
SELECT id, did, handle, hop, since_micros, status, capped FROM account ORDER BY id;
DROP TABLE account;
ALTER TABLE account_new RENAME TO account;
PRAGMA legacy_alter_table = OFF;
CREATE INDEX account_hop ON account (hop, id) WHERE hop IS NOT NULL;

-- The accounts that took part, with their numbers in the ledger.
CREATE VIEW numbered AS
SELECT n.ledger_id, a.id, a.did, a.handle, a.hop, a.since_micros, a.status, a.capped
FROM ledger_number n
JOIN account a ON a.id = n.account;

-- Every account of the ledger, as of its last image.
CREATE VIEW v_accounts AS
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
CREATE VIEW v_assignments AS
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
CREATE VIEW v_trust AS
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
CREATE VIEW v_flows AS
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
CREATE VIEW v_likes AS
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
CREATE VIEW v_activity AS
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
CREATE VIEW v_unclaimed AS
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
CREATE VIEW v_tracked AS
SELECT
    a.did,
    a.handle,
    t.label,
    n.ledger_id                                          -- NULL: never took part
FROM tracked t
CROSS JOIN account a -- in this order, also where a report joins further
LEFT JOIN ledger_number n ON n.account = a.id
WHERE a.id = t.account;

-- The members of the circle, and by whose record each came in.
CREATE VIEW v_circle AS
SELECT
    a.did,
    a.handle,                                            -- NULL until known
    a.hop,                                               -- 0 tracked, 1 followed by those, …
    CASE WHEN a.status = 'active' THEN 1 ELSE 0 END AS active,
    a.status,                                            -- active, deactivated, suspended, …
    a.since_micros,                                      -- event time of entering
    CASE WHEN t.account IS NULL THEN b.did END AS by_did, -- whose record; NULL for tracked accounts
    c.cause,                                             -- follow, track, backfill, …
    CASE WHEN t.account IS NULL THEN c.rkey END AS rkey, -- of that record
    CASE WHEN t.account IS NULL THEN 0 ELSE 1 END AS tracked,
    t.label,                                             -- from the configuration
    a.capped,                                            -- 1: follows read only up to max_follows
    a.id AS account                                      -- its number in table account
FROM account a
LEFT JOIN tracked t ON t.account = a.id
LEFT JOIN circle_change c ON c.id = (
    SELECT MAX(x.id)
    FROM circle_change x
    WHERE x.account = a.id AND x.from_hop IS NULL
)
LEFT JOIN account b ON b.id = c.by
WHERE a.hop IS NOT NULL;

-- Who entered, left or changed hop, and by which record.
CREATE VIEW v_changes AS
SELECT
    c.id,                                                -- in the order in which they happened
    c.micros,
    a.did,
    a.handle,
    c.from_hop,                                          -- NULL: was outside
    c.to_hop,                                            -- NULL: is outside
    c.cause,
    b.did AS by_did,
    c.rkey
FROM circle_change c
JOIN account a ON a.id = c.account
LEFT JOIN account b ON b.id = c.by;

-- What was missed, and what reading it again brought.
CREATE VIEW v_gaps AS
SELECT
    g.id,
    g.kind,
    a.did,                                               -- NULL: everybody's events
    g.source,
    g.from_rev,
    g.to_rev,
    g.from_micros,
    g.to_micros,
    g.accounts,
    g.accounts_left,
    g.opened_micros,
    g.closed_micros,                                     -- NULL: open
    g.likes_found,
    g.follows_changed,
    g.blocks_changed
FROM gap g
LEFT JOIN account a ON a.id = g.account;
