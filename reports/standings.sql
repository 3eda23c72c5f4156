-- Who held most points of tracked accounts at the end of an earlier epoch?
--
-- What report top says of now, as it was at the end of an epoch (:epoch; NULL: the last that ended).
-- Only those who then were members of the circle and held such points have a rank, and are here. An
-- epoch is ranked once the sweep that follows it is through.
--
-- Columns
--   rank      1 is first
--   did       the holder
--   handle    its name as it is now, NULL until known
--   hop       distance from the tracked accounts at the epoch's end
--   points    points of tracked accounts that it held, while these were pinned; under rule reference,
--             which has no pins, everybody's
--   tally     all points it held, of whomever
--   own       own points that it had left
--   received  points that came in the epoch, claimed ones included
--   given     points paid in the epoch, with the sink's cut
--   epoch     the epoch's number
--
-- For example: kith report standings --limit 4
--     rank  account                           hop  points  tally    own  received  given      epoch
--        1  user008.pds1.test                   2     117    334  1,000        99      0  359045494
--        2  user009.pds1.test                   1      81    382  1,000        96      0  359045494
--        3  did:plc:jxaeq2uzglxs44py7ai5rfbc    2      65    439  1,000       198      0  359045494
--        4  user000.pds1.test                   0      62    771  1,000       396      0  359045494
--
-- By hand
--   sqlite3 -cmd ".parameter set :epoch NULL" -cmd ".parameter set :limit 20" kith.db < reports/standings.sql
--   psql -v epoch=NULL -v limit=20 postgres://… -f reports/standings.sql
SELECT
    h.rank,
    a.did,
    a.handle,
    h.hop,
    h.tracked AS points,
    h.tally,
    h.own,
    h.received,
    h.given,
    h.epoch
FROM history h
JOIN numbered a ON a.ledger_id = h.holder
WHERE h.epoch = COALESCE(CAST(:epoch AS BIGINT), (SELECT epoch - 1 FROM state))
    AND h.rank IS NOT NULL
ORDER BY h.rank, h.holder
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
