-- Indexes with their keys as numbers, those behind constraints included, those just being dropped not; only expressions and predicates are deparsed.
SELECT
    i.indexrelid,
    i.indrelid,
    ic.relname::pg_catalog.text,
    am.amname::pg_catalog.text,
    i.indisunique,
    i.indisvalid,
    $nulls_not_distinct AS nulls_not_distinct,
    i.indnkeyatts,
    i.indkey::pg_catalog.text,
    i.indoption::pg_catalog.text,
    i.indclass::pg_catalog.text,
    i.indcollation::pg_catalog.text,
    i.indpred IS NOT NULL AS partial,
    CASE WHEN i.indpred IS NOT NULL THEN pg_catalog.pg_get_expr(i.indpred, i.indrelid) END AS predicate,
    CASE
        WHEN i.indexprs IS NOT NULL
            THEN (
                SELECT pg_catalog.json_agg(pg_catalog.pg_get_indexdef(i.indexrelid, key.number, false) ORDER BY key.number)
                FROM pg_catalog.generate_series(1, i.indnkeyatts) AS key (number)
                WHERE i.indkey[key.number - 1] = 0
            )::pg_catalog.text
    END AS expressions,
    -- The collation of an expression may be the expression's own; only the whole text tells what was written.
    CASE
        WHEN i.indexprs IS NOT NULL AND EXISTS (
            SELECT FROM pg_catalog.unnest(i.indcollation) AS key (number) WHERE key.number NOT IN (0, 100)
        )
            THEN pg_catalog.pg_get_indexdef(i.indexrelid)
    END AS definition,
    pg_catalog.array_to_json(ic.reloptions)::pg_catalog.text AS options,
    classes.parameters
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_index i ON i.indrelid = c.oid
JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
JOIN pg_catalog.pg_am am ON am.oid = ic.relam
LEFT JOIN (
    SELECT a.attrelid, pg_catalog.json_object_agg(a.attnum, a.attoptions)::pg_catalog.text AS parameters
    FROM pg_catalog.pg_attribute a
    WHERE a.attoptions IS NOT NULL
    GROUP BY a.attrelid
) AS classes ON classes.attrelid = i.indexrelid
WHERE
    c.relnamespace = ANY ($namespaces)
    AND c.relkind IN ('r', 'p', 'm')
    AND c.relpersistence <> 't'
    AND NOT ic.relispartition
    AND i.indislive
ORDER BY i.indrelid, ic.relname
