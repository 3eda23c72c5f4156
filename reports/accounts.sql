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
-- By hand
--   sqlite3 kith.db < reports/accounts.sql
--   psql postgres://… -f reports/accounts.sql
SELECT
    COALESCE(a.did, 'sink') AS did,
    a.handle,
    a.hop,
    l.own,
    l.others,
    l.tally,
    l.rows,
    l.unclaimed
FROM ledger_account l
LEFT JOIN account a ON a.ledger_id = l.id
ORDER BY l.tally DESC, l.id;
