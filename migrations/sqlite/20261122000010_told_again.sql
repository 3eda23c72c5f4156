-- What a relay said of an account's status is told again by another one that is behind: it must not
-- happen twice.

-- The last #account event that was heard of an account. From another source only a later one is.
CREATE TABLE status_event (
    account INTEGER NOT NULL PRIMARY KEY,
    micros  INTEGER NOT NULL,           -- its event time
    source  TEXT    NOT NULL            -- who told it: source.name
) STRICT;

-- Likes with keys of a later time than their commit's, by clients whose clocks are fast. Serves
-- start-up: a gap that begins after the commit may bring them again.
CREATE INDEX journal_ahead ON journal (rkey) WHERE rev > '' AND rkey > rev;
