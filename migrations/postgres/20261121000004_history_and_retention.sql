-- Each account epoch by epoch; where the checkpoint stands; checkpoints that are kept, and what
-- outlives the journal when its old part is dropped.

-- Every image that is older than this position is true at it, too: a start needs the journal
-- only after it. 0: not known yet, the oldest image says.
ALTER TABLE state ADD COLUMN checkpoint_position BIGINT NOT NULL DEFAULT 0;
-- The journal up to here was dropped, but for its rules and pins. 0: it is whole.
ALTER TABLE state ADD COLUMN dropped_position BIGINT NOT NULL DEFAULT 0;
-- Table history is whole from this epoch on. NULL: from the beginning.
ALTER TABLE state ADD COLUMN history_epoch BIGINT;
UPDATE state SET history_epoch = epoch + 1;

-- One row for each account of the ledger and epoch in which it gave, received or held anything.
-- received and given grow while the epoch lasts (written with the flows); hop, own, tally and
-- tracked are those of the epoch's last moment, just before the tick that ended it, and NULL until
-- the account was settled beyond that tick (a sweep after each tick settles everybody). The sink
-- has none.
CREATE TABLE history (
    holder   BIGINT NOT NULL,            -- ledger id
    epoch    BIGINT NOT NULL,
    received BIGINT NOT NULL DEFAULT 0,  -- points credited in the epoch, claims included; not held ones
    given    BIGINT NOT NULL DEFAULT 0,  -- points paid in the epoch, the sink's cut included
    hop      BIGINT,                     -- in the circle at its end; NULL: not a member, or not over
    own      BIGINT,                     -- own points left; NULL: not over, or not settled yet
    tally    BIGINT,                     -- points received and still held, others included
    tracked  BIGINT,                     -- of them, points of pinned origins (the tracked accounts);
                                          -- where nothing is pinned, the tally
    rank     BIGINT,                     -- 1 + members with more tracked points; NULL: no member,
                                          -- no tracked points, or not everybody is settled yet
    PRIMARY KEY (holder, epoch)
);
-- Serves the ranking of an epoch, and its comparison with others.
CREATE INDEX history_epoch ON history (epoch, rank);
-- Serve start-up: what is still to be filled in.
CREATE INDEX history_open ON history (epoch, holder) WHERE own IS NULL;
CREATE INDEX history_unranked ON history (epoch, holder)
    WHERE rank IS NULL AND hop IS NOT NULL AND tracked > 0;

-- A checkpoint that is kept: everybody's image, taken after a tick. `kith verify` may start from
-- it, and the journal before it may be dropped.
CREATE TABLE kept_checkpoint (
    ordinal  BIGINT NOT NULL PRIMARY KEY,  -- of the tick
    epoch    BIGINT NOT NULL,              -- that the tick began
    position BIGINT NOT NULL,              -- of the tick in the journal
    accounts BIGINT NOT NULL,              -- of the ledger at that moment, the sink included
    complete BIGINT NOT NULL               -- 1: all their images are there
);

CREATE TABLE kept_image (
    ordinal  BIGINT NOT NULL,              -- the checkpoint
    holder   BIGINT NOT NULL,              -- ledger id
    position BIGINT NOT NULL,              -- at which it is true: the tick's, or later
    image    BYTEA NOT NULL,                -- LEB128 numbers: see store/src/kept.rs
    PRIMARY KEY (ordinal, holder)
);

-- Likes and reposts whose journal rows were dropped: they are not counted again when a repair
-- or a bootstrap meets them.
CREATE TABLE dropped_like (
    sender BIGINT NOT NULL,                -- ledger id
    record BIGINT NOT NULL,                -- 1 like 2 repost
    rkey   TEXT NOT NULL,
    epoch  BIGINT NOT NULL,                -- in which it was journaled
    PRIMARY KEY (sender, record, rkey)
);
