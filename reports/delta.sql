-- Who is rising, falling, new or gone among those that tracked accounts trust?
--
-- The points of tracked accounts that everybody held at the end of the last epoch, against the end
-- of an earlier one (:epoch; NULL: the one before), among the first ten thousand of either. Only
-- members of the circle have a rank. An epoch is ranked once the sweep that follows it is through.
--
-- Columns
--   movement       rising, falling or level by rank; entered: no rank before; left: none now
--   did            the holder
--   handle         its name, NULL until known
--   hop            distance from the tracked accounts, NULL outside the circle
--   points         points of tracked accounts it held at the end of the last epoch
--   points_before  at the end of the earlier one
--   gained         points less points_before
--   rank           1 is first, at the end of the last epoch; NULL: none
--   rank_before    at the end of the earlier one
--
-- For example: kith report delta --limit 6
--     movement  account                           hop  points  points_before  gained  rank  rank_before
--     entered   user009.pds1.test                   1      81              0      81     2            -
--     level     user008.pds1.test                   2     117            130     -13     1            1
--     falling   twice-b.pds1.test                   2      50             61     -11     7            6
--     falling   user004.pds1.test                   2      62             71      -9     4            3
--     falling   did:plc:jxaeq2uzglxs44py7ai5rfbc    2      65             72      -7     3            2
--     falling   renamed.pds1.test                   2      61             68      -7     6            4
--
-- By hand
--   sqlite3 -cmd ".parameter set :epoch NULL" -cmd ".parameter set :limit 20" kith.db < reports/delta.sql
--   psql -v epoch=NULL -v limit=20 postgres://… -f reports/delta.sql
WITH span AS (
    SELECT
        epoch - 1 AS last,
        COALESCE(CAST(:epoch AS BIGINT), epoch - 2) AS earlier
    FROM state
),
-- Those near the top of either; the index has the epoch and the rank first.
candidate AS (
    SELECT h.holder
    FROM span
    CROSS JOIN history h
    WHERE h.epoch = span.last AND h.rank <= 10000
    UNION
    SELECT h.holder
    FROM span
    CROSS JOIN history h
    WHERE h.epoch = span.earlier AND h.rank <= 10000
),
compared AS (
    SELECT
        c.holder,
        COALESCE(l.tracked, 0) AS points,
        COALESCE(e.tracked, 0) AS points_before,
        l.rank,
        e.rank AS rank_before
    FROM span
    CROSS JOIN candidate c
    LEFT JOIN history l ON l.holder = c.holder AND l.epoch = span.last
    LEFT JOIN history e ON e.holder = c.holder AND e.epoch = span.earlier
),
best AS (
    SELECT holder, points, points_before, points - points_before AS gained, rank, rank_before
    FROM compared
    ORDER BY ABS(points - points_before) DESC, points DESC, holder
    LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807)
)
SELECT
    CASE
        WHEN b.rank_before IS NULL THEN 'entered'
        WHEN b.rank IS NULL THEN 'left'
        WHEN b.rank < b.rank_before THEN 'rising'
        WHEN b.rank > b.rank_before THEN 'falling'
        ELSE 'level'
    END AS movement,
    a.did,
    a.handle,
    a.hop,
    b.points,
    b.points_before,
    b.gained,
    b.rank,
    b.rank_before
FROM best b
JOIN numbered a ON a.ledger_id = b.holder
ORDER BY ABS(b.gained) DESC, b.points DESC, b.holder;
