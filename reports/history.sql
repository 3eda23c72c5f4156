-- How did one account fare, epoch by epoch?
--
-- The latest epoch first; the current one is not over, and has only what was received and given so
-- far (as of the last checkpoint).
--
-- Columns
--   epoch          its number
--   begins_micros  when it began, unix microseconds; NULL: before the length was changed
--   hop            distance from the tracked accounts at its end, NULL outside the circle
--   own            own points left at its end
--   tally          points received and still held at its end
--   tracked        of these, points of tracked accounts, while these were pinned; under rule reference,
--                  which has no pins, all
--   rank           by these among the members of the circle, 1 is first; NULL: none
--   received       points that came in the epoch, claimed ones included
--   given          points paid in the epoch, with the sink's cut
--
-- For example: kith report history --account user001.pds1.test
--         epoch  begins                hop    own  tally  tracked  rank  received  given
--     359045495  2026-11-21T02:17:55Z    -      -      -        -  -        1,557    100
--     359045494  2026-11-21T02:17:50Z    2     82     95        0  -           88  1,000
--     359045493  2026-11-21T02:17:45Z    2  1,000     99        0  -           99      0
--
-- By hand
--   sqlite3 -cmd ".parameter set :account 'did:plc:…'" -cmd ".parameter set :limit 20" kith.db < reports/history.sql
--   psql -v account="'did:plc:…'" -v limit=20 postgres://… -f reports/history.sql
SELECT
    h.epoch,
    CASE WHEN h.epoch >= s.epoch_base
        THEN s.epoch_base_micros + (h.epoch - s.epoch_base) * s.epoch_micros
    END AS begins_micros,
    h.hop,
    h.own,
    h.tally,
    h.tracked,
    h.rank,
    h.received,
    h.given
FROM numbered a
JOIN history h ON h.holder = a.ledger_id
CROSS JOIN state s
WHERE a.did = :account
ORDER BY h.epoch DESC
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
