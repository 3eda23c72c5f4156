-- What was minted, moved and lost in each epoch, and do the books balance?
--
-- Points come into being when own points are topped up, and end by one of the losses. Over all
-- epochs minted is what all hold, own points and bundles that wait included, plus what the sink
-- has, plus all losses: the residual is 0. It is told in the row of the latest epoch, and only
-- while no image lags behind the journal (after `kith replay`, or in a quiet moment of `kith run`);
-- `kith verify` proves more, at any time. What a tick takes is booked with the epoch it begins.
--
-- Columns
--   epoch          its number
--   begins_micros  when it began, unix microseconds; NULL: before the length was changed
--   minted         own points topped up, less those that lay unspent
--   moved          points paid towards receivers
--   sink           points paid towards the sink
--   returned       lost because they came back to their origin
--   decayed        lost at the tick that began the epoch
--   expired        lost with bundles that nobody claimed
--   burned         lost to rounding, under rule reference
--   forgotten      lost with accounts that were deleted, or asked to be forgotten
--   collapsed      not lost: what stands in others now; told where residual is
--   residual       minted, less all losses, less what is there: 0; in the latest row, else NULL
--
-- For example: kith report epochs --limit 4
--         epoch  begins                minted  moved  sink  returned  decayed  expired  burned  forgotten  collapsed  residual
--     359045495  2026-11-21T02:17:55Z   1,742  4,554    46        47      573        0       0          0        114         0
--     359045494  2026-11-21T02:17:50Z   7,224  1,980    20        14      447        0       0      1,000          -         -
--     359045493  2026-11-21T02:17:45Z   6,423  3,663    37         0      185        0       0          0          -         -
--     359045492  2026-11-21T02:17:40Z  10,591  1,485    15         0       49        0       0          0          -         -
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/epochs.sql
--   psql -v limit=20 postgres://… -f reports/epochs.sql
WITH there AS (
    SELECT
        CAST(SUM(CASE WHEN id = 0 THEN 0 ELSE others END) AS BIGINT) AS collapsed,
        CAST(SUM(CASE WHEN id = 0 THEN tally ELSE own + tally END) AS BIGINT) AS held,
        MIN(CASE WHEN id = 0 THEN NULL ELSE ordinal END) AS ordinal
    FROM ledger_account
    WHERE (SELECT checkpoint_position = position FROM state)
),
book AS (
    SELECT
        MAX(ordinal) AS ordinal,
        CAST(SUM(minted - lost) AS BIGINT) AS points
    FROM v_epochs
)
SELECT
    e.epoch,
    e.begins_micros,
    e.minted,
    e.moved,
    e.sink,
    e.returned,
    e.decayed,
    e.expired,
    e.burned,
    e.forgotten,
    CASE WHEN e.ordinal = b.ordinal THEN t.collapsed END AS collapsed,
    CASE WHEN e.ordinal = b.ordinal AND t.ordinal = s.ticks
        THEN b.points - t.held - COALESCE((SELECT CAST(SUM(points) AS BIGINT) FROM unclaimed), 0)
    END AS residual
FROM v_epochs e
CROSS JOIN book b
CROSS JOIN there t
CROSS JOIN state s
ORDER BY e.ordinal DESC
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
