-- A start goes on though a handle of the configuration cannot be resolved just then.

-- Handles of the configuration, and whose they were when they were last resolved.
CREATE TABLE named (
    handle TEXT NOT NULL PRIMARY KEY,
    did    TEXT NOT NULL
);
