-- Kith's first schema. Times are unix microseconds, points are whole points,
-- booleans are 0 or 1: the same names and types as in PostgreSQL, so that one
-- reporting query runs on both.

-- One row: where the single writer stands. Every batch checks and moves it.
CREATE TABLE state (
    singleton           INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    batch               INTEGER NOT NULL CHECK (batch >= 0),     -- batches committed so far
    position            INTEGER NOT NULL CHECK (position >= 0),  -- last journal position
    ticks               INTEGER NOT NULL CHECK (ticks >= 0),     -- tick ordinal
    seed                INTEGER NOT NULL,                        -- of rule systematic; never shown
    epoch               INTEGER,                                 -- NULL until the first event
    epoch_micros        INTEGER NOT NULL CHECK (epoch_micros > 0),
    epoch_base          INTEGER,                                 -- epoch that began at epoch_base_micros
    epoch_base_micros   INTEGER,
    clock_micros        INTEGER,                                 -- greatest event time so far
    flow_position       INTEGER NOT NULL,                        -- flows include the journal up to here
    depth               INTEGER NOT NULL
) STRICT;

-- Every account Kith has a reason to name, in the order it met them.
CREATE TABLE account (
    id             INTEGER NOT NULL PRIMARY KEY,
    did            TEXT NOT NULL UNIQUE,
    handle         TEXT,                       -- a display label; NULL until known
    hop            INTEGER,                    -- NULL: not a member of the circle
    since_micros   INTEGER,                    -- event time of entering the circle
    status         TEXT NOT NULL DEFAULT 'active',
    rev            TEXT,                       -- last commit seen
    data           BLOB,                       -- SHA-256 of the tree root after it
    ledger_id      INTEGER UNIQUE,             -- its number in the ledger; NULL: never took part
    capped         INTEGER NOT NULL DEFAULT 0  -- 1: follows read only up to max_follows
) STRICT;
-- Serves `report circle` and every join that wants members only.
CREATE INDEX account_hop ON account (hop, id) WHERE hop IS NOT NULL;

CREATE TABLE tracked (
    account INTEGER NOT NULL PRIMARY KEY,
    label   TEXT
) STRICT;

-- Follow and block records as they stand, by (author, rkey).
CREATE TABLE follow (
    follower INTEGER NOT NULL,
    rkey     TEXT NOT NULL,
    subject  INTEGER NOT NULL,
    PRIMARY KEY (follower, rkey)
) STRICT, WITHOUT ROWID;

CREATE TABLE block (
    blocker INTEGER NOT NULL,
    rkey    TEXT NOT NULL,
    subject INTEGER NOT NULL,
    PRIMARY KEY (blocker, rkey)
) STRICT, WITHOUT ROWID;

-- Who entered, left or changed hop, and by which follow record.
CREATE TABLE circle_change (
    id       INTEGER NOT NULL PRIMARY KEY,
    micros   INTEGER NOT NULL,
    account  INTEGER NOT NULL,
    from_hop INTEGER,
    to_hop   INTEGER,
    cause    TEXT NOT NULL,
    by       INTEGER,          -- the account whose record caused it
    rkey     TEXT
) STRICT;

-- The journal: append-only, totally ordered, every operation given to the ledger.
CREATE TABLE journal (
    position     INTEGER NOT NULL PRIMARY KEY CHECK (position > 0),
    epoch        INTEGER NOT NULL,
    kind         INTEGER NOT NULL,   -- 1 transfer 2 tick 3 claim 4 pin 5 unpin 6 rules 7 forget
    outcome      INTEGER NOT NULL,   -- 0 accepted, else the rejection
    sender       INTEGER,            -- ledger ids; of a claim, who had sent the entry
    receiver     INTEGER,
    points       INTEGER,
    nonce        INTEGER,            -- 64 bits, as a signed number
    held         INTEGER,
    entry        INTEGER,            -- of a claim
    pieces       BLOB,               -- what reached the receiver's side, by origin
    sink_points  INTEGER NOT NULL,   -- the sink's cut
    sink_pieces  BLOB,
    parameters   TEXT,               -- of rules: JSON
    record       INTEGER,            -- 1 like 2 repost
    rkey         TEXT,
    rev          TEXT,
    subject_rkey TEXT,
    micros       INTEGER NOT NULL    -- event time
) STRICT;
-- Serves start-up: the likes of the current epoch, and the last rules and pins.
CREATE INDEX journal_epoch ON journal (epoch, position);
CREATE INDEX journal_kind ON journal (kind, position) WHERE kind <> 1;

