-- Each account epoch by epoch, as report history has one.
SELECT
    a.did,
    h.epoch,
    CASE WHEN h.epoch >= s.epoch_base
        THEN s.epoch_base_micros + (h.epoch - s.epoch_base) * s.epoch_micros
    END,
    h.hop,
    h.own,
    h.tally,
    h.tracked,
    h.rank,
    h.received,
    h.given
FROM history h -- this one outside, in the order of its key: nothing is sorted
CROSS JOIN numbered a
CROSS JOIN state s
WHERE a.ledger_id = h.holder
ORDER BY h.holder, h.epoch
