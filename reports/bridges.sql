-- Who is trusted by many tracked accounts at once?
--
-- Holders of points from many tracked networks, most evenly spread first: those in whom circles
-- that otherwise differ agree. The effective number of origins is the square of the sum over the
-- sum of the squares; somebody who is trusted by one account much and by nine a little is no
-- bridge.
--
-- Columns
--   rank               1 is first
--   did                the holder
--   handle             its name, NULL until known
--   hop                distance from the tracked accounts, NULL outside the circle
--   effective_origins  effective number of tracked accounts whose points it holds
--   origins            number of them
--   points             points it holds of tracked accounts
--   largest_share      the largest part that comes from one of them, 0 to 1
--
-- For example: kith report bridges --limit 4
--     rank  account                           hop  effective_origins  origins  points  largest_share
--        1  did:plc:rrcs3svhxqcqtgxakgjoh7lh    1              1.988        2      13          0.538
--        2  user006.pds1.test                   1              1.285        2      63          0.873
--        3  user025.pds1.test                   2              1.280        2       8          0.875
--        4  user009.pds1.test                   1              1.272        2      74          0.878
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/bridges.sql
--   psql -v limit=20 postgres://… -f reports/bridges.sql
WITH held AS (
    SELECT
        s.holder,
        COUNT(*) AS origins,
        CAST(SUM(s.points) AS BIGINT) AS points,
        MAX(s.points) AS largest,
        SUM(CAST(s.points AS DOUBLE PRECISION) * CAST(s.points AS DOUBLE PRECISION)) AS squares
    FROM v_tracked t
    CROSS JOIN assignment s -- in this order: SQLite would read all of the second
    WHERE s.origin = t.ledger_id AND s.holder <> 0
    GROUP BY s.holder
    HAVING COUNT(*) > 1
),
best AS (
    SELECT
        holder,
        origins,
        points,
        largest,
        CAST(points AS DOUBLE PRECISION) * CAST(points AS DOUBLE PRECISION) / squares AS effective
    FROM held
    ORDER BY effective DESC, points DESC, holder
    LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807)
)
SELECT
    ROW_NUMBER() OVER (ORDER BY b.effective DESC, b.points DESC, b.holder) AS rank,
    h.did,
    h.handle,
    h.hop,
    b.effective AS effective_origins,
    b.origins,
    b.points,
    CAST(b.largest AS DOUBLE PRECISION) / CAST(b.points AS DOUBLE PRECISION) AS largest_share
FROM best b
JOIN numbered h ON h.ledger_id = b.holder
ORDER BY b.effective DESC, b.points DESC, b.holder;
