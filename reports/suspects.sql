-- Which accounts hold points in a way worth a second look?
--
-- Facts with their evidence, not verdicts: a good friend may be somebody's only origin, and a
-- family is a closed ring. Looked at are the 200 accounts that hold most points of everybody,
-- tracked ones too.
--
--   one origin      at least half of the points come from one account (most)
--   edge            at least half come from the last degree or from outside the circle, whose
--                   follows do not make it; accounts is how many origins
--   closed ring     the account and those 20 at most with whom it exchanged most (accounts, most the
--                   first of them) hold at least half of all their points from each other
--   sudden crowd    in this epoch at least five accounts liked it, three times as many as in the
--                   epoch before; share is the part of them that had not liked it then, most the
--                   one whose likes brought most points
--
-- Columns
--   fact         one of these words
--   did          the account
--   handle       its name, NULL until known
--   hop          distance from the tracked accounts, NULL outside the circle
--   share        the part that makes it a fact, 0 to 1
--   points       points that the account holds
--   accounts     how many others are the evidence
--   before       of a sudden crowd: how many there were in the epoch before, else NULL
--   most         DID of the one of them that weighs most
--   most_points  points of that one (of a ring: the smaller of the two holdings)
--
-- For example: kith report suspects --limit 4
--     fact        account              hop  share  points  accounts  before  most               most_points
--     edge        movedaway.pds1.test    1  1.000     131         2  -       user033.pds1.test           79
--     edge        user030.pds1.test      1  1.000      80         1  -       user038.pds1.test           80
--     one origin  user030.pds1.test      1  1.000      80         1  -       user038.pds1.test           80
--     edge        user017.pds1.test      2  0.974     189         5  -       user032.pds1.test           99
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/suspects.sql
--   psql -v limit=20 postgres://… -f reports/suspects.sql
WITH pool AS (
    SELECT id, tally
    FROM ledger_account
    WHERE id <> 0 AND tally > 0
    ORDER BY tally DESC, id
    LIMIT 200
),
held AS (
    SELECT
        p.id AS holder,
        p.tally,
        s.origin,
        s.points,
        CASE WHEN o.hop < (SELECT depth FROM state) THEN 1 ELSE 0 END AS inside,
        ROW_NUMBER() OVER (PARTITION BY p.id ORDER BY s.points DESC, s.origin) AS place
    FROM pool p
    JOIN assignment s ON s.holder = p.id
    JOIN numbered o ON o.ledger_id = s.origin
),
one_origin AS (
    SELECT holder, points AS part, tally, 1 AS accounts, origin AS most, points AS most_points
    FROM held
    WHERE place = 1 AND points * 2 >= tally
),
edge AS (
    SELECT
        h.holder,
        CAST(SUM(h.points) AS BIGINT) AS part,
        h.tally,
        COUNT(*) AS accounts,
        MIN(CASE WHEN h.place = f.place THEN h.origin END) AS most,
        MAX(h.points) AS most_points
    FROM held h
    JOIN (SELECT holder, MIN(place) AS place FROM held WHERE inside = 0 GROUP BY holder) f
        ON f.holder = h.holder
    WHERE h.inside = 0
    GROUP BY h.holder, h.tally
    HAVING SUM(h.points) * 2 >= h.tally
),
mutual AS (
    SELECT holder, origin, least, place
    FROM (
        SELECT
            holder,
            origin,
            least,
            ROW_NUMBER() OVER (PARTITION BY holder ORDER BY least DESC, origin) AS place
        FROM (
            SELECT
                h.holder,
                h.origin,
                CASE WHEN h.points < b.points THEN h.points ELSE b.points END AS least
            FROM held h
            JOIN assignment b ON b.holder = h.origin AND b.origin = h.holder
        ) ties
    ) placed
    WHERE place <= 20
),
ring AS (
    SELECT holder, origin AS member FROM mutual
    UNION ALL
    SELECT holder, holder FROM mutual WHERE place = 1
),
inner_points AS (
    SELECT a.holder, CAST(SUM(s.points) AS BIGINT) AS points
    FROM ring a
    JOIN ring b ON b.holder = a.holder
    JOIN assignment s ON s.holder = a.member AND s.origin = b.member
    GROUP BY a.holder
),
ring_points AS (
    SELECT r.holder, CAST(SUM(l.tally) AS BIGINT) AS points, COUNT(*) - 1 AS accounts
    FROM ring r
    JOIN ledger_account l ON l.id = r.member
    GROUP BY r.holder
),
liker AS (
    SELECT
        j.receiver,
        j.sender,
        CAST(SUM(CASE WHEN j.epoch = now.epoch THEN j.points ELSE 0 END) AS BIGINT) AS points,
        MAX(CASE WHEN j.epoch = now.epoch THEN 1 ELSE 0 END) AS likes_now,
        MAX(CASE WHEN j.epoch = now.epoch THEN 0 ELSE 1 END) AS liked_before
    FROM state now
    -- Behind the tick that began the epoch before, if there was one and it is kept.
    JOIN journal j ON j.position > (
        SELECT COALESCE(MIN(t.position), 0)
        FROM journal t
        WHERE t.kind = 2 AND t.kind <> 1 AND t.epoch = (SELECT epoch - 1 FROM state)
    )
    -- A kind is 1 or more. Said so, SQLite makes no index for the occasion.
    WHERE j.kind < 2 AND j.outcome < 1 AND j.epoch >= now.epoch - 1
        AND j.receiver IN (SELECT id FROM pool)
    GROUP BY j.receiver, j.sender
),
crowd AS (
    SELECT
        receiver AS holder,
        CAST(SUM(likes_now) AS BIGINT) AS accounts,
        CAST(SUM(liked_before) AS BIGINT) AS before,
        CAST(SUM(likes_now * (1 - liked_before)) AS BIGINT) AS fresh,
        MAX(points) AS most_points
    FROM liker
    GROUP BY receiver
    HAVING SUM(likes_now) >= 5 AND SUM(likes_now) >= 3 * SUM(liked_before)
),
fact AS (
    SELECT
        'one origin' AS fact, holder, CAST(part AS DOUBLE PRECISION) / CAST(tally AS DOUBLE PRECISION) AS share,
        accounts, CAST(NULL AS BIGINT) AS before, most, most_points
    FROM one_origin
    UNION ALL
    SELECT
        'edge', holder, CAST(part AS DOUBLE PRECISION) / CAST(tally AS DOUBLE PRECISION),
        accounts, NULL, most, most_points
    FROM edge
    UNION ALL
    SELECT
        'closed ring', r.holder, CAST(i.points AS DOUBLE PRECISION) / CAST(r.points AS DOUBLE PRECISION),
        r.accounts, NULL, m.origin, m.least
    FROM ring_points r
    JOIN inner_points i ON i.holder = r.holder
    JOIN mutual m ON m.holder = r.holder AND m.place = 1
    WHERE i.points * 2 >= r.points AND r.points > 0
    UNION ALL
    SELECT
        'sudden crowd', c.holder, CAST(c.fresh AS DOUBLE PRECISION) / CAST(c.accounts AS DOUBLE PRECISION),
        c.accounts, c.before,
        (SELECT MIN(l.sender) FROM liker l WHERE l.receiver = c.holder AND l.points = c.most_points),
        c.most_points
    FROM crowd c
)
SELECT
    f.fact,
    a.did,
    a.handle,
    a.hop,
    f.share,
    p.tally AS points,
    f.accounts,
    f.before,
    m.did AS most,
    f.most_points
FROM fact f
JOIN pool p ON p.id = f.holder
JOIN numbered a ON a.ledger_id = f.holder
LEFT JOIN ledger_number nm ON nm.ledger_id = f.most
LEFT JOIN account m ON m.id = nm.account
ORDER BY f.share DESC, p.tally DESC, f.holder, f.fact
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
