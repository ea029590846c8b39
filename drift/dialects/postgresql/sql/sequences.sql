-- Sequences of the wanted schemas and of the columns in them, with their owner. Dependency "i" is an identity column.
SELECT
    s.seqrelid,
    n.nspname::pg_catalog.text,
    c.relname::pg_catalog.text,
    pg_catalog.format_type(s.seqtypid, NULL),
    s.seqstart,
    s.seqincrement,
    s.seqmin,
    s.seqmax,
    s.seqcache,
    s.seqcycle,
    d.deptype::pg_catalog.text,
    d.refobjid,
    d.refobjsubid,
    owner_schema.nspname::pg_catalog.text,
    owner.relname::pg_catalog.text,
    owner_column.attname::pg_catalog.text,
    c.relnamespace = ANY ($namespaces) AS listed
FROM pg_catalog.pg_sequence s
JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_depend d
    ON
        d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.objid = s.seqrelid
        AND d.objsubid = 0
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.refobjsubid > 0
        AND d.deptype IN ('a', 'i')
LEFT JOIN pg_catalog.pg_class owner ON owner.oid = d.refobjid
LEFT JOIN pg_catalog.pg_namespace owner_schema ON owner_schema.oid = owner.relnamespace
LEFT JOIN pg_catalog.pg_attribute owner_column
    ON owner_column.attrelid = d.refobjid AND owner_column.attnum = d.refobjsubid
WHERE
    c.relpersistence <> 't'
    AND (c.relnamespace = ANY ($namespaces) OR owner.relnamespace = ANY ($namespaces))
ORDER BY n.nspname, c.relname
