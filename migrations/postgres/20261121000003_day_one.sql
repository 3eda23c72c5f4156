-- Day one: the likes of the last days, read from the repos at the first start and taken before
-- any live event.

-- One row at most: how far it is.
CREATE TABLE bootstrap (
    singleton       BIGINT NOT NULL PRIMARY KEY CHECK (singleton = 1),
    state           TEXT NOT NULL,       -- reading taking done
    after_micros    BIGINT NOT NULL,    -- likes up to this time are too old
    first_micros    BIGINT NOT NULL,    -- event time from which the sources tell everything
    upto_micros     BIGINT NOT NULL,    -- likes after this time come by the sources alone
    begun_micros    BIGINT NOT NULL,    -- local time of the first start
    ended_micros    BIGINT,             -- local time
    likes_read      BIGINT NOT NULL,    -- that may count, waiting or taken
    likes_taken     BIGINT NOT NULL,    -- of them, those given to the ledger
    taken_tid       BIGINT NOT NULL,    -- the last of these: its key in table bootstrap_like
    taken_account   BIGINT NOT NULL,
    taken_record    BIGINT NOT NULL
);

-- Accounts whose likes were read, or cannot be.
CREATE TABLE bootstrap_account (
    account     BIGINT NOT NULL PRIMARY KEY,
    read_micros BIGINT NOT NULL,        -- local time before it was read
    likes       BIGINT NOT NULL,        -- read now, of whatever kind
    capped      BIGINT NOT NULL,        -- 1: there are older ones, beyond max_likes
    error       TEXT                     -- why it was given up; NULL: read
);

-- Likes that wait until all are read, in the order in which they are taken. Empty afterwards.
CREATE TABLE bootstrap_like (
    tid     BIGINT NOT NULL,            -- the record's key, a TID, as a number
    account BIGINT NOT NULL,            -- whose like
    record  BIGINT NOT NULL,            -- 1 like 2 repost
    author  BIGINT NOT NULL,            -- whose post
    post    TEXT NOT NULL,               -- that post's key
    nonce   BIGINT NOT NULL,            -- 64 bits of the record's digest, as a signed number
    PRIMARY KEY (tid, account, record)
);
