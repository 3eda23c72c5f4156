-- Gaps say what was missed from when to when, and what reading it again brought; the queue of
-- accounts to be read knows which likes are wanted; DID documents outlive a restart.

ALTER TABLE gap RENAME TO gap_before;
DROP INDEX gap_open;

-- Something was missed: of one account (a commit that does not follow the one before), or of
-- everybody (a stream that went on later than it ended).
CREATE TABLE gap (
    id               INTEGER NOT NULL PRIMARY KEY,
    kind             TEXT NOT NULL,
    account          INTEGER,             -- NULL: everybody's
    source           TEXT,           -- of a stream's gap: which source
    from_rev         TEXT,           -- of an account's gap: last commit seen before it
    to_rev           TEXT,           -- and where it ends
    from_micros      INTEGER,             -- of a stream's gap: last event seen before it
    to_micros        INTEGER,             -- and the first after it
    accounts         INTEGER NOT NULL,    -- whose repos are to be read again
    accounts_left    INTEGER NOT NULL,    -- of them, not yet
    opened_micros    INTEGER NOT NULL,    -- event time
    closed_micros    INTEGER,             -- NULL: open
    likes_found      INTEGER NOT NULL,    -- likes read again that had been missed
    follows_changed  INTEGER NOT NULL,    -- follow records found, or found gone
    blocks_changed   INTEGER NOT NULL     -- block records found, or found gone
) STRICT;
INSERT INTO gap
    SELECT id, kind, account, source, expected, seen, NULL, NULL, 1, 1, opened_micros, closed_micros, 0, 0, 0
    FROM gap_before;
DROP TABLE gap_before;
-- Serves `status`: the gaps still open.
CREATE INDEX gap_open ON gap (opened_micros) WHERE closed_micros IS NULL;

ALTER TABLE backfill ADD COLUMN likes TEXT;  -- spans of TIDs whose likes are wanted: after-upto,…
ALTER TABLE backfill ADD COLUMN gap INTEGER;      -- the stream's gap it belongs to

-- What DID documents said when they were last fetched.
CREATE TABLE identity (
    account        INTEGER NOT NULL PRIMARY KEY,
    pds            TEXT,
    handle         TEXT,           -- as claimed there, unverified
    signing_key    TEXT,           -- multikey
    fetched_micros INTEGER NOT NULL     -- local time
) STRICT;
