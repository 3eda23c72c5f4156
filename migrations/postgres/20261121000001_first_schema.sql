-- Kith's first schema. Times are unix microseconds, points are whole points,
-- booleans are 0 or 1: the same names as in SQLite, so that one reporting query
-- runs on both.

-- One row: where the single writer stands. Every batch checks and moves it.
CREATE TABLE state (
    singleton           BIGINT NOT NULL PRIMARY KEY CHECK (singleton = 1),
    batch               BIGINT NOT NULL CHECK (batch >= 0),     -- batches committed so far
    position            BIGINT NOT NULL CHECK (position >= 0),  -- last journal position
    ticks               BIGINT NOT NULL CHECK (ticks >= 0),     -- tick ordinal
    seed                BIGINT NOT NULL,                        -- of rule systematic; never shown
    epoch               BIGINT,                                 -- NULL until the first event
    epoch_micros        BIGINT NOT NULL CHECK (epoch_micros > 0),
    epoch_base          BIGINT,                                 -- epoch that began at epoch_base_micros
    epoch_base_micros   BIGINT,
    clock_micros        BIGINT,                                 -- greatest event time so far
    flow_position       BIGINT NOT NULL,                        -- flows include the journal up to here
    depth               BIGINT NOT NULL
);

-- Every account Kith has a reason to name, in the order it met them.
CREATE TABLE account (
    id             BIGINT NOT NULL PRIMARY KEY,
    did            TEXT NOT NULL UNIQUE,
    handle         TEXT,                       -- a display label; NULL until known
    hop            BIGINT,                    -- NULL: not a member of the circle
    since_micros   BIGINT,                    -- event time of entering the circle
    status         TEXT NOT NULL DEFAULT 'active',
    rev            TEXT,                       -- last commit seen
    data           BYTEA,                       -- SHA-256 of the tree root after it
    ledger_id      BIGINT UNIQUE,             -- its number in the ledger; NULL: never took part
    capped         BIGINT NOT NULL DEFAULT 0  -- 1: follows read only up to max_follows
);
-- Serves `report circle` and every join that wants members only.
CREATE INDEX account_hop ON account (hop, id) WHERE hop IS NOT NULL;

CREATE TABLE tracked (
    account BIGINT NOT NULL PRIMARY KEY,
    label   TEXT
);

-- Follow and block records as they stand, by (author, rkey).
CREATE TABLE follow (
    follower BIGINT NOT NULL,
    rkey     TEXT NOT NULL,
    subject  BIGINT NOT NULL,
    PRIMARY KEY (follower, rkey)
);

CREATE TABLE block (
    blocker BIGINT NOT NULL,
    rkey    TEXT NOT NULL,
    subject BIGINT NOT NULL,
    PRIMARY KEY (blocker, rkey)
);

-- Who entered, left or changed hop, and by which follow record.
CREATE TABLE circle_change (
    id       BIGINT NOT NULL PRIMARY KEY,
    micros   BIGINT NOT NULL,
    account  BIGINT NOT NULL,
    from_hop BIGINT,
    to_hop   BIGINT,
    cause    TEXT NOT NULL,
    by       BIGINT,          -- the account whose record caused it
    rkey     TEXT
);

-- The journal: append-only, totally ordered, every operation given to the ledger.
CREATE TABLE journal (
    position     BIGINT NOT NULL PRIMARY KEY CHECK (position > 0),
    epoch        BIGINT NOT NULL,
    kind         BIGINT NOT NULL,   -- 1 transfer 2 tick 3 claim 4 pin 5 unpin 6 rules 7 forget
    outcome      BIGINT NOT NULL,   -- 0 accepted, else the rejection
    sender       BIGINT,            -- ledger ids; of a claim, who had sent the entry
    receiver     BIGINT,
    points       BIGINT,
    nonce        BIGINT,            -- 64 bits, as a signed number
    held         BIGINT,
    entry        BIGINT,            -- of a claim
    pieces       BYTEA,               -- what reached the receiver's side, by origin
    sink_points  BIGINT NOT NULL,   -- the sink's cut
    sink_pieces  BYTEA,
    parameters   TEXT,               -- of rules: JSON
    record       BIGINT,            -- 1 like 2 repost
    rkey         TEXT,
    rev          TEXT,
    subject_rkey TEXT,
    micros       BIGINT NOT NULL    -- event time
);
-- Serves start-up: the likes of the current epoch, and the last rules and pins.
CREATE INDEX journal_epoch ON journal (epoch, position);
CREATE INDEX journal_kind ON journal (kind, position) WHERE kind <> 1;

