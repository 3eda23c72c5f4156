-- Keys are compared by their bytes, whatever language the database was made for: some have "ch" after "h".
DROP INDEX journal_ahead;
CREATE INDEX journal_ahead ON journal (rkey COLLATE "C") WHERE rkey COLLATE "C" > rev COLLATE "C";
