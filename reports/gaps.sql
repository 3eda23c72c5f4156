-- What was missed, and what did reading it again recover?
--
-- Columns
--   id               number of the gap, in order of discovery
--   kind             what was noticed: of an account chain, sync, too_big, unreadable or
--                    verification; of a stream outdated_cursor, future_cursor or another reason
--   did              the account whose repo it is, NULL where a stream missed everybody's events
--   source           the stream, NULL for an account's gap
--   from_rev         of an account: the last commit seen before (a TID)
--   to_rev           of an account: the commit where the gap ends
--   from_micros      of a stream: the last event seen before, unix microseconds
--   to_micros        of a stream: the first event after it
--   accounts         accounts whose repos are to be read again
--   accounts_left    of them, not yet read
--   opened_micros    event time at which it was noticed
--   closed_micros    event time at which everything was read again, NULL while it is open
--   likes_found      likes that had been missed
--   follows_changed  follow records found, or found gone
--   blocks_changed   block records found, or found gone
--
-- For example: kith report gaps --limit 2
--     id  kind  did  source  from_rev  to_rev  from  to  accounts  accounts_left  opened  closed  likes_found  follows_changed  blocks_changed
--
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/gaps.sql
--   psql -v limit=20 postgres://… -f reports/gaps.sql
SELECT
    id,
    kind,
    did,
    source,
    from_rev,
    to_rev,
    from_micros,
    to_micros,
    accounts,
    accounts_left,
    opened_micros,
    closed_micros,
    likes_found,
    follows_changed,
    blocks_changed
FROM v_gaps
ORDER BY id DESC
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);
