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
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END AS definition,
    CASE
        WHEN c.reloptions IS NOT NULL OR t.reloptions IS NOT NULL
            THEN (
                SELECT pg_catalog.json_object_agg(parameter.name, parameter.value)
                FROM (
                    SELECT o.option_name, o.option_value FROM pg_catalog.pg_options_to_table(c.reloptions) o
                    UNION ALL
                    SELECT 'toast.' || o.option_name, o.option_value FROM pg_catalog.pg_options_to_table(t.reloptions) o
                ) AS parameter (name, value)
            )::pg_catalog.text
    END AS options
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid AND t.reloptions IS NOT NULL
WHERE
    c.relnamespace = ANY ($namespaces)
    AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
    AND c.relpersistence <> 't'
