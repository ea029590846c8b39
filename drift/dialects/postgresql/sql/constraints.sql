-- Constraints with their columns as numbers; only CHECK bodies are deparsed. Left out: what a partition or a child
-- table has from its parent (conparentid, conislocal), and the NOT NULL rows of PostgreSQL 18. Names of the target's
-- columns come along only where the target is not itself read.
SELECT
    con.oid,
    con.conrelid,
    con.conname::pg_catalog.text,
    con.contype::pg_catalog.text,
    con.condeferrable,
    con.condeferred,
    con.convalidated,
    $enforced AS enforced,
    con.connoinherit,
    con.conindid,
    pg_catalog.array_to_string(con.conkey, ' ') AS columns,
    con.confrelid,
    target.relnamespace AS target_namespace,
    CASE WHEN con.contype = 'f' AND target.relnamespace <> ALL ($namespaces) THEN target_schema.nspname::pg_catalog.text END,
    target.relname::pg_catalog.text,
    pg_catalog.array_to_string(con.confkey, ' ') AS target_columns,
    CASE
        WHEN con.contype = 'f' AND target.relnamespace <> ALL ($namespaces)
            THEN (
                SELECT pg_catalog.json_agg(a.attname ORDER BY key.place)
                FROM pg_catalog.unnest(con.confkey) WITH ORDINALITY AS key (number, place)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = key.number
            )::pg_catalog.text
    END AS target_names,
    con.confdeltype::pg_catalog.text,
    $delete_columns AS delete_columns,
    con.confupdtype::pg_catalog.text,
    con.confmatchtype::pg_catalog.text,
    CASE WHEN con.contype = 'c' THEN pg_catalog.pg_get_expr(con.conbin, con.conrelid) END AS expression,
    CASE
        WHEN con.contype = 'x'
            THEN (
                SELECT pg_catalog.json_agg(o.oprname ORDER BY operator.place)
                FROM pg_catalog.unnest(con.conexclop) WITH ORDINALITY AS operator (number, place)
                JOIN pg_catalog.pg_operator o ON o.oid = operator.number
            )::pg_catalog.text
    END AS operators
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_constraint con ON con.conrelid = c.oid
LEFT JOIN pg_catalog.pg_class target ON target.oid = con.confrelid AND con.contype = 'f'
LEFT JOIN pg_catalog.pg_namespace target_schema ON target_schema.oid = target.relnamespace
WHERE
    c.relnamespace = ANY ($namespaces)
    AND c.relpersistence <> 't'
    AND con.contype IN ('p', 'u', 'f', 'c', 'x')
    AND con.conparentid = 0
    AND (con.conislocal OR con.contype <> 'c')
ORDER BY con.conrelid, con.conname
