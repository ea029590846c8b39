-- Trigger functions: those of the wanted schemas, and those that a trigger there uses. 2279 is the type "trigger".
SELECT
    n.nspname::pg_catalog.text,
    p.proname::pg_catalog.text,
    p.prosrc
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE
    p.prorettype = 2279
    AND p.oid >= 16384
    AND (
        p.pronamespace = ANY ($namespaces)
        OR p.oid IN (
            SELECT t.tgfoid
            FROM pg_catalog.pg_trigger t
            JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
            WHERE c.relnamespace = ANY ($namespaces) AND NOT t.tgisinternal
        )
    )
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e'
    )
ORDER BY n.nspname, p.proname
