-- The last commit of a repo changes with nearly every event: a table of its own keeps its pages
-- few, and the accounts' still.
CREATE TABLE repo (
    account INTEGER NOT NULL PRIMARY KEY,
    rev     TEXT NOT NULL,                  -- last commit seen
    data    BLOB                            -- SHA-256 of the tree root after it; NULL: not known
) STRICT;
INSERT INTO repo SELECT id, rev, data FROM account WHERE rev IS NOT NULL;
ALTER TABLE account DROP COLUMN rev;
ALTER TABLE account DROP COLUMN data;