-- Checkpoint: accounts' images, each true at its own position and tick ordinal.
CREATE TABLE ledger_account (
    id        INTEGER NOT NULL PRIMARY KEY,
    own       INTEGER NOT NULL CHECK (own >= 0),
    others    INTEGER NOT NULL CHECK (others >= 0),
    tally     INTEGER NOT NULL CHECK (tally >= 0),  -- others and all assignments
    rows      INTEGER NOT NULL,
    unclaimed INTEGER NOT NULL,
    ordinal   INTEGER NOT NULL,
    position  INTEGER NOT NULL
) STRICT;

CREATE TABLE assignment (
    holder  INTEGER NOT NULL,
    origin  INTEGER NOT NULL,
    points  INTEGER NOT NULL CHECK (points > 0),
    touched INTEGER,                                 -- rule reference: epoch of the last touch
    PRIMARY KEY (holder, origin)
) STRICT, WITHOUT ROWID;
-- Serves trust views: who holds the points of one origin.
CREATE INDEX assignment_origin ON assignment (origin, points);

CREATE TABLE unclaimed (
    receiver INTEGER NOT NULL,
    entry    INTEGER NOT NULL,
    sender   INTEGER NOT NULL,
    ordinal  INTEGER NOT NULL,   -- tick ordinal when sent
    points   INTEGER NOT NULL,
    pieces   BLOB NOT NULL,
    PRIMARY KEY (receiver, entry)
) STRICT, WITHOUT ROWID;

-- Points of tracked origins that moved from sender to receiver in an epoch.
CREATE TABLE flow (
    origin   INTEGER NOT NULL,
    receiver INTEGER NOT NULL,
    sender   INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,
    points   INTEGER NOT NULL CHECK (points > 0),
    PRIMARY KEY (origin, receiver, sender, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE epoch (
    ordinal  INTEGER NOT NULL PRIMARY KEY,
    epoch    INTEGER NOT NULL,
    minted   INTEGER NOT NULL,
    moved    INTEGER NOT NULL,
    sink     INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    decayed  INTEGER NOT NULL,
    expired  INTEGER NOT NULL,
    burned   INTEGER NOT NULL,
    forgotten INTEGER NOT NULL
) STRICT;

CREATE TABLE source (
    name         TEXT NOT NULL PRIMARY KEY,   -- kind and url
    kind         TEXT NOT NULL,
    url          TEXT NOT NULL,
    cursor       INTEGER,                     -- all below it is done
    event_micros INTEGER,
    lag_micros   INTEGER,
    connected    INTEGER NOT NULL
) STRICT;

CREATE TABLE counter (
    name  TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

CREATE TABLE backfill (
    account         INTEGER NOT NULL PRIMARY KEY,
    state           TEXT NOT NULL,            -- queued running done failed
    reason          TEXT NOT NULL,
    attempts        INTEGER NOT NULL,
    not_before_micros INTEGER NOT NULL,
    error           TEXT
) STRICT;

CREATE TABLE gap (
    id            INTEGER NOT NULL PRIMARY KEY,
    kind          TEXT NOT NULL,
    account       INTEGER,
    source        TEXT,
    seen          TEXT,
    expected      TEXT,
    opened_micros INTEGER NOT NULL,
    closed_micros INTEGER,
    recovered     TEXT
) STRICT;
-- Serves `status`: the gaps still open.
CREATE INDEX gap_open ON gap (opened_micros) WHERE closed_micros IS NULL;
