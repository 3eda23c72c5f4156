-- Which pairs give each other most?
--
-- Pairs of accounts that hold points of each other, by the smaller of the two holdings: friends,
-- and now and then a ring.
--
-- Columns
--   rank          1 is first; equal least, equal rank
--   did           one of the two
--   handle        its name, NULL until known
--   hop           its distance from the tracked accounts, NULL outside the circle
--   other         DID of the other one
--   other_handle  its name, NULL until known
--   other_hop     its distance
--   holds         points of the other that the one holds
--   other_holds   points of the one that the other holds
--   least         the smaller of these two
--
-- For example: kith report mutual --limit 4
--     rank  account            hop  other              other_hop  holds  other_holds  least
--        1  user002.pds1.test    1  user001.pds1.test          2    131          151    131
--        2  user026.pds1.test    2  user001.pds1.test          2     63          168     63
--        3  user006.pds1.test    1  user000.pds1.test          0     55          166     55
--        4  user006.pds1.test    1  renamed.pds1.test          2     61           51     51
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/mutual.sql
--   psql -v limit=20 postgres://… -f reports/mutual.sql
WITH pair AS (
    SELECT
        s.holder,
        s.origin,
        s.points,
        back.points AS back_points,
        CASE WHEN s.points < back.points THEN s.points ELSE back.points END AS least
    FROM assignment s
    JOIN assignment back ON back.holder = s.origin AND back.origin = s.holder
    WHERE s.holder < s.origin
),
best AS (
    SELECT holder, origin, points, back_points, least
    FROM pair
    ORDER BY least DESC, holder, origin
    LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807)
)
-- Ranks among the first are ranks among all.
SELECT
    RANK() OVER (ORDER BY p.least DESC) AS rank,
    a.did,
    a.handle,
    a.hop,
    b.did AS other,
    b.handle AS other_handle,
    b.hop AS other_hop,
    p.points AS holds,
    p.back_points AS other_holds,
    p.least
FROM best p
JOIN numbered a ON a.ledger_id = p.holder
JOIN numbered b ON b.ledger_id = p.origin
ORDER BY p.least DESC, p.holder, p.origin;
