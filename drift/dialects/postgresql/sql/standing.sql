-- Everything in this database that did not come with the server.
SELECT classid, objid FROM pg_catalog.pg_depend WHERE objid >= 16384
UNION
SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, oid FROM pg_catalog.pg_class WHERE oid >= 16384
