-- What rests on a column, a relation or a type, beside columns, constraints, indexes and defaults: what it is called, how it goes, how it
-- comes back (in the server's own words), and what it rests on. Nothing to go with: it cannot be taken down for a while.
WITH RECURSIVE edges AS (
    SELECT
        d.classid,
        d.objid,
        d.objsubid,
        -- A key that a query relies on (GROUP BY) stands for its index.
        CASE WHEN k.oid IS NULL THEN d.refclassid ELSE 'pg_catalog.pg_class'::pg_catalog.regclass END AS refclassid,
        COALESCE(k.conindid, d.refobjid) AS refobjid,
        d.refobjsubid,
        d.deptype
    FROM pg_catalog.pg_depend d
    LEFT JOIN pg_catalog.pg_constraint k
        ON d.refclassid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.refobjid AND k.conindid <> 0
    WHERE
        d.deptype IN ('n', 'a')
        AND d.refobjid >= 16384
        AND (
            d.refclassid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass)
            OR k.oid IS NOT NULL
        )
        AND d.classid NOT IN (
            'pg_catalog.pg_attrdef'::pg_catalog.regclass,
            'pg_catalog.pg_constraint'::pg_catalog.regclass
        )
        -- Indexes, owned sequences, and columns of tables are read as such.
        AND NOT (
            d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND (d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass OR EXISTS (
                SELECT 1
                FROM pg_catalog.pg_class c
                WHERE c.oid = d.objid AND c.relkind IN ('i', 'I')
            ) OR d.objsubid > 0 AND EXISTS (
                SELECT 1
                FROM pg_catalog.pg_type t
                JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
                LEFT JOIN pg_catalog.pg_type i ON i.oid = t.typelem
                WHERE t.oid = d.refobjid AND COALESCE(i.typtype, t.typtype) IN ('e', 'd')
            ))
        )
),
start AS (
    SELECT e.classid, e.objid
    FROM edges e
    JOIN pg_catalog.pg_class c ON e.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = e.refobjid
    WHERE c.relnamespace = ANY ($namespaces)
    UNION
    SELECT e.classid, e.objid
    FROM edges e
    JOIN pg_catalog.pg_type t ON e.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = e.refobjid
    WHERE t.typnamespace = ANY ($namespaces)
),
upon AS (
    SELECT DISTINCT r.oid AS rule, e.classid, e.objid
    FROM pg_catalog.pg_rewrite r
    JOIN edges e ON e.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.refobjid = r.ev_class
    WHERE r.rulename = '_RETURN' AND r.oid >= 16384
),
found AS (
    SELECT s.classid, s.objid
    FROM start s
    UNION
    SELECT u.classid, u.objid
    FROM found f
    JOIN upon u ON f.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND u.rule = f.objid
),
links AS (
    SELECT
        e.classid,
        e.objid,
        pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_array(
            COALESCE(n.nspname, m.nspname), COALESCE(c.relname, y.typname), a.attname, e.deptype
        )) AS links
    FROM edges e
    LEFT JOIN pg_catalog.pg_class c
        ON e.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = e.refobjid
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = e.refobjsubid AND e.refobjsubid > 0
    LEFT JOIN pg_catalog.pg_type z ON e.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND z.oid = e.refobjid
    LEFT JOIN pg_catalog.pg_type y ON y.oid = CASE z.typcategory WHEN 'A' THEN z.typelem ELSE z.oid END
    LEFT JOIN pg_catalog.pg_namespace m ON m.oid = y.typnamespace
    -- A view is made of its own rule.
    LEFT JOIN pg_catalog.pg_rewrite r
        ON e.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = e.objid AND r.rulename = '_RETURN'
    WHERE r.oid IS NULL OR c.oid IS NULL OR c.oid <> r.ev_class
    GROUP BY e.classid, e.objid
),
relations AS (
    SELECT
        c.oid,
        c.relkind,
        c.relowner,
        c.relacl,
        c.reloptions,
        c.relispopulated,
        n.nspname,
        c.relname,
        pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
),
marked_columns AS (
    SELECT a.attrelid, a.attnum, a.attname, a.attacl, a.attstattarget
    FROM pg_catalog.pg_attribute a
    WHERE
        a.attrelid >= 16384
        AND a.attnum > 0
        AND NOT a.attisdropped
        AND (a.attacl IS NOT NULL OR a.attstattarget >= 0)
),
acls AS (
    SELECT a.attrelid AS relation, a.attnum AS number, pg_catalog.quote_ident(a.attname) AS field, a.attacl AS acl
    FROM marked_columns a
    WHERE a.attacl IS NOT NULL
    UNION ALL
    SELECT c.oid, 0, NULL, c.relacl
    FROM pg_catalog.pg_class c
    WHERE c.relacl IS NOT NULL AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
),
grants AS (
    SELECT
        x.relation,
        x.number,
        pg_catalog.concat(
            'GRANT ', g.privilege_type, ' (' || x.field || ')', ' ON ', CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' END, c.name,
            ' TO ', CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END,
            CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END
        ) AS statement
    FROM acls x
    JOIN relations c ON c.oid = x.relation
    CROSS JOIN LATERAL pg_catalog.aclexplode(x.acl) g
    WHERE x.number > 0 OR g.grantee <> c.relowner
),
things AS (
    -- Views, with everything that goes with them and is not a dependent of its own.
    SELECT
        f.classid,
        f.objid,
        CASE c.relkind WHEN 'm' THEN 'materialized view ' ELSE 'view ' END || c.name AS label,
        c.nspname,
        c.relname,
        pg_catalog.format('SELECT to_regclass(%L) IS NOT NULL', c.name) AS present,
        pg_catalog.format('DROP %s %s', w.words, c.name) AS down,
        ARRAY[
            pg_catalog.concat(
                'CREATE ', w.words, ' ', c.name,
                ' WITH (' || pg_catalog.array_to_string(c.reloptions, ', ') || ')',
                ' AS ', pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';'),
                CASE WHEN c.relispopulated THEN '' ELSE ' WITH NO DATA' END
            )
        ] || ARRAY(
            -- What default privileges give to a new view, the old one need not have had.
            SELECT pg_catalog.format(
                'DO $$drift$$ DECLARE who text; BEGIN FOR who IN SELECT DISTINCT CASE g.grantee WHEN 0 THEN ''PUBLIC'' '
                'ELSE quote_ident(pg_get_userbyid(g.grantee)) END FROM pg_class c, aclexplode(c.relacl) g '
                'WHERE c.oid = %1$$L::regclass AND g.grantee <> c.relowner '
                'LOOP EXECUTE %2$$L || who; END LOOP; END $$drift$$',
                c.name,
                'REVOKE ALL ON ' || c.name || ' FROM '
            )
            WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_default_acl p WHERE p.defaclobjtype = 'r')
        ) || ARRAY(
            SELECT pg_catalog.format(
                'ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', c.name, a.attname,
                pg_catalog.pg_get_expr(p.adbin, p.adrelid)
            )
            FROM pg_catalog.pg_attrdef p
            JOIN pg_catalog.pg_attribute a ON a.attrelid = p.adrelid AND a.attnum = p.adnum
            WHERE p.adrelid = c.oid
            ORDER BY a.attnum
        ) || ARRAY(
            SELECT pg_catalog.pg_get_indexdef(i.indexrelid)
            FROM pg_catalog.pg_index i
            WHERE i.indrelid = c.oid
            ORDER BY i.indexrelid
        ) || ARRAY(
            SELECT pg_catalog.format(
                'COMMENT ON INDEX %I.%I IS %L', c.nspname, x.relname, pg_catalog.obj_description(x.oid, 'pg_class')
            )
            FROM pg_catalog.pg_index i
            JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
            WHERE i.indrelid = c.oid AND pg_catalog.obj_description(x.oid, 'pg_class') IS NOT NULL
            ORDER BY i.indexrelid
        ) || ARRAY(
            SELECT pg_catalog.format(
                'COMMENT ON COLUMN %s.%I IS %L', c.name, a.attname, pg_catalog.col_description(c.oid, a.attnum)
            )
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND pg_catalog.col_description(c.oid, a.attnum) IS NOT NULL
            ORDER BY a.attnum
        ) AS up,
        pg_catalog.format('%s %s', w.words, c.name) AS commented,
        c.oid AS described,
        'pg_class' AS described_in
    FROM found f
    JOIN pg_catalog.pg_rewrite r ON f.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = f.objid
    JOIN relations c ON c.oid = r.ev_class
    CROSS JOIN LATERAL (SELECT CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END AS words) w
    WHERE r.rulename = '_RETURN'
    UNION ALL
    SELECT
        f.classid,
        f.objid,
        pg_catalog.format('rule %I on %s', r.rulename, c.name),
        NULL,
        NULL,
        pg_catalog.format(
            'SELECT EXISTS (SELECT 1 FROM pg_rewrite WHERE ev_class = to_regclass(%L) AND rulename = %L)', c.name, r.rulename
        ),
        pg_catalog.format('DROP RULE %I ON %s', r.rulename, c.name),
        ARRAY[pg_catalog.rtrim(pg_catalog.pg_get_ruledef(r.oid), ';')] || ARRAY(
            SELECT pg_catalog.format('ALTER TABLE %s %s RULE %I', c.name, s.words, r.rulename)
            FROM (VALUES ('D', 'DISABLE'), ('A', 'ENABLE ALWAYS'), ('R', 'ENABLE REPLICA')) s (state, words)
            WHERE s.state = r.ev_enabled::pg_catalog.text
        ),
        pg_catalog.format('RULE %I ON %s', r.rulename, c.name),
        r.oid,
        'pg_rewrite'
    FROM found f
    JOIN pg_catalog.pg_rewrite r ON f.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = f.objid
    JOIN relations c ON c.oid = r.ev_class
    WHERE r.rulename <> '_RETURN'
    UNION ALL
    SELECT
        f.classid,
        f.objid,
        pg_catalog.format('policy %I on %s', p.polname, c.name),
        NULL,
        NULL,
        pg_catalog.format(
            'SELECT EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = to_regclass(%L) AND polname = %L)', c.name, p.polname
        ),
        pg_catalog.format('DROP POLICY %I ON %s', p.polname, c.name),
        ARRAY[
            pg_catalog.concat(
                pg_catalog.format('CREATE POLICY %I ON %s', p.polname, c.name),
                CASE WHEN p.polpermissive THEN '' ELSE ' AS RESTRICTIVE' END,
                CASE p.polcmd
                    WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT' WHEN 'w' THEN ' FOR UPDATE'
                    WHEN 'd' THEN ' FOR DELETE' ELSE ''
                END,
                ' TO ' || (
                    SELECT pg_catalog.string_agg(
                        CASE o.role WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(o.role)) END,
                        ', '
                        ORDER BY o.number
                    )
                    FROM pg_catalog.unnest(p.polroles) WITH ORDINALITY o (role, number)
                ),
                ' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
                ' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')'
            )
        ],
        pg_catalog.format('POLICY %I ON %s', p.polname, c.name),
        p.oid,
        'pg_policy'
    FROM found f
    JOIN pg_catalog.pg_policy p ON f.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = f.objid
    JOIN relations c ON c.oid = p.polrelid
    UNION ALL
    SELECT
        f.classid,
        f.objid,
        pg_catalog.format('trigger %I on %s', t.tgname, c.name),
        NULL,
        NULL,
        pg_catalog.format(
            'SELECT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass(%L) AND tgname = %L)', c.name, t.tgname
        ),
        pg_catalog.format('DROP TRIGGER %I ON %s', t.tgname, c.name),
        ARRAY[pg_catalog.pg_get_triggerdef(t.oid)] || ARRAY(
            SELECT pg_catalog.format('ALTER TABLE %s %s TRIGGER %I', c.name, s.words, t.tgname)
            FROM (VALUES ('D', 'DISABLE'), ('A', 'ENABLE ALWAYS'), ('R', 'ENABLE REPLICA')) s (state, words)
            WHERE s.state = t.tgenabled::pg_catalog.text
        ),
        pg_catalog.format('TRIGGER %I ON %s', t.tgname, c.name),
        t.oid,
        'pg_trigger'
    FROM found f
    JOIN pg_catalog.pg_trigger t ON f.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND t.oid = f.objid
    JOIN relations c ON c.oid = t.tgrelid
    WHERE
        NOT t.tgisinternal
        -- That of a partition belongs to the one of its parent.
        AND NOT EXISTS (
            SELECT 1
            FROM pg_catalog.pg_depend d
            WHERE d.classid = f.classid AND d.objid = f.objid AND d.deptype = 'P'
        )
    UNION ALL
    -- A body that the server has parsed: until it comes back the function stands there without it, so that its users need not go.
    SELECT
        f.classid,
        f.objid,
        pg_catalog.format('%s %s(%s)', k.word, k.name, pg_catalog.pg_get_function_identity_arguments(p.oid)),
        NULL,
        NULL,
        pg_catalog.format('SELECT to_regprocedure(%L) IS NOT NULL', p.oid::pg_catalog.regprocedure),
        pg_catalog.format(
            'CREATE OR REPLACE %s %s(%s)%s LANGUAGE plpgsql AS $$drift$$BEGIN RAISE EXCEPTION ''a migration is running''; END$$drift$$',
            pg_catalog.upper(k.word),
            k.name,
            pg_catalog.pg_get_function_arguments(p.oid),
            ' RETURNS ' || pg_catalog.pg_get_function_result(p.oid)
        ),
        ARRAY[pg_catalog.pg_get_functiondef(p.oid)],
        NULL,
        NULL,
        NULL
    FROM found f
    JOIN pg_catalog.pg_proc p ON f.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = f.objid
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    CROSS JOIN LATERAL (
        SELECT
            CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END AS word,
            pg_catalog.format('%I.%I', n.nspname, p.proname) AS name
    ) k
    WHERE $parsed_body
    UNION ALL
    SELECT
        f.classid,
        f.objid,
        pg_catalog.format('table %s in publication %I', c.name, b.pubname),
        NULL,
        NULL,
        pg_catalog.format(
            'SELECT EXISTS (SELECT 1 FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid '
            'WHERE r.prrelid = to_regclass(%L) AND p.pubname = %L)',
            c.name,
            b.pubname
        ),
        pg_catalog.format('ALTER PUBLICATION %I DROP TABLE %s', b.pubname, c.name),
        ARRAY[pg_catalog.concat(pg_catalog.format('ALTER PUBLICATION %I ADD TABLE ONLY %s', b.pubname, c.name), $published)],
        NULL,
        NULL,
        NULL
    FROM found f
    JOIN pg_catalog.pg_publication_rel p
        ON f.classid = 'pg_catalog.pg_publication_rel'::pg_catalog.regclass AND p.oid = f.objid
    JOIN pg_catalog.pg_publication b ON b.oid = p.prpubid
    JOIN relations c ON c.oid = p.prrelid
    UNION ALL
    SELECT
        f.classid,
        f.objid,
        pg_catalog.format('statistics %I.%I', n.nspname, s.stxname),
        NULL,
        NULL,
        pg_catalog.format(
            'SELECT EXISTS (SELECT 1 FROM pg_statistic_ext WHERE stxnamespace = to_regnamespace(%L) AND stxname = %L)',
            pg_catalog.quote_ident(n.nspname),
            s.stxname
        ),
        pg_catalog.format('DROP STATISTICS %I.%I', n.nspname, s.stxname),
        ARRAY[
            pg_catalog.pg_get_statisticsobjdef(s.oid),
            pg_catalog.format('ALTER STATISTICS %I.%I OWNER TO %I', n.nspname, s.stxname, pg_catalog.pg_get_userbyid(s.stxowner))
        ],
        pg_catalog.format('STATISTICS %I.%I', n.nspname, s.stxname),
        s.oid,
        'pg_statistic_ext'
    FROM found f
    JOIN pg_catalog.pg_statistic_ext s
        ON f.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass AND s.oid = f.objid
    JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
)
SELECT
    t.label,
    t.nspname::pg_catalog.text,
    t.relname::pg_catalog.text,
    t.present,
    t.down,
    t.up || ARRAY(
        SELECT pg_catalog.format('COMMENT ON %s IS %L', t.commented, pg_catalog.obj_description(t.described, t.described_in))
        WHERE pg_catalog.obj_description(t.described, t.described_in) IS NOT NULL
    ),
    l.links::pg_catalog.text
