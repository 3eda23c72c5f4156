-- The tracked accounts, each trusted beforehand as much as the others.
SELECT
    a.did,
    CAST(1 AS BIGINT)
FROM tracked t
CROSS JOIN account a
WHERE a.id = t.account
ORDER BY a.id
