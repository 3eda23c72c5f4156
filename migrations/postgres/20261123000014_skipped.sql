-- What `kith verify` finds must not depend on how a file reads that was edited since.

-- Accounts that circle.skip keeps out of the circle, as the last writer had it.
CREATE TABLE skipped (
    account BIGINT NOT NULL PRIMARY KEY
);
