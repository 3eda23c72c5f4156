-- Who entered, left or moved within the circle, when, and by which record?
--
-- The latest first.
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
--             untrack, skip, unskip or config (the configuration was edited; skip and unskip also:
--             somebody asked to be forgotten, or not any more); left the interior (of others that
--             account was the only support)
--   by        DID of the account whose record it was, or whose tracking; NULL: the account itself
--   record    at-uri of the follow record, which need not name the account: who comes in brings
--             others; NULL where several were read or removed at once
--
-- For example: kith report changes --limit 4
--     id  time                  change   account                           from_hop  to_hop  cause     by                 record
--     37  2026-11-21T02:17:51Z  left     user020.pds1.test                        2       -  unfollow  user002.pds1.test  at://did:plc:akrz3v5hzyai4k5azliufjnj/app.bsky.graph.follow/3n2rzvqy2cl2r
--     36  2026-11-21T02:17:50Z  entered  user032.pds1.test                        -       2  follow    user006.pds1.test  at://did:plc:cvnpepsd6kmenwutfxcwtvea/app.bsky.graph.follow/3n2rzvuj6gd2r
--     35  2026-11-21T02:17:49Z  moved    did:plc:jxaeq2uzglxs44py7ai5rfbc         1       2  unfollow  user010.pds1.test  at://did:plc:xgcmvr2q5axie2fmg33jtqgp/app.bsky.graph.follow/3n2rzvdbe5o2r
--     34  2026-11-21T02:17:49Z  entered  user021.pds1.test                        -       2  follow    user018.pds1.test  at://did:plc:6wj2mdutbl7f3ber4c3epoys/app.bsky.graph.follow/3n2rzvthicd2r
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/changes.sql
--   psql -v limit=20 postgres://… -f reports/changes.sql
SELECT
    id,
    micros,
    CASE
        WHEN from_hop IS NULL THEN 'entered'
        WHEN to_hop IS NULL THEN 'left'
        ELSE 'moved'
    END AS change,
    did,
    handle,
    from_hop,
    to_hop,
    cause,
    by_did AS by,
    'at://' || by_did || '/app.bsky.graph.follow/' || rkey AS record
FROM v_changes
ORDER BY id DESC
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
