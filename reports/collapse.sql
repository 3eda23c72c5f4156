-- Whose origins were collapsed, and how much of what they hold?
--
-- At a tick only the keep_top largest origins of an account keep their names (tracked ones always
-- do); the points of the rest go into others, and nobody's view counts them any more.
--
-- Columns
--   did     the account
--   handle  its name, NULL until known
--   hop     distance from the tracked accounts, NULL outside the circle
--   others  points of collapsed origins that it holds
--   tally   all points it received and holds
--   share   others as a fraction of tally, 0 to 1
--   rows    origins that kept their names
--
-- For example: kith report collapse --limit 4
--     account                           hop  others  tally  share  rows
--     user000.pds1.test                   0      38    941  0.040    18
--     did:plc:rrcs3svhxqcqtgxakgjoh7lh    1      28    418  0.067     8
--     user004.pds1.test                   2      13    315  0.041     8
--     twice-b.pds1.test                   2      10    330  0.030    11
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/collapse.sql
--   psql -v limit=20 postgres://… -f reports/collapse.sql
SELECT
    did,
    handle,
    hop,
    others,
    tally,
    CAST(others AS DOUBLE PRECISION) / CAST(tally AS DOUBLE PRECISION) AS share,
    rows
FROM v_accounts
WHERE others > 0 AND id <> 0
ORDER BY others DESC, id
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
