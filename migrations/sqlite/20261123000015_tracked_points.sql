-- Before any account was pinned, everybody's points were taken for those of tracked accounts. (That the
-- kind is not 1 is said so that SQLite uses the index of these rows.)
UPDATE history
SET tracked = 0, rank = NULL
WHERE tracked > 0
    AND epoch IN (
        SELECT t.epoch - 1
        FROM journal t
        WHERE t.kind <> 1 AND t.kind = 2
            AND (SELECT COUNT(*) FROM journal p WHERE p.kind <> 1 AND p.kind = 4 AND p.position < t.position)
                = (SELECT COUNT(*) FROM journal u WHERE u.kind <> 1 AND u.kind = 5 AND u.position < t.position)
            AND (
                SELECT r.parameters
                FROM journal r
                WHERE r.kind <> 1 AND r.kind = 6 AND r.position < t.position
                ORDER BY r.position DESC
                LIMIT 1
            ) LIKE '%"rule":"systematic"%'
    );
