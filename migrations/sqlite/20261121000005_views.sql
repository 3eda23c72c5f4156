-- Views for people: DIDs and handles instead of numbers, one row a fact. They are what may be
-- relied on from outside, so that tables can change; the same in SQLite and PostgreSQL. Times are
-- unix microseconds, points whole points, yes and no 1 and 0. A later migration that changes a
-- table drops and makes its views again.

-- Serves v_circle, `report circle` and `kith explain`: how an account came and went.
CREATE INDEX circle_change_account ON circle_change (account, id);
-- Serves `report rejections`: rejected operations are few among those accepted.
CREATE INDEX journal_rejected ON journal (position) WHERE outcome <> 0;

-- The members of the circle, and by whose record each came in.
CREATE VIEW v_circle AS
SELECT
    a.did,
    a.handle,                                            -- NULL until known
    a.hop,                                               -- 0 tracked, 1 followed by those, …
    CASE WHEN a.status = 'active' THEN 1 ELSE 0 END AS active,
    a.status,                                            -- active, deactivated, suspended, …
    a.since_micros,                                      -- event time of entering
    b.did AS by_did,                                     -- whose record; NULL for tracked accounts
    c.cause,                                             -- follow, track, backfill, …
    c.rkey,                                              -- of that record
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
LEFT JOIN account a ON a.ledger_id = l.id;

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
JOIN account o ON o.ledger_id = s.origin
LEFT JOIN account h ON h.ledger_id = s.holder;

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
FROM account o
JOIN assignment s ON s.origin = o.ledger_id AND s.holder <> 0
JOIN account h ON h.ledger_id = s.holder;

-- Points of tracked accounts that went from hand to hand: direct where sender is origin.
CREATE VIEW v_flows AS
SELECT
    o.did AS origin,
    s.did AS sender,
    r.did AS receiver,
    f.epoch,
    f.points
FROM flow f
JOIN account o ON o.ledger_id = f.origin
JOIN account s ON s.ledger_id = f.sender
JOIN account r ON r.ledger_id = f.receiver;

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
JOIN account s ON s.ledger_id = j.sender
JOIN account r ON r.ledger_id = j.receiver
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
JOIN account s ON s.ledger_id = j.sender
WHERE j.kind < 2 -- that is 1; said so, SQLite makes no index for the occasion
GROUP BY j.epoch, j.micros / 86400000000, s.hop;

-- The books: what was minted, moved and lost in each epoch. Over all epochs
-- minted = held + others + unclaimed + what the sink has + lost.
CREATE VIEW v_epochs AS
SELECT
    e.ordinal,                                           -- ticks before it
    e.epoch,
    CASE WHEN e.epoch >= s.epoch_base
        THEN s.epoch_base_micros + (e.epoch - s.epoch_base) * s.epoch_micros
    END AS begins_micros,                                -- NULL: before the length was changed
    e.minted,                                            -- own points topped up, less those unspent
    e.moved,                                             -- paid towards receivers
    e.sink,                                              -- paid towards the sink
    e.returned,                                          -- lost: came back to their origin
    e.decayed,                                           -- lost at ticks
    e.expired,                                           -- lost with bundles nobody claimed
    e.burned,                                            -- lost to rounding (rule reference)
    e.forgotten,                                         -- lost with forgotten accounts
    e.returned + e.decayed + e.expired + e.burned + e.forgotten AS lost
FROM epoch e
CROSS JOIN state s;

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
JOIN account r ON r.ledger_id = u.receiver
JOIN account s ON s.ledger_id = u.sender
CROSS JOIN state t;

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

-- The tracked accounts, whose points the reports count.
CREATE VIEW v_tracked AS
SELECT
    a.did,
    a.handle,
    t.label,
    a.ledger_id                                          -- NULL: never took part
FROM tracked t
CROSS JOIN account a -- in this order, also where a report joins further
WHERE a.id = t.account;

-- How large the database is.
CREATE VIEW v_size AS
SELECT pages.page_count * size.page_size AS bytes
FROM pragma_page_count AS pages
CROSS JOIN pragma_page_size AS size;
