-- How unequally are the points spread?
--
-- Among those who hold any. The Gini coefficient is 0 if all hold the same, and near 1 if one
-- holds everything.
--
-- Columns
--   of           tracked: points of tracked accounts; everybody: all points
--   holders      accounts that hold any
--   points       what they hold together
--   top_holders  the first hundredth of them, rounded up
--   top_share    the part of points that these hold, 0 to 1
--   gini         Gini coefficient, 0 to 1
--
-- For example: kith report concentration
--     of         holders  points  top_holders  top_share   gini
--     tracked         15     711            1      0.166  0.422
--     everybody       23   8,488            1      0.191  0.407
--
-- By hand
--   sqlite3 kith.db < reports/concentration.sql
--   psql postgres://… -f reports/concentration.sql
WITH held AS (
    SELECT 'tracked' AS of_whom, s.holder, CAST(SUM(s.points) AS BIGINT) AS points
    FROM v_tracked t
    CROSS JOIN assignment s -- in this order: SQLite would read all of the second
    WHERE s.origin = t.ledger_id AND s.holder <> 0
    GROUP BY s.holder
    UNION ALL
    SELECT 'everybody', id, tally
    FROM ledger_account
    WHERE id <> 0 AND tally > 0
),
-- How many hold how much: places and sums need no more than that.
grouped AS (
    SELECT of_whom, points, COUNT(*) AS n
    FROM held
    GROUP BY of_whom, points
),
placed AS (
    SELECT
        of_whom,
        points,
        n,
        CAST(SUM(n) OVER (PARTITION BY of_whom ORDER BY points) AS BIGINT) AS upto,
        CAST(SUM(n) OVER (PARTITION BY of_whom) AS BIGINT) AS holders
    FROM grouped
),
sums AS (
    SELECT
        of_whom,
        holders,
        (holders + 99) / 100 AS top_holders,
        CAST(SUM(points * n) AS BIGINT) AS points,
        CAST(SUM(
            CASE
                WHEN upto - n >= holders - (holders + 99) / 100 THEN points * n
                WHEN upto > holders - (holders + 99) / 100
                    THEN points * (upto - holders + (holders + 99) / 100)
                ELSE 0
            END
        ) AS BIGINT) AS top_points,
        -- Points times the places of those who hold as much, which are upto - n + 1 to upto.
        SUM(
            CAST(points AS DOUBLE PRECISION)
                * CAST(n * (upto - n) + n * (n + 1) / 2 AS DOUBLE PRECISION)
        ) AS weighed
    FROM placed
    GROUP BY of_whom, holders
)
SELECT
    of_whom AS of,
    holders,
    points,
    top_holders,
    CAST(top_points AS DOUBLE PRECISION) / CAST(points AS DOUBLE PRECISION) AS top_share,
    2 * weighed / (CAST(holders AS DOUBLE PRECISION) * CAST(points AS DOUBLE PRECISION))
        - CAST(holders + 1 AS DOUBLE PRECISION) / CAST(holders AS DOUBLE PRECISION) AS gini
FROM sums
ORDER BY CASE WHEN of_whom = 'tracked' THEN 0 ELSE 1 END;
