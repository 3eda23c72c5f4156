-- Which likes did not count, and why?
--
-- First what the ledger rejected (those are in the journal), then what was not given to it, by
-- reason: of those only the number is kept.
--
-- Columns
--   reason       not enough points and other words of the ledger; or outside, invalid,
--                not_a_post, self, inactive, repeated, capped: tests that a like failed before
--   likes        how many: of the ledger's in the journal (of which store.retain may have dropped the
--                older part), of the others since the database was made
--   likers       accounts that made them; NULL where only the number is kept
--   most         DID of the account that made most of them
--   most_likes   how many it made
--   last_micros  event time of the last, unix microseconds
--
-- For example: kith report rejections
--     reason             likes  likers  most               most_likes  last
--     not enough points     48       1  user001.pds1.test          48  2026-11-21T02:17:52Z
--     outside              174       -  -                           -  -
--     self                   7       -  -                           -  -
--     repeated               2       -  -                           -  -
--     inactive               1       -  -                           -  -
--     invalid                1       -  -                           -  -
--     not_a_post             1       -  -                           -  -
--
-- By hand
--   sqlite3 kith.db < reports/rejections.sql
--   psql postgres://… -f reports/rejections.sql
WITH rejected AS (
    SELECT
        CASE outcome
            WHEN 1 THEN 'unknown account'
            WHEN 2 THEN 'too many accounts'
            WHEN 3 THEN 'the sink is a party'
            WHEN 4 THEN 'to oneself'
            WHEN 5 THEN 'no points'
            WHEN 6 THEN 'above the limit'
            WHEN 7 THEN 'not enough points'
            ELSE 'other'
        END AS reason,
        sender,
        COUNT(*) AS likes,
        MAX(micros) AS last_micros
    FROM journal
    WHERE outcome <> 0 AND kind = 1
    GROUP BY 1, 2
),
placed AS (
    SELECT
        reason,
        sender,
        likes,
        last_micros,
        ROW_NUMBER() OVER (PARTITION BY reason ORDER BY likes DESC, sender) AS place
    FROM rejected
),
reasons AS (
    SELECT
        1 AS part,
        reason,
        CAST(SUM(likes) AS BIGINT) AS likes,
        COUNT(*) AS likers,
        MAX(CASE WHEN place = 1 THEN sender END) AS most,
        MAX(likes) AS most_likes,
        MAX(last_micros) AS last_micros
    FROM placed
    GROUP BY reason
    UNION ALL
    SELECT 2, SUBSTR(name, 7), value, NULL, NULL, NULL, NULL
    FROM counter
    WHERE name IN (
        'likes.outside', 'likes.invalid', 'likes.not_a_post', 'likes.self', 'likes.inactive',
        'likes.repeated', 'likes.capped'
    )
)
SELECT
    r.reason,
    r.likes,
    r.likers,
    a.did AS most,
    r.most_likes,
    r.last_micros
FROM reasons r
LEFT JOIN ledger_number na ON na.ledger_id = r.most
LEFT JOIN account a ON a.id = na.account
ORDER BY r.part, r.likes DESC, r.reason;
