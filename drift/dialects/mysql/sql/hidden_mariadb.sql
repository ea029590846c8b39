-- MariaDB shows unique indexes to whoever may SELECT, and constraints to those who may do something else as well.
SELECT (
    SELECT COUNT(DISTINCT TABLE_SCHEMA, TABLE_NAME) FROM information_schema.STATISTICS
    WHERE NON_UNIQUE = 0 AND TABLE_SCHEMA IN ({schemas})
) > (
    SELECT COUNT(DISTINCT TABLE_SCHEMA, TABLE_NAME) FROM information_schema.TABLE_CONSTRAINTS
    WHERE CONSTRAINT_TYPE IN ('PRIMARY KEY', 'UNIQUE') AND TABLE_SCHEMA IN ({schemas})
)
