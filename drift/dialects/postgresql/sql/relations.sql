-- Tables and what looks like one, sequences included (for their names).
SELECT
    c.oid,
    c.relnamespace,
    c.relname::pg_catalog.text,
    c.relkind::pg_catalog.text,
    c.relpersistence::pg_catalog.text,
    c.relispartition,
    c.relrowsecurity,
    c.reltuples,
    c.relpages,
    CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END AS partition_key,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END AS definition
FROM pg_catalog.pg_class c
WHERE
    c.relnamespace = ANY ($namespaces)
    AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
    AND c.relpersistence <> 't'
