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
-- By hand
--   sqlite3 -cmd ".parameter set :limit 20" kith.db < reports/gaps.sql
--   psql -v limit=20 postgres://… -f reports/gaps.sql
SELECT
    g.id,
    g.kind,
    a.did,
    g.source,
    g.from_rev,
    g.to_rev,
    g.from_micros,
    g.to_micros,
    g.accounts,
    g.accounts_left,
    g.opened_micros,
    g.closed_micros,
    g.likes_found,
    g.follows_changed,
    g.blocks_changed
FROM gap AS g
LEFT JOIN account AS a ON a.id = g.account
ORDER BY g.id DESC
LIMIT CAST(:limit AS BIGINT);
