-- What does every account of the ledger hold?
--
-- Also those that left the circle (hop NULL), and the sink, whose did is sink: under rule
-- systematic it is one counter, which stands in others.
--
-- Columns
--   did        the account
--   handle     its name, NULL until known
--   hop        distance from the tracked accounts, NULL outside the circle
--   own        points it may still give away in this epoch
--   others     points received of origins that were collapsed
--   tally      all points received: others and the rows
--   rows       number of origins it holds points of
--   unclaimed  number of bundles that wait because it blocks the sender or opted out
--
-- For example: kith report accounts --limit 4
--     account                           hop    own  others  tally  rows  unclaimed
--     user001.pds1.test                   2    923       0  1,620    19          0
--     user000.pds1.test                   0    845      38    941    18          0
--     user006.pds1.test                   1    764       0    712    15          0
--     did:plc:jxaeq2uzglxs44py7ai5rfbc    2  1,000       5    494    12          0
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/accounts.sql
--   psql -v limit=20 postgres://… -f reports/accounts.sql
WITH most AS (
    SELECT id, own, others, tally, rows, unclaimed
    FROM ledger_account
    ORDER BY tally DESC, id
    LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807)
)
SELECT
    COALESCE(a.did, 'sink') AS did,
    a.handle,
    a.hop,
    m.own,
    m.others,
    m.tally,
    m.rows,
    m.unclaimed
FROM most m
LEFT JOIN ledger_number na ON na.ledger_id = m.id
LEFT JOIN account a ON a.id = na.account
ORDER BY m.tally DESC, m.id;
