-- Whose points everybody holds, as report assignments has them.
SELECT
    CASE WHEN s.holder = 0 THEN 'sink' ELSE h.did END,
    o.did,
    s.points
FROM assignment s -- this one outside, in the order of its key: nothing is sorted
CROSS JOIN numbered o
LEFT JOIN ledger_number nh ON nh.ledger_id = s.holder
LEFT JOIN account h ON h.id = nh.account
WHERE o.ledger_id = s.origin
ORDER BY s.holder, s.origin
