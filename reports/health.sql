-- How large is it, and how far behind?
--
-- For more, and for whether it runs at this moment: `kith status`.
--
-- Columns
--   what   a thing that can be counted
--   value  how many
--   unit   of what
--
-- For example: kith report health
--     what                                value  unit
--     database                          245,760  bytes
--     accounts known                         42  rows
--     circle, hop 0                           2  rows
--     circle, hop 1                           7  rows
--     circle, hop 2                          17  rows
--     accounts of the ledger                 28  rows
--     assignments                           218  rows
--     bundles unclaimed                       7  rows
--     journal                               182  operations
--     images not settled to this epoch        0  rows
--     gaps open                               0  rows
--     accounts to be read again               0  accounts
--
-- By hand
--   sqlite3 kith.db < reports/health.sql
--   psql postgres://… -f reports/health.sql
WITH image AS (
    SELECT
        COUNT(*) AS accounts,
        CAST(COALESCE(SUM(l.rows), 0) AS BIGINT) AS rows,
        CAST(COALESCE(SUM(CASE WHEN l.id <> 0 AND l.ordinal < s.ticks THEN 1 ELSE 0 END), 0) AS BIGINT) AS late
    FROM ledger_account l
    CROSS JOIN state s
),
fact AS (
    SELECT 10 AS place, 'database' AS what, bytes AS value, 'bytes' AS unit
    FROM v_size
    UNION ALL
    SELECT 20, 'accounts known', COUNT(*), 'rows'
    FROM account
    UNION ALL
    SELECT 30, 'circle, hop ' || CAST(hop AS TEXT), COUNT(*), 'rows'
    FROM account
    WHERE hop IS NOT NULL
    GROUP BY hop
    UNION ALL
    SELECT 40, 'accounts of the ledger', accounts, 'rows'
    FROM image
    UNION ALL
    SELECT 41, 'assignments', rows, 'rows'
    FROM image
    UNION ALL
    SELECT 42, 'bundles unclaimed', COUNT(*), 'rows'
    FROM unclaimed
    UNION ALL
    SELECT 50, 'journal', position, 'operations'
    FROM state
    UNION ALL
    SELECT 51, 'images not settled to this epoch', late, 'rows'
    FROM image
    UNION ALL
    SELECT 61, 'lag of ' || name, lag_micros, 'microseconds'
    FROM source
    WHERE kind <> 'file'
        AND connected = 1
        AND lag_micros IS NOT NULL
    UNION ALL
    SELECT 70, 'backfills ' || state, COUNT(*), 'accounts'
    FROM backfill
    GROUP BY state
    UNION ALL
    SELECT 80, 'gaps open', COUNT(*), 'rows'
    FROM gap
    WHERE closed_micros IS NULL
    UNION ALL
    SELECT 81, 'accounts to be read again', CAST(COALESCE(SUM(accounts_left), 0) AS BIGINT), 'accounts'
    FROM gap
    WHERE closed_micros IS NULL
)
SELECT
    what,
    value,
    unit
FROM fact
ORDER BY place, what;
