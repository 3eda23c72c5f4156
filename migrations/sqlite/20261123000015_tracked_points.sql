-- Before any account was pinned, everybody's points were taken for those of tracked accounts.
UPDATE history
SET tracked = 0, rank = NULL
WHERE tracked > 0
    AND (SELECT dropped_position FROM state) = 0
    AND epoch IN (
        SELECT t.epoch - 1
        FROM journal t
        WHERE t.kind = 2
            AND (SELECT COUNT(*) FROM journal p WHERE p.kind = 4 AND p.position < t.position)
                = (SELECT COUNT(*) FROM journal u WHERE u.kind = 5 AND u.position < t.position)
            AND (
                SELECT r.parameters
                FROM journal r
                WHERE r.kind = 6 AND r.position < t.position
                ORDER BY r.position DESC
                LIMIT 1
            ) LIKE '%"rule":"systematic"%'
    );
