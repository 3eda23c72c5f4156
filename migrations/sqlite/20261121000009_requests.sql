-- What people ask of the ledger beside the stream: claims, and to be forgotten.

-- Asked by anybody who may write here, answered by the single writer, in the order of the numbers,
-- in the transaction that has the journal rows which answer it: each is taken once, whatever is
-- killed. Nobody changes a row but the writer, which fills in the answer.
CREATE TABLE request (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    kind            TEXT    NOT NULL CHECK (kind IN ('claim', 'forget', 'remember')),
    did             TEXT    NOT NULL,   -- who claims, is to be forgotten, or not any more
    sender          TEXT,               -- of a claim: bundles of this account only
    entry           INTEGER CHECK (entry >= 0),  -- of a claim: this bundle only, 0 is the oldest
    asked_micros    INTEGER NOT NULL,   -- local time
    answer          TEXT,               -- NULL: it waits; done, or why not
    operations      INTEGER,            -- rows of the journal that it made
    position        INTEGER,            -- the last of these
    points          INTEGER,            -- claimed, or given up
    answered_micros INTEGER             -- local time
) STRICT;
-- Serves the service, which looks for what waits twice a second.
CREATE INDEX request_waiting ON request (id) WHERE answer IS NULL;

-- Accounts that asked to be forgotten: never members, no like of theirs or to them counts, and
-- nothing is kept of them but their number and DID.
CREATE TABLE forgotten (
    account INTEGER NOT NULL PRIMARY KEY,
    micros  INTEGER NOT NULL            -- local time
) STRICT;
