-- Partitions of the wanted schemas, as the statements that make them; those that are partitioned themselves first.
SELECT
    pg_catalog.format(
        'CREATE TABLE %I.%I PARTITION OF %I.%I %s%s',
        n.nspname,
        c.relname,
        parent_schema.nspname,
        parent.relname,
        pg_catalog.pg_get_expr(c.relpartbound, c.oid),
        CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_catalog.pg_get_partkeydef(c.oid) END
    )
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
JOIN pg_catalog.pg_class parent ON parent.oid = i.inhparent
JOIN pg_catalog.pg_namespace parent_schema ON parent_schema.oid = parent.relnamespace
WHERE c.relispartition AND c.relkind IN ('r', 'p') AND c.relnamespace = ANY ($namespaces)
ORDER BY c.relkind = 'r', n.nspname, c.relname
