-- Tables, and everything that rests on them, directly or through something else. A view rests on a table by its rule.
SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, c.oid
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (n.nspname, c.relname) IN ($tables)
UNION
SELECT next.classid, next.objid
FROM objects r
CROSS JOIN LATERAL (
    SELECT d.classid, d.objid
    FROM pg_catalog.pg_depend d
    WHERE d.refclassid = r.classid AND d.refobjid = r.objid AND d.deptype <> 'e'
    UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, w.ev_class
    FROM pg_catalog.pg_rewrite w
    WHERE r.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = r.objid
) next
