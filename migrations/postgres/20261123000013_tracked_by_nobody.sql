-- Somebody who was in the circle before it was tracked was brought in by nobody's record any more.

-- The members of the circle, and by whose record each came in.
CREATE OR REPLACE VIEW v_circle AS
SELECT
    a.did,
    a.handle,                                            -- NULL until known
    a.hop,                                               -- 0 tracked, 1 followed by those, …
    CASE WHEN a.status = 'active' THEN 1 ELSE 0 END AS active,
    a.status,                                            -- active, deactivated, suspended, …
    a.since_micros,                                      -- event time of entering
    CASE WHEN t.account IS NULL THEN b.did END AS by_did, -- whose record; NULL for tracked accounts
    c.cause,                                             -- follow, track, backfill, …
    CASE WHEN t.account IS NULL THEN c.rkey END AS rkey, -- of that record
    CASE WHEN t.account IS NULL THEN 0 ELSE 1 END AS tracked,
    t.label,                                             -- from the configuration
    a.capped,                                            -- 1: follows read only up to max_follows
    a.id AS account                                      -- its number in table account
FROM account a
LEFT JOIN tracked t ON t.account = a.id
LEFT JOIN circle_change c ON c.id = (
    SELECT MAX(x.id)
    FROM circle_change x
    WHERE x.account = a.id AND x.from_hop IS NULL
)
LEFT JOIN account b ON b.id = c.by
WHERE a.hop IS NOT NULL;
