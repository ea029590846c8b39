-- Columns in order. Only what has a default is deparsed; the collation is named only where it is not the type's own.
SELECT
    a.attrelid,
    a.attnum,
    a.attname::pg_catalog.text,
    a.atttypid,
    pg_catalog.format_type(a.atttypid, a.atttypmod),
    a.attnotnull,
    a.attidentity::pg_catalog.text,
    a.attgenerated::pg_catalog.text,
    CASE WHEN a.atthasdef THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END AS default_expression,
    a.atthasdef,
    CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation END AS collation
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef
WHERE
    c.relnamespace = ANY ($namespaces)
    AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
    AND c.relpersistence <> 't'
    AND a.attnum > 0
    AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
