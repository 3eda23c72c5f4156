-- Whose points does one account hold, by their distance?
--
-- The points an account holds, grouped by the hop of their origin: 0 are the tracked accounts'
-- own. Points of origins that are outside the circle by now, and of origins that were collapsed,
-- are groups of their own.
--
-- Columns
--   origins_are  tracked, hop 1, hop 2, outside, or collapsed
--   hop          distance of the origins from the tracked accounts, NULL for outside and
--                collapsed
--   origins      number of them, NULL where they are collapsed
--   points       their points that the account holds
--   share        points as a fraction of all that it holds, 0 to 1
--   most         DID of the origin with most of these points
--   most_points  how many it has of them
--
-- For example: kith report composition --account user001.pds1.test
--     origins_are  hop  origins  points  share  most                 most_points
--     tracked        0        2      98  0.060  user010.pds1.test             90
--     hop 1          1        5     440  0.272  movedaway.pds1.test          273
--     hop 2          2       11   1,071  0.661  twice-b.pds1.test            224
--     outside        -        1      11  0.007  user020.pds1.test             11
--
-- By hand
--   sqlite3 -cmd ".parameter set :account 'did:plc:…'" kith.db < reports/composition.sql
--   psql -v account="'did:plc:…'" postgres://… -f reports/composition.sql
WITH who AS (
    SELECT ledger_id
    FROM numbered
    WHERE did = :account
),
held AS (
    SELECT
        o.did,
        o.hop,
        s.points,
        ROW_NUMBER() OVER (PARTITION BY o.hop ORDER BY s.points DESC, s.origin) AS place
    FROM who w
    JOIN assignment s ON s.holder = w.ledger_id
    JOIN numbered o ON o.ledger_id = s.origin
),
part AS (
    SELECT
        CASE WHEN hop IS NULL THEN 'outside' WHEN hop = 0 THEN 'tracked'
            ELSE 'hop ' || CAST(hop AS TEXT) END AS origins_are,
        hop,
        COUNT(*) AS origins,
        CAST(SUM(points) AS BIGINT) AS points,
        MAX(CASE WHEN place = 1 THEN did END) AS most,
        MAX(points) AS most_points
    FROM held
    GROUP BY hop
    UNION ALL
    SELECT 'collapsed', NULL, NULL, l.others, NULL, NULL
    FROM who w
    JOIN ledger_account l ON l.id = w.ledger_id
    WHERE l.others > 0
)
SELECT
    origins_are,
    hop,
    origins,
    points,
    CAST(points AS DOUBLE PRECISION)
        / CAST(SUM(points) OVER () AS DOUBLE PRECISION) AS share,
    most,
    most_points
FROM part
ORDER BY COALESCE(hop, 1000), origins_are DESC;
