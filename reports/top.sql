-- Who holds most points of the tracked accounts?
--
-- Only points whose origin is tracked now are counted: nobody can mint another account's points,
-- so a crowd of strangers cannot push itself up here. With :all_origins 1 the points of everybody
-- are counted. Such totals are easily gamed: a few hundred fake accounts that like each other
-- come out first.
--
-- The effective number of origins is the square of the sum over the sum of the squares: 1 if all
-- points come from one account, 5 if they come from five in equal parts. Points of collapsed
-- origins are not in it.
--
-- Columns
--   rank               1 is first; equal points, equal rank
--   did                the holder
--   handle             its name, NULL until known
--   hop                distance from the tracked accounts, NULL outside the circle
--   points             points it holds of tracked accounts, or of everybody
--   origins            number of accounts they come from, those collapsed not counted
--   effective_origins  effective number of origins, 1 to origins
--
-- For example: kith report top --limit 5
--     rank  account                           hop  points  origins  effective_origins
--        1  user021.pds1.test                   2     118        2              1.126
--        2  user001.pds1.test                   2      98        2              1.176
--        3  user008.pds1.test                   2      89        2              1.094
--        4  user009.pds1.test                   1      74        2              1.272
--        5  did:plc:jxaeq2uzglxs44py7ai5rfbc    2      63        1              1.000
--
-- By hand
--   sqlite3 -cmd ".parameter set :all_origins 0" -cmd ".parameter set :limit 20" kith.db < reports/top.sql
--   psql -v all_origins=0 -v limit=20 postgres://… -f reports/top.sql
WITH held AS (
    SELECT
        s.holder,
        CAST(SUM(s.points) AS BIGINT) AS points,
        COUNT(*) AS origins,
        CAST(SUM(s.points) AS DOUBLE PRECISION) AS rows_points,
        SUM(CAST(s.points AS DOUBLE PRECISION) * CAST(s.points AS DOUBLE PRECISION)) AS squares
    FROM v_tracked t
    CROSS JOIN assignment s -- in this order: SQLite would read all of the second
    WHERE s.origin = t.ledger_id AND s.holder <> 0 AND COALESCE(CAST(:all_origins AS BIGINT), 0) = 0
    GROUP BY s.holder
    UNION ALL
    SELECT
        most.id,
        most.tally,
        most.rows,
        CAST(most.tally - most.others AS DOUBLE PRECISION),
        (
            SELECT SUM(CAST(s.points AS DOUBLE PRECISION) * CAST(s.points AS DOUBLE PRECISION))
            FROM assignment s
            WHERE s.holder = most.id
        )
    FROM (
        SELECT id, tally, others, rows
        FROM ledger_account
        WHERE id <> 0 AND tally > 0 AND CAST(:all_origins AS BIGINT) = 1
        ORDER BY tally DESC, id
        LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807)
    ) most
),
best AS (
    SELECT holder, points, origins, rows_points, squares
    FROM held
    ORDER BY points DESC, holder
    LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807)
)
-- Ranks among the first are ranks among all.
SELECT
    RANK() OVER (ORDER BY b.points DESC) AS rank,
    h.did,
    h.handle,
    h.hop,
    b.points,
    b.origins,
    b.rows_points * b.rows_points / b.squares AS effective_origins
FROM best b
JOIN numbered h ON h.ledger_id = b.holder
ORDER BY b.points DESC, b.holder;
