-- Who is trusted by one account, and how directly?
--
-- Who holds points that the viewer once gave: by liking them (direct), or by way of others who
-- were liked by the viewer and passed the points on (second hand). How the points came is known
-- from the flows, which are kept for tracked accounts; what has decayed since is taken from both
-- in proportion. For a viewer that is not tracked direct and second_hand are NULL.
--
-- Columns
--   did          the holder
--   handle       its name, NULL until known
--   hop          distance from the tracked accounts, NULL outside the circle
--   points       the viewer's points it holds
--   share        points as a fraction of all of the viewer's points that anybody holds, 0 to 1
--   rank         1 is first; equal points, equal rank
--   direct       of points, those that came straight from the viewer
--   second_hand  of points, those that came through others
--   through      who passed on most of those, by handle or did; NULL if nobody
--
-- By hand
--   sqlite3 -cmd ".parameter set :viewer 'did:plc:…'" -cmd ".parameter set :limit 20" kith.db < reports/trust.sql
--   psql -v viewer="'did:plc:…'" -v limit=20 postgres://… -f reports/trust.sql
WITH viewer AS (
    SELECT ledger_id
    FROM account
    WHERE did = :viewer
),
held AS (
    SELECT a.holder, a.points
    FROM viewer v
    JOIN assignment a ON a.origin = v.ledger_id
    WHERE a.holder <> 0
),
came AS (
    SELECT
        f.receiver,
        CAST(SUM(f.points) AS BIGINT) AS points,
        CAST(SUM(CASE WHEN f.sender = f.origin THEN f.points ELSE 0 END) AS BIGINT) AS direct
    FROM viewer v
    JOIN flow f ON f.origin = v.ledger_id
    GROUP BY f.receiver
),
passed AS (
    SELECT
        f.receiver,
        f.sender,
        ROW_NUMBER() OVER (
            PARTITION BY f.receiver ORDER BY SUM(f.points) DESC, f.sender
        ) AS place
    FROM viewer v
    JOIN flow f ON f.origin = v.ledger_id
    WHERE f.sender <> f.origin
    GROUP BY f.receiver, f.sender
)
SELECT
    h.did,
    h.handle,
    h.hop,
    held.points,
    CAST(held.points AS DOUBLE PRECISION)
        / CAST((SELECT SUM(points) FROM held) AS DOUBLE PRECISION) AS share,
    RANK() OVER (ORDER BY held.points DESC) AS rank,
    held.points * came.direct / came.points AS direct,
    held.points - held.points * came.direct / came.points AS second_hand,
    COALESCE(t.handle, t.did) AS through
FROM held
JOIN account h ON h.ledger_id = held.holder
LEFT JOIN came ON came.receiver = held.holder
LEFT JOIN passed ON passed.receiver = held.holder AND passed.place = 1
LEFT JOIN account t ON t.ledger_id = passed.sender
ORDER BY rank, held.holder
LIMIT CAST(:limit AS BIGINT);