-- Checkpoint: accounts' images, each true at its own position and tick ordinal.
CREATE TABLE ledger_account (
    id        BIGINT NOT NULL PRIMARY KEY,
    own       BIGINT NOT NULL CHECK (own >= 0),
    others    BIGINT NOT NULL CHECK (others >= 0),
    tally     BIGINT NOT NULL CHECK (tally >= 0),  -- others and all assignments
    rows      BIGINT NOT NULL,
    unclaimed BIGINT NOT NULL,
    ordinal   BIGINT NOT NULL,
    position  BIGINT NOT NULL
);

CREATE TABLE assignment (
    holder  BIGINT NOT NULL,
    origin  BIGINT NOT NULL,
    points  BIGINT NOT NULL CHECK (points > 0),
    touched BIGINT,                                 -- rule reference: epoch of the last touch
    PRIMARY KEY (holder, origin)
);
-- Serves trust views: who holds the points of one origin.
CREATE INDEX assignment_origin ON assignment (origin, points);

CREATE TABLE unclaimed (
    receiver BIGINT NOT NULL,
    entry    BIGINT NOT NULL,
    sender   BIGINT NOT NULL,
    ordinal  BIGINT NOT NULL,   -- tick ordinal when sent
    points   BIGINT NOT NULL,
    pieces   BYTEA NOT NULL,
    PRIMARY KEY (receiver, entry)
);

-- Points of tracked origins that moved from sender to receiver in an epoch.
CREATE TABLE flow (
    origin   BIGINT NOT NULL,
    receiver BIGINT NOT NULL,
    sender   BIGINT NOT NULL,
    epoch    BIGINT NOT NULL,
    points   BIGINT NOT NULL CHECK (points > 0),
    PRIMARY KEY (origin, receiver, sender, epoch)
);

CREATE TABLE epoch (
    ordinal  BIGINT NOT NULL PRIMARY KEY,
    epoch    BIGINT NOT NULL,
    minted   BIGINT NOT NULL,
    moved    BIGINT NOT NULL,
    sink     BIGINT NOT NULL,
    returned BIGINT NOT NULL,
    decayed  BIGINT NOT NULL,
    expired  BIGINT NOT NULL,
    burned   BIGINT NOT NULL,
    forgotten BIGINT NOT NULL
);

CREATE TABLE source (
    name         TEXT NOT NULL PRIMARY KEY,   -- kind and url
    kind         TEXT NOT NULL,
    url          TEXT NOT NULL,
    cursor       BIGINT,                     -- all below it is done
    event_micros BIGINT,
    lag_micros   BIGINT,
    connected    BIGINT NOT NULL
);

CREATE TABLE counter (
    name  TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

CREATE TABLE backfill (
    account         BIGINT NOT NULL PRIMARY KEY,
    state           TEXT NOT NULL,            -- queued running done failed
    reason          TEXT NOT NULL,
    attempts        BIGINT NOT NULL,
    not_before_micros BIGINT NOT NULL,
    error           TEXT
);

CREATE TABLE gap (
    id            BIGINT NOT NULL PRIMARY KEY,
    kind          TEXT NOT NULL,
    account       BIGINT,
    source        TEXT,
    seen          TEXT,
    expected      TEXT,
    opened_micros BIGINT NOT NULL,
    closed_micros BIGINT,
    recovered     TEXT
);
-- Serves `status`: the gaps still open.
CREATE INDEX gap_open ON gap (opened_micros) WHERE closed_micros IS NULL;
