-- What was read from a repo after a gap is not read again after the next one, though no commit of
-- the account has been seen since.
ALTER TABLE repo ADD COLUMN likes_upto TEXT; -- likes with keys up to this one were read; NULL: none were
