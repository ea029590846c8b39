-- Parents of the wanted tables, by inheritance or partitioning.
SELECT
    i.inhrelid,
    parent_schema.nspname::pg_catalog.text,
    parent.relname::pg_catalog.text
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
JOIN pg_catalog.pg_class parent ON parent.oid = i.inhparent
JOIN pg_catalog.pg_namespace parent_schema ON parent_schema.oid = parent.relnamespace
WHERE
    c.relnamespace = ANY ($namespaces)
    AND c.relkind IN ('r', 'p', 'f')
ORDER BY i.inhrelid, i.inhseqno