FROM things t
JOIN links l ON l.classid = t.classid AND l.objid = t.objid
UNION ALL
-- What goes along with its column, index or sequence, and comes back with it.
SELECT
    'privileges on ' || pg_catalog.concat_ws('.', c.name, pg_catalog.quote_ident(a.attname)),
    NULL,
    NULL,
    CASE
        WHEN a.attname IS NULL THEN pg_catalog.format(
            'SELECT EXISTS (SELECT 1 FROM pg_class WHERE oid = to_regclass(%L) AND relacl IS NOT NULL)', c.name
        )
        ELSE pg_catalog.format(
            'SELECT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(%L) AND attname = %L '
            'AND attacl IS NOT NULL)',
            c.name,
            a.attname
        )
    END,
    NULL,
    pg_catalog.array_agg(g.statement ORDER BY g.statement),
    pg_catalog.json_build_array(pg_catalog.json_build_array(c.nspname, c.relname, a.attname, 'a'))::pg_catalog.text
FROM grants g
JOIN relations c ON c.oid = g.relation
JOIN pg_catalog.pg_class k ON k.oid = g.relation
LEFT JOIN marked_columns a ON a.attrelid = g.relation AND a.attnum = g.number
WHERE
    k.relnamespace = ANY ($namespaces)
    OR g.relation IN (
        SELECT r.ev_class
        FROM pg_catalog.pg_rewrite r
        JOIN found f ON f.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND f.objid = r.oid
    )
