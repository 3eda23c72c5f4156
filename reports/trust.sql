-- Who is trusted by one account, and how directly?
--
-- Who holds points that the viewer once gave: by liking them (direct), or by way of others who
-- were liked by the viewer and passed the points on (second hand). How the points came is known
-- from the flows, which are kept of pinned, that is of tracked, accounts; what has decayed since is
-- taken from both in proportion. direct, second_hand and through are NULL where that is not known: for
-- a viewer that is not tracked, or not pinned, and where more is held than has come since it is. (What
-- is held fades and flows do not: what was held when it was pinned passes for a part of them later.)
--
-- Columns
--   did             the holder
--   handle          its name, NULL until known
--   hop             distance from the tracked accounts, NULL outside the circle
--   points          the viewer's points it holds
--   share           points as a fraction of all of the viewer's points that anybody holds, 0 to 1
--   rank            1 is first; equal points, equal rank
--   direct          of points, those that came straight from the viewer
--   second_hand     of points, those that came through others
--   through         DID of who passed on most of those, NULL if nobody
--   through_handle  its name, NULL until known
--
-- For example: kith report trust --viewer user010.pds1.test --limit 6
--     account                           hop  points  share  rank  direct  second_hand  through
--     user001.pds1.test                   2      90  0.233     1      77           13  twice-b.pds1.test
--     user009.pds1.test                   1      65  0.168     2      65            0  -
--     did:plc:jxaeq2uzglxs44py7ai5rfbc    2      63  0.163     3      59            4  renamed.pds1.test
--     user000.pds1.test                   0      51  0.132     4      47            4  user009.pds1.test
--     renamed.pds1.test                   2      38  0.098     5      38            0  -
--     twice-b.pds1.test                   2      35  0.090     6      35            0  -
--
-- By hand
--   sqlite3 -cmd ".parameter set :viewer 'did:plc:…'" -cmd ".parameter set :limit 20" kith.db < reports/trust.sql
--   psql -v viewer="'did:plc:…'" -v limit=20 postgres://… -f reports/trust.sql
WITH viewer AS (
    SELECT ledger_id
    FROM numbered
    WHERE did = :viewer
),
pinned AS (
    SELECT v.ledger_id
    FROM viewer v
    JOIN ledger_number n ON n.ledger_id = v.ledger_id
    JOIN tracked t ON t.account = n.account
    -- Its last pin (4) was not undone (5).
    WHERE 4 = (
        SELECT j.kind
        FROM journal j
        WHERE j.kind <> 1 AND j.kind IN (4, 5) AND j.outcome = 0 AND j.sender = v.ledger_id
        ORDER BY j.position DESC
        LIMIT 1
    )
),
held AS (
    SELECT s.holder, s.points
    FROM viewer v
    JOIN assignment s ON s.origin = v.ledger_id
    WHERE s.holder <> 0
),
best AS (
    SELECT holder, points
    FROM held
    ORDER BY points DESC, holder
    LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807)
),
-- By which ways, ever. Sums above 2^45 are made smaller in proportion, so that the products below
-- stay within 64 bits.
came AS (
    SELECT
        receiver,
        points AS reached,
        direct / (points / 35184372088832 + 1) AS direct,
        points / (points / 35184372088832 + 1) AS points
    FROM (
        SELECT
            f.receiver,
            CAST(SUM(f.points) AS BIGINT) AS points,
            CAST(SUM(CASE WHEN f.sender = f.origin THEN f.points ELSE 0 END) AS BIGINT) AS direct
        FROM pinned v
        CROSS JOIN best b
        JOIN flow f ON f.origin = v.ledger_id AND f.receiver = b.holder
        GROUP BY f.receiver
    ) sums
),
-- Points times direct over all, rounded down: in two steps of 16 bits of points each.
split AS (
    SELECT
        b.holder,
        (b.points / 65536 * c.direct) / c.points * 65536
            + ((b.points / 65536 * c.direct) % c.points * 65536 + b.points % 65536 * c.direct)
            / c.points AS direct
    FROM best b
    JOIN came c ON c.receiver = b.holder AND c.reached >= b.points
),
passed AS (
    SELECT
        f.receiver,
        f.sender,
        ROW_NUMBER() OVER (PARTITION BY f.receiver ORDER BY SUM(f.points) DESC, f.sender) AS place
    FROM pinned v
    CROSS JOIN best b
    JOIN flow f ON f.origin = v.ledger_id AND f.receiver = b.holder
    WHERE f.sender <> f.origin
    GROUP BY f.receiver, f.sender
)
SELECT
    h.did,
    h.handle,
    h.hop,
    b.points,
    CAST(b.points AS DOUBLE PRECISION)
        / (SELECT CAST(SUM(points) AS DOUBLE PRECISION) FROM held) AS share,
    RANK() OVER (ORDER BY b.points DESC) AS rank, -- among the first, so among all
    split.direct,
    b.points - split.direct AS second_hand,
    t.did AS through,
    t.handle AS through_handle
FROM best b
JOIN numbered h ON h.ledger_id = b.holder
LEFT JOIN split ON split.holder = b.holder
LEFT JOIN passed ON passed.receiver = split.holder AND passed.place = 1
LEFT JOIN ledger_number nt ON nt.ledger_id = passed.sender
LEFT JOIN account t ON t.id = nt.account
ORDER BY b.points DESC, b.holder;
