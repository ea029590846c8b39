-- What each sequence behind a column gives next; NULL where the role may not ask. "a" is a SERIAL, "i" an identity column.
SELECT
    n.nspname::pg_catalog.text,
    c.relname::pg_catalog.text,
    a.attname::pg_catalog.text,
    sn.nspname::pg_catalog.text,
    s.relname::pg_catalog.text,
    CASE
        WHEN pg_catalog.has_sequence_privilege(s.oid, 'SELECT') OR pg_catalog.has_sequence_privilege(s.oid, 'USAGE')
        THEN coalesce(pg_catalog.pg_sequence_last_value(s.oid::pg_catalog.regclass) + q.seqincrement, q.seqstart)
    END
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0
JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND NOT a.attisdropped
WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.deptype IN ('a', 'i')
ORDER BY 1, 2, 3
