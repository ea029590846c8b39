-- What no model can say, for comparing two databases: kind, schema, table, name, definition. Objects of extensions come with these.
WITH
spaces AS (
    SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n WHERE n.oid = ANY ($namespaces)
),
members AS (
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend d WHERE d.deptype = 'e'
),
named AS (
    SELECT d.classoid, d.objoid, d.description, i.type, i.schema, i.identity
    FROM pg_catalog.pg_description d
    LEFT JOIN pg_catalog.pg_class c ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.objoid
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    WHERE
        d.objoid >= 16384
        AND coalesce(c.relkind, '-') NOT IN ('r', 'p', 'f')
        AND NOT EXISTS (SELECT FROM members m WHERE m.classid = d.classoid AND m.objid = d.objoid)
)
SELECT
    'trigger', s.nspname::pg_catalog.text, c.relname::pg_catalog.text, t.tgname::pg_catalog.text,
    pg_catalog.pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'R' THEN ' on replicas' WHEN 'A' THEN ' always' ELSE '' END
FROM spaces s
JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid
WHERE NOT t.tgisinternal
UNION ALL
SELECT
    'policy', s.nspname::pg_catalog.text, c.relname::pg_catalog.text, p.polname::pg_catalog.text,
    pg_catalog.concat_ws(
        ' ', CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END, 'for', p.polcmd, 'to',
        (
            SELECT pg_catalog.string_agg(coalesce(r.rolname::pg_catalog.text, 'public'), ', ' ORDER BY r.rolname)
            FROM pg_catalog.unnest(p.polroles) AS u (role)
            LEFT JOIN pg_catalog.pg_roles r ON r.oid = u.role
        ),
        'using (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
        'with check (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')'
    )
FROM spaces s
JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid
UNION ALL
SELECT
    'rule', s.nspname::pg_catalog.text, c.relname::pg_catalog.text, r.rulename::pg_catalog.text,
    pg_catalog.pg_get_ruledef(r.oid) || CASE r.ev_enabled WHEN 'O' THEN '' ELSE ' ' || r.ev_enabled::pg_catalog.text END
FROM spaces s
JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid
WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT
    CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
    s.nspname::pg_catalog.text, NULL,
    p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')',
    CASE WHEN p.prokind = 'a' THEN '' ELSE pg_catalog.pg_get_functiondef(p.oid) END
FROM spaces s
JOIN pg_catalog.pg_proc p ON p.pronamespace = s.oid
WHERE
    NOT EXISTS (
        SELECT FROM members m WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND m.objid = p.oid
    )
UNION ALL
SELECT 'extension', NULL, NULL, e.extname::pg_catalog.text, 'version ' || e.extversion || ' in ' || n.nspname
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
UNION ALL
SELECT
    CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'inheriting table' END,
    s.nspname::pg_catalog.text, NULL, c.relname::pg_catalog.text, ''
FROM spaces s
JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
WHERE
    (c.relkind IN ('v', 'm') OR EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid))
    AND NOT c.relispartition AND c.relkind IN ('r', 'f', 'v', 'm')
    AND NOT EXISTS (
        SELECT FROM members m WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objid = c.oid
    )
UNION ALL
SELECT 'domain', s.nspname::pg_catalog.text, NULL, t.typname::pg_catalog.text, ''
FROM spaces s
JOIN pg_catalog.pg_type t ON t.typnamespace = s.oid
WHERE
    t.typtype = 'd'
    AND NOT EXISTS (
        SELECT FROM members m WHERE m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND m.objid = t.oid
    )
UNION ALL
SELECT 'schema', NULL, NULL, n.nspname::pg_catalog.text, ''
FROM pg_catalog.pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT
    'partition', s.nspname::pg_catalog.text, p.relname::pg_catalog.text, c.relname::pg_catalog.text,
    pg_catalog.pg_get_expr(c.relpartbound, c.oid)
FROM spaces s
JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')
UNION ALL
SELECT
    'replica identity', s.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.relname::pg_catalog.text,
    CASE c.relreplident
        WHEN 'f' THEN 'full'
        WHEN 'n' THEN 'nothing'
        ELSE (
            SELECT 'index ' || x.relname
            FROM pg_catalog.pg_index i
            JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
            WHERE i.indrelid = c.oid AND i.indisreplident
        )
    END
FROM spaces s
JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
WHERE c.relkind IN ('r', 'p') AND c.relreplident <> 'd'
UNION ALL
SELECT 'row-level security', s.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.relname::pg_catalog.text, 'forced'
FROM spaces s
JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
WHERE c.relforcerowsecurity
UNION ALL
SELECT
    'storage', s.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.relname::pg_catalog.text,
    pg_catalog.concat_ws(', ', nullif(am.amname, 'heap'), 'tablespace ' || ts.spcname)
FROM spaces s
JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = c.reltablespace
WHERE c.relkind IN ('r', 'p', 'm') AND (am.amname <> 'heap' OR ts.oid IS NOT NULL)
UNION ALL
SELECT
    'view options', s.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.relname::pg_catalog.text,
    pg_catalog.array_to_string(c.reloptions, ', ')
FROM spaces s
JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
WHERE c.relkind = 'v' AND c.reloptions IS NOT NULL
UNION ALL
SELECT
    'clustering', s.nspname::pg_catalog.text, c.relname::pg_catalog.text, x.relname::pg_catalog.text, 'clustered'
