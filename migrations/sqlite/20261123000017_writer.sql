-- On PostgreSQL another process may take the place of one that has lost its connection, and write a batch
-- of the same number and position as the one that was under way.

-- Who wrote the last batch: a number that every process draws for itself. 0: not known.
ALTER TABLE state ADD COLUMN writer INTEGER NOT NULL DEFAULT 0;
