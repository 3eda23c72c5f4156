-- Who is trusted by several accounts together, some of them perhaps against?
--
-- Each viewer has a weight: 2 counts its points twice, -1 takes them away. The viewers are one
-- text: DID=WEIGHT, separated by commas; weights are whole numbers, and one left out is 1. A
-- viewer named twice has the sum of its weights; one that Kith does not know adds nothing.
-- Holders whose sum is 0 stay.
--
-- Columns
--   did      the holder
--   handle   its name, NULL until known
--   hop      distance from the tracked accounts, NULL outside the circle
--   points   sum of weight times points, over the viewers whose points it holds
--   rank     1 is first; equal points, equal rank
--   added    of points, what viewers with a weight above zero add
--   taken    what viewers with a weight below zero take away: points is added less taken
--   viewers  number of viewers whose points it holds
--
-- For example: kith report blend --viewers user010.pds1.test=2,user000.pds1.test=-1 --limit 4
--     account                           hop  points  rank  added  taken  viewers
--     user001.pds1.test                   2     172     1    180      8        2
--     did:plc:jxaeq2uzglxs44py7ai5rfbc    2     126     2    126      0        1
--     user009.pds1.test                   1     121     3    130      9        2
--     user000.pds1.test                   0     102     4    102      0        1
--
-- By hand
--   sqlite3 -cmd ".parameter set :viewers 'did:plc:…=2,did:plc:…=-1'" -cmd ".parameter set :limit 20" kith.db < reports/blend.sql
--   psql -v viewers="'did:plc:…=2,did:plc:…=-1'" -v limit=20 postgres://… -f reports/blend.sql
WITH RECURSIVE list AS (
    -- What is left of the text after each comma. SQLite and PostgreSQL have no function in common
    -- that finds one, but both trim: what is left begins where nothing but a comma stops the trim.
    SELECT CAST(:viewers AS TEXT) || ',' AS rest
    UNION ALL
    SELECT SUBSTR(LTRIM(rest, REPLACE(rest, ',', '')), 2)
    FROM list
    WHERE rest <> ''
),
named AS (
    SELECT SUBSTR(rest, 1, LENGTH(rest) - LENGTH(LTRIM(rest, REPLACE(rest, ',', '')))) AS viewer
    FROM list
),
weighed AS (
    SELECT
        TRIM(SUBSTR(viewer, 1, LENGTH(viewer) - LENGTH(LTRIM(viewer, REPLACE(viewer, '=', ''))))) AS did,
        TRIM(SUBSTR(LTRIM(viewer, REPLACE(viewer, '=', '')), 2)) AS weight
    FROM named
),
viewer AS (
    SELECT
        a.ledger_id,
        CAST(SUM(CAST(COALESCE(NULLIF(w.weight, ''), '1') AS BIGINT)) AS BIGINT) AS weight
    FROM weighed w
    JOIN numbered a ON a.did = w.did
    GROUP BY a.ledger_id
),
held AS (
    SELECT
        a.holder,
        CAST(SUM(v.weight * a.points) AS BIGINT) AS points,
        CAST(SUM(CASE WHEN v.weight > 0 THEN v.weight * a.points ELSE 0 END) AS BIGINT) AS added,
        CAST(SUM(CASE WHEN v.weight < 0 THEN -v.weight * a.points ELSE 0 END) AS BIGINT) AS taken,
        COUNT(*) AS viewers
    FROM viewer v
    JOIN assignment a ON a.origin = v.ledger_id
    WHERE a.holder <> 0
    GROUP BY a.holder
),
best AS (
    SELECT holder, points, added, taken, viewers
    FROM held
    ORDER BY points DESC, holder
    LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807)
)
-- Ranks among the first are ranks among all.
SELECT
    h.did,
    h.handle,
    h.hop,
    b.points,
    RANK() OVER (ORDER BY b.points DESC) AS rank,
    b.added,
    b.taken,
    b.viewers
FROM best b
JOIN numbered h ON h.ledger_id = b.holder
ORDER BY b.points DESC, b.holder;
