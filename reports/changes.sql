-- Who entered, left or moved within the circle, when, and by which record? The latest first.
--
-- Columns
--   id        number of the change, in the order in which they happened
--   micros    event time, unix microseconds; 0: before the first event
--   change    entered, left or moved
--   did       who
--   handle    its name, NULL until known
--   from_hop  distance before, NULL: was outside
--   to_hop    distance after, NULL: is outside
--   cause     follow, unfollow, backfill (the record was read from its host) or deleted; track,
--             untrack, skip, unskip or config (the configuration was edited); left the interior (of
--             others that account was the only support)
--   by        DID of the account whose record it was, or whose tracking; NULL: the account itself
--   record    at-uri of the follow record, NULL where several were read or removed at once
--
-- For example: kith report changes, some of its columns
--     change   handle               from_hop  to_hop  cause     record
--     entered  movedaway.pds1.test         -       2  follow    at://did:plc:cvnp…/app.bsky.graph.follow/3n2rzvvgyjl2r
--     left     movedaway.pds1.test         2       -  unfollow  at://did:plc:6wj2…/app.bsky.graph.follow/3n2rzvdolyl2r
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/changes.sql
--   psql -v limit=20 postgres://… -f reports/changes.sql
SELECT
    c.id,
    c.micros,
    CASE
        WHEN c.from_hop IS NULL THEN 'entered'
        WHEN c.to_hop IS NULL THEN 'left'
        ELSE 'moved'
    END AS change,
    a.did,
    a.handle,
    c.from_hop,
    c.to_hop,
    c.cause,
    b.did AS by,
    'at://' || b.did || '/app.bsky.graph.follow/' || c.rkey AS record
FROM circle_change AS c
JOIN account AS a ON a.id = c.account
LEFT JOIN account AS b ON b.id = c.by
ORDER BY c.id DESC
LIMIT CAST(:limit AS BIGINT);
