-- Handles of members are looked up in the background, the most trusted first, and believed only if
-- they point back at the account.

-- Whose handle was looked up, and when it is to be again. Who is not here was never asked for.
CREATE TABLE handle_lookup (
    account           INTEGER NOT NULL PRIMARY KEY,
    attempts          INTEGER NOT NULL,    -- failures in a row
    not_before_micros INTEGER              -- local time; NULL: not before its next #identity
) STRICT;
