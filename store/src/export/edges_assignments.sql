-- From each account to those that hold its points, both of the circle.
SELECT
    o.did,
    h.did,
    e.points
FROM assignment e -- this one outside, in the order of its key: nothing is sorted
CROSS JOIN numbered o
CROSS JOIN numbered h
WHERE o.ledger_id = e.origin AND o.hop IS NOT NULL
    AND h.ledger_id = e.holder AND h.hop IS NOT NULL
