-- Comments on relations, columns, indexes, constraints, and types made by people (numbers from 16384).
SELECT d.classoid, d.objoid, d.objsubid, d.description
FROM pg_catalog.pg_description d
WHERE
    d.objoid >= 16384
    AND d.classoid IN (
        'pg_catalog.pg_class'::pg_catalog.regclass,
        'pg_catalog.pg_constraint'::pg_catalog.regclass,
        'pg_catalog.pg_type'::pg_catalog.regclass
    )
