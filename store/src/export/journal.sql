-- Every operation given to the ledger, and what became of it.
SELECT
    j.position,
    j.epoch,
    j.micros,
    CASE j.kind
        WHEN 1 THEN 'transfer'
        WHEN 2 THEN 'tick'
        WHEN 3 THEN 'claim'
        WHEN 4 THEN 'pin'
        WHEN 5 THEN 'unpin'
        WHEN 6 THEN 'rules'
        WHEN 7 THEN 'forget'
        ELSE 'other'
    END,
    CAST(CASE WHEN j.outcome = 0 THEN 1 ELSE 0 END AS BIGINT),
    CASE j.outcome -- in the words of v_likes
        WHEN 0 THEN NULL
        WHEN 1 THEN 'unknown account'
        WHEN 2 THEN 'too many accounts'
        WHEN 3 THEN 'the sink is a party'
        WHEN 4 THEN 'to oneself'
        WHEN 5 THEN 'no points'
        WHEN 6 THEN 'above the limit'
        WHEN 7 THEN 'not enough points'
        WHEN 8 THEN 'no such entry'
        WHEN 9 THEN 'invalid rules'
        WHEN 10 THEN 'too many ticks'
        ELSE 'other'
    END,
    CASE WHEN j.sender = 0 THEN 'sink' ELSE s.did END,
    CASE WHEN j.receiver = 0 THEN 'sink' ELSE r.did END,
    j.points,
    j.sink_points,
    j.held,
    j.entry,
    CASE j.record WHEN 1 THEN 'like' WHEN 2 THEN 'repost' END,
    j.rkey,
    j.rev,
    j.subject_rkey,
    j.nonce,
    j.parameters
FROM journal j
LEFT JOIN ledger_number ns ON ns.ledger_id = j.sender
LEFT JOIN account s ON s.id = ns.account
LEFT JOIN ledger_number nr ON nr.ledger_id = j.receiver
LEFT JOIN account r ON r.id = nr.account
WHERE CAST(:since AS BIGINT) IS NULL OR j.micros >= CAST(:since AS BIGINT)
ORDER BY j.position
