-- Small dictionaries that the rows above refer to by number: operator classes (with their method where they are the default of their type),
-- collations (all but the default one: to see which are in use takes longer), extensions, and the objects that extensions own.
SELECT
    'operator class' AS kind,
    o.oid::pg_catalog.int8 AS number,
    o.opcname::pg_catalog.text AS name,
    CASE WHEN o.opcdefault THEN am.amname::pg_catalog.text END AS detail,
    0 AS class
FROM pg_catalog.pg_opclass o
JOIN pg_catalog.pg_am am ON am.oid = o.opcmethod
UNION ALL
SELECT
    'collation',
    l.oid::pg_catalog.int8,
    l.collname::pg_catalog.text,
    CASE WHEN l.collnamespace <> 'pg_catalog'::pg_catalog.regnamespace THEN n.nspname::pg_catalog.text END,
    0
FROM pg_catalog.pg_collation l
JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace
WHERE l.oid <> 100
UNION ALL
SELECT 'extension', e.oid::pg_catalog.int8, e.extname::pg_catalog.text, n.nspname || ' ' || e.extversion, 0
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
UNION ALL
SELECT 'member', d.objid::pg_catalog.int8, e.extname::pg_catalog.text, NULL, d.classid::pg_catalog.int8
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_depend d
    ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid AND d.deptype = 'e'
WHERE
    d.classid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass)
