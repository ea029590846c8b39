-- Functions that something of the wanted schemas uses, and those that their bodies name; SQL and PL/pgSQL only.
WITH RECURSIVE used (oid, prosrc) AS (
    SELECT p.oid, p.prosrc
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname IN ('sql', 'plpgsql')
    WHERE
        p.oid >= 16384
        AND p.prokind IN ('f', 'p')
        AND p.oid IN (
            SELECT d.refobjid
            FROM pg_catalog.pg_depend d
            WHERE
                d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                AND d.classid IN (
                    'pg_catalog.pg_constraint'::pg_catalog.regclass,
                    'pg_catalog.pg_attrdef'::pg_catalog.regclass,
                    'pg_catalog.pg_class'::pg_catalog.regclass,
                    'pg_catalog.pg_rewrite'::pg_catalog.regclass,
                    'pg_catalog.pg_trigger'::pg_catalog.regclass,
                    'pg_catalog.pg_type'::pg_catalog.regclass
                )
        )
    UNION
    SELECT p.oid, p.prosrc
    FROM used u
    JOIN pg_catalog.pg_proc p
        ON p.pronamespace = ANY ($namespaces) AND pg_catalog.strpos(u.prosrc, p.proname) > 0
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname IN ('sql', 'plpgsql')
    WHERE p.oid >= 16384 AND p.prokind IN ('f', 'p')
)
SELECT n.nspname::pg_catalog.text, p.proname::pg_catalog.text, pg_catalog.pg_get_functiondef(p.oid)
FROM used u
JOIN pg_catalog.pg_proc p ON p.oid = u.oid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e'
)
ORDER BY p.oid