GROUP BY c.name, c.nspname, c.relname, a.attname
UNION ALL
SELECT
    'owner of ' || c.name,
    NULL,
    NULL,
    pg_catalog.format(
        'SELECT EXISTS (SELECT 1 FROM pg_class WHERE oid = to_regclass(%L) AND pg_get_userbyid(relowner) = %L)',
        c.name,
        pg_catalog.pg_get_userbyid(c.relowner)
    ),
    NULL,
    ARRAY[pg_catalog.format('ALTER TABLE %s OWNER TO %I', c.name, pg_catalog.pg_get_userbyid(c.relowner))],
    pg_catalog.json_build_array(pg_catalog.json_build_array(c.nspname, c.relname, NULL, 'a'))::pg_catalog.text
FROM relations c
JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
JOIN found f ON f.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND f.objid = r.oid
UNION ALL
SELECT
    pg_catalog.format('%s of %s', m.label, t.name),
    NULL,
    NULL,
    pg_catalog.format(
        'SELECT EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(%L) AND %s)', x.name, m.field
    ),
    NULL,
    ARRAY[pg_catalog.format(m.statement, t.name, x.relname)],
    pg_catalog.json_build_array(pg_catalog.json_build_array(x.nspname, x.relname, NULL, 'a'))::pg_catalog.text
