-- From hand to hand, the points of all tracked accounts together, both hands of the circle.
SELECT
    s.did,
    r.did,
    e.points
FROM (
    SELECT sender, receiver, CAST(SUM(points) AS BIGINT) AS points
    FROM flow
    WHERE origin IN (
        SELECT n.ledger_id
        FROM tracked t
        CROSS JOIN ledger_number n -- in this order: SQLite would read all of the second
        WHERE n.account = t.account
    )
    GROUP BY sender, receiver
) e
CROSS JOIN numbered s
CROSS JOIN numbered r
WHERE s.ledger_id = e.sender AND s.hop IS NOT NULL
    AND r.ledger_id = e.receiver AND r.hop IS NOT NULL
