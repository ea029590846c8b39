-- Kinds and full names of objects, as they are in any database; what the server names by numbers of its own is left out.
WITH RECURSIVE objects (classid, objid) AS (
$objects
)
SELECT DISTINCT i.type, i.identity
FROM objects o
CROSS JOIN LATERAL pg_catalog.pg_identify_object(o.classid, o.objid, 0) i
WHERE
    coalesce(i.schema, '') <> 'pg_toast'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger t
        WHERE o.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND t.oid = o.objid AND t.tgisinternal
    )
    -- Newer servers alone have constraints for NOT NULL.
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint k
        WHERE o.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = o.objid AND k.contype = 'n'
    )
