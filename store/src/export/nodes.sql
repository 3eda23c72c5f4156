-- The members of the circle, with the points of tracked accounts that each holds.
SELECT
    a.did,
    a.handle,
    a.hop,
    COALESCE(p.points, 0)
FROM account a
LEFT JOIN ledger_number n ON n.account = a.id
LEFT JOIN (
    SELECT s.holder, CAST(SUM(s.points) AS BIGINT) AS points
    FROM v_tracked t
    CROSS JOIN assignment s -- in this order: SQLite would read all of the second
    WHERE s.origin = t.ledger_id AND s.holder <> 0
    GROUP BY s.holder
) p ON p.holder = n.ledger_id
WHERE a.hop IS NOT NULL
ORDER BY a.hop, a.id