FROM pg_catalog.pg_index i
JOIN relations t ON t.oid = i.indrelid
JOIN pg_catalog.pg_class k ON k.oid = i.indrelid AND k.relnamespace = ANY ($namespaces)
JOIN relations x ON x.oid = i.indexrelid
JOIN LATERAL (
    VALUES
        (i.indisreplident, 'indisreplident', 'replica identity', 'ALTER TABLE %s REPLICA IDENTITY USING INDEX %I'),
        (i.indisclustered, 'indisclustered', 'clustering', 'ALTER TABLE %s CLUSTER ON %I')
) m (marked, field, label, statement) ON m.marked
UNION ALL
SELECT
    pg_catalog.format('statistics target of %s.%I', c.name, a.attname),
    NULL,
    NULL,
    pg_catalog.format(
        'SELECT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(%L) AND attname = %L AND attstattarget >= 0)',
        c.name,
        a.attname
    ),
    NULL,
    ARRAY[pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', c.name, a.attname, a.attstattarget)],
    pg_catalog.json_build_array(pg_catalog.json_build_array(c.nspname, c.relname, a.attname, 'a'))::pg_catalog.text
FROM relations c
JOIN pg_catalog.pg_class k ON k.oid = c.oid AND k.relnamespace = ANY ($namespaces) AND k.relkind IN ('r', 'p')
JOIN marked_columns a ON a.attrelid = c.oid
WHERE a.attstattarget >= 0
UNION ALL
-- Everything else of which only the server knows what it is.
SELECT
    pg_catalog.pg_describe_object(e.classid, e.objid, e.objsubid),
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_array(
        COALESCE(n.nspname, m.nspname),
        COALESCE(c.relname, y.typname),
        a.attname,
        -- What holds whole rows of a table keeps each of its columns.
        CASE WHEN y.typtype = 'c' AND h.oid IS NOT NULL THEN 'r' ELSE 'n' END
    ))::pg_catalog.text
