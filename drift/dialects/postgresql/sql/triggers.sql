-- Triggers that people made (foreign keys are internal ones).
SELECT
    t.tgrelid,
    t.tgname::pg_catalog.text,
    t.tgenabled::pg_catalog.text,
    n.nspname::pg_catalog.text,
    p.proname::pg_catalog.text,
    pg_catalog.pg_get_triggerdef(t.oid)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid
JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE
    c.relnamespace = ANY ($namespaces)
    AND NOT t.tgisinternal
ORDER BY t.tgrelid, t.tgname
