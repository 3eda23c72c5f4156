-- The members of the circle, as report circle has them.
SELECT
    did,
    handle,
    hop,
    CAST(active AS BIGINT),
    status,
    since_micros,
    by_did
FROM v_circle
ORDER BY hop, account