FROM edges e
LEFT JOIN pg_catalog.pg_class c
    ON e.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = e.refobjid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = e.refobjsubid AND e.refobjsubid > 0
LEFT JOIN pg_catalog.pg_type z ON e.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND z.oid = e.refobjid
LEFT JOIN pg_catalog.pg_type y ON y.oid = CASE z.typcategory WHEN 'A' THEN z.typelem ELSE z.oid END
LEFT JOIN pg_catalog.pg_namespace m ON m.oid = y.typnamespace
LEFT JOIN pg_catalog.pg_class h
    ON e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND h.oid = e.objid AND h.relkind IN ('r', 'p', 'f', 'm', 'c')
WHERE
    e.deptype = 'n'
    AND (c.relnamespace = ANY ($namespaces) OR y.typnamespace = ANY ($namespaces))
    AND (
        e.classid NOT IN (
            'pg_catalog.pg_rewrite'::pg_catalog.regclass,
            'pg_catalog.pg_policy'::pg_catalog.regclass,
            'pg_catalog.pg_trigger'::pg_catalog.regclass,
            'pg_catalog.pg_proc'::pg_catalog.regclass,
            'pg_catalog.pg_publication_rel'::pg_catalog.regclass,
            'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
        )
        -- A function that takes or returns the type stands in its way whatever its body is.
        OR e.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND EXISTS (
            SELECT 1
            FROM pg_catalog.pg_proc p
            WHERE
                e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                AND p.oid = e.objid
                AND (
                    y.oid = p.prorettype OR y.typarray = p.prorettype
                    OR y.oid = ANY (p.proargtypes) OR y.typarray = ANY (p.proargtypes)
                    OR y.oid = ANY (p.proallargtypes) OR y.typarray = ANY (p.proallargtypes)
                )
        )
    )
GROUP BY e.classid, e.objid, e.objsubid