FROM spaces s
JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
JOIN pg_catalog.pg_index i ON i.indrelid = c.oid
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
WHERE i.indisclustered
UNION ALL
SELECT
    'column options', s.nspname::pg_catalog.text, c.relname::pg_catalog.text, a.attname::pg_catalog.text,
    pg_catalog.concat_ws(
        ', ', CASE WHEN a.attstorage <> t.typstorage THEN 'storage ' || a.attstorage::pg_catalog.text END,
        'compression ' || nullif(pg_catalog.to_jsonb(a) ->> 'attcompression', ''),
        CASE WHEN coalesce(a.attstattarget, -1) >= 0 THEN 'statistics ' || a.attstattarget END,
        pg_catalog.array_to_string(a.attoptions, ', ')
    )
FROM spaces s
JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE
    a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm', 'f')
    AND (
        a.attstorage <> t.typstorage
        OR coalesce(pg_catalog.to_jsonb(a) ->> 'attcompression', '') <> ''
        OR coalesce(a.attstattarget, -1) >= 0
        OR a.attoptions IS NOT NULL
    )
UNION ALL
SELECT
    'statistics', s.nspname::pg_catalog.text, NULL, x.stxname::pg_catalog.text,
    pg_catalog.pg_get_statisticsobjdef(x.oid)
FROM spaces s
JOIN pg_catalog.pg_statistic_ext x ON x.stxnamespace = s.oid
UNION ALL
SELECT
    'type', s.nspname::pg_catalog.text, NULL, t.typname::pg_catalog.text,
    coalesce(
        (
            SELECT pg_catalog.string_agg(
                a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum
            )
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = t.typrelid AND NOT a.attisdropped
        ),
        (
            SELECT 'range of ' || pg_catalog.format_type(r.rngsubtype, NULL)
            FROM pg_catalog.pg_range r
            WHERE r.rngtypid = t.oid
        ),
        ''
    )
FROM spaces s
JOIN pg_catalog.pg_type t ON t.typnamespace = s.oid
LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
WHERE
    (c.relkind = 'c' OR t.typtype = 'r' OR (t.typtype = 'b' AND t.typelem = 0))
    AND NOT EXISTS (
        SELECT FROM members m WHERE m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND m.objid = t.oid
    )
UNION ALL
SELECT 'foreign table options', s.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.relname::pg_catalog.text, v.srvname::pg_catalog.text
FROM spaces s
JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = c.oid
JOIN pg_catalog.pg_foreign_server v ON v.oid = f.ftserver
UNION ALL
SELECT 'foreign server', NULL, NULL, v.srvname::pg_catalog.text, w.fdwname::pg_catalog.text
FROM pg_catalog.pg_foreign_server v
JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = v.srvfdw
UNION ALL
SELECT
    'event trigger', NULL, NULL, e.evtname::pg_catalog.text,
    pg_catalog.concat_ws(
        ' ', 'on', e.evtevent, e.evtfoid::pg_catalog.regproc, pg_catalog.array_to_string(e.evttags, ', '), e.evtenabled
    )
FROM pg_catalog.pg_event_trigger e
UNION ALL
SELECT
    'publication', NULL, NULL, p.pubname::pg_catalog.text,
    pg_catalog.concat_ws(
        ' ', CASE WHEN p.puballtables THEN 'all tables' END,
        (
            SELECT pg_catalog.string_agg(r.prrelid::pg_catalog.regclass::pg_catalog.text, ', ' ORDER BY 1)
            FROM (
                SELECT r.prrelid FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid ORDER BY 1
            ) r
        ),
        p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate
    )
FROM pg_catalog.pg_publication p
UNION ALL
SELECT i.type, i.schema, NULL, i.identity, ''
FROM (
    SELECT 'pg_catalog.pg_cast'::pg_catalog.regclass AS class, oid FROM pg_catalog.pg_cast
    UNION ALL SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, oid FROM pg_catalog.pg_collation
    UNION ALL SELECT 'pg_catalog.pg_conversion'::pg_catalog.regclass, oid FROM pg_catalog.pg_conversion
    UNION ALL SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, oid FROM pg_catalog.pg_operator
    UNION ALL SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, oid FROM pg_catalog.pg_opclass
    UNION ALL SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass, oid FROM pg_catalog.pg_opfamily
    UNION ALL SELECT 'pg_catalog.pg_language'::pg_catalog.regclass, oid FROM pg_catalog.pg_language
    UNION ALL SELECT 'pg_catalog.pg_am'::pg_catalog.regclass, oid FROM pg_catalog.pg_am
    UNION ALL SELECT 'pg_catalog.pg_transform'::pg_catalog.regclass, oid FROM pg_catalog.pg_transform
    UNION ALL SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, oid FROM pg_catalog.pg_ts_config
    UNION ALL SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, oid FROM pg_catalog.pg_ts_dict
    UNION ALL SELECT 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, oid FROM pg_catalog.pg_ts_parser
    UNION ALL SELECT 'pg_catalog.pg_ts_template'::pg_catalog.regclass, oid FROM pg_catalog.pg_ts_template
    UNION ALL SELECT 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, oid FROM pg_catalog.pg_foreign_data_wrapper
) o
CROSS JOIN LATERAL pg_catalog.pg_identify_object(o.class, o.oid, 0) i
WHERE
    o.oid >= 16384
    AND (i.schema IS NULL OR i.schema IN (SELECT nspname::pg_catalog.text FROM spaces))
    AND NOT EXISTS (SELECT FROM members m WHERE m.classid = o.class AND m.objid = o.oid)
UNION ALL
SELECT 'comment on ' || d.type, d.schema, NULL, d.identity, d.description
FROM named d
WHERE d.schema IS NULL OR d.schema IN (SELECT nspname::pg_catalog.text FROM spaces)
ORDER BY 1, 2, 3, 4
