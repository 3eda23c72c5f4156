-- What each account gave to each other one, as export local-trust, both of the circle.
SELECT
    s.did,
    r.did,
    e.points
FROM (
    SELECT sender, receiver, CAST(SUM(points) AS BIGINT) AS points
    FROM journal
    WHERE kind < 2 -- that is 1; said so, SQLite makes no index for the occasion
        AND outcome = 0
        AND held = 0
        AND (CAST(:since AS BIGINT) IS NULL OR micros >= CAST(:since AS BIGINT))
    GROUP BY sender, receiver
) e
CROSS JOIN numbered s
CROSS JOIN numbered r
WHERE s.ledger_id = e.sender AND s.hop IS NOT NULL
    AND r.ledger_id = e.receiver AND r.hop IS NOT NULL
