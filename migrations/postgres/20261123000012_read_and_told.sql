-- A like that was read from its repo is told by the stream, too, if that is behind: another source may be
-- far ahead of it, and the like's epoch be over.

-- Likes that a commit may yet bring, or a gap's repair: those that came with no commit, and those with
-- keys of a later time than their commit's, by clients whose clocks are fast. Serves start-up.
DROP INDEX journal_ahead;
CREATE INDEX journal_ahead ON journal (rkey) WHERE rkey > rev;
