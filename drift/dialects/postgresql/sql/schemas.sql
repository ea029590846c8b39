-- The wanted schemas that exist; all later queries filter by their numbers.
SELECT n.oid, n.nspname::pg_catalog.text
FROM pg_catalog.pg_namespace n
WHERE n.nspname::pg_catalog.text = ANY ($names)
