-- Day one: the likes of the last days, read from the repos at the first start and taken before
-- any live event.

-- One row at most: how far it is.
CREATE TABLE bootstrap (
    singleton       INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    state           TEXT NOT NULL,       -- reading taking done
    after_micros    INTEGER NOT NULL,    -- likes up to this time are too old
    first_micros    INTEGER NOT NULL,    -- event time from which the sources tell everything
    upto_micros     INTEGER NOT NULL,    -- likes after this time come by the sources alone
    begun_micros    INTEGER NOT NULL,    -- local time of the first start
    ended_micros    INTEGER,             -- local time
    likes_read      INTEGER NOT NULL,    -- that may count, waiting or taken
    likes_taken     INTEGER NOT NULL,    -- of them, those given to the ledger
    taken_tid       INTEGER NOT NULL,    -- the last of these: its key in table bootstrap_like
    taken_account   INTEGER NOT NULL,
    taken_record    INTEGER NOT NULL
) STRICT;

-- Accounts whose likes were read, or cannot be.
CREATE TABLE bootstrap_account (
    account     INTEGER NOT NULL PRIMARY KEY,
    read_micros INTEGER NOT NULL,        -- local time before it was read
    likes       INTEGER NOT NULL,        -- read now, of whatever kind
    capped      INTEGER NOT NULL,        -- 1: there are older ones, beyond max_likes
    error       TEXT                     -- why it was given up; NULL: read
) STRICT;

-- Likes that wait until all are read, in the order in which they are taken. Empty afterwards.
CREATE TABLE bootstrap_like (
    tid     INTEGER NOT NULL,            -- the record's key, a TID, as a number
    account INTEGER NOT NULL,            -- whose like
    record  INTEGER NOT NULL,            -- 1 like 2 repost
    author  INTEGER NOT NULL,            -- whose post
    post    TEXT NOT NULL,               -- that post's key
    nonce   INTEGER NOT NULL,            -- 64 bits of the record's digest, as a signed number
    PRIMARY KEY (tid, account, record)
) STRICT, WITHOUT ROWID;
