-- Enums and domains of the whole database: a column may use one of a schema that is not read.
SELECT
    t.oid,
    t.typarray,
    n.nspname::pg_catalog.text,
    t.typname::pg_catalog.text,
    t.typtype::pg_catalog.text,
    (
        SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder)
        FROM pg_catalog.pg_enum e
        WHERE e.enumtypid = t.oid
    )::pg_catalog.text AS labels,
    CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END AS base_type,
    t.typnotnull,
    CASE WHEN t.typdefaultbin IS NOT NULL THEN pg_catalog.pg_get_expr(t.typdefaultbin, 0) END AS default_expression,
    CASE WHEN t.typtype = 'd' AND t.typcollation <> base.typcollation THEN l.collname::pg_catalog.text END AS collation,
    t.typbasetype
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_type base ON base.oid = t.typbasetype
LEFT JOIN pg_catalog.pg_collation l ON l.oid = t.typcollation AND t.typtype = 'd'
WHERE
    t.typtype IN ('e', 'd')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname !~ '^pg_(temp|toast)'
ORDER BY n.nspname, t.typname
