-- What could run code of a role that is neither a superuser nor the one that asks: functions and operators of such roles,
-- and what depends on them. The owner decides alone: whoever owns an extension may add a function of his own to it.
-- 1255 is pg_proc, 1247 pg_type, 2617 pg_operator, 2606 pg_constraint, 2605 pg_cast, 1259 pg_class, 2604 pg_attrdef,
-- 3381 pg_statistic_ext.
WITH RECURSIVE trusted (oid) AS (
    SELECT r.oid
    FROM pg_catalog.pg_roles r
    WHERE
        r.rolsuper
        OR r.rolname = session_user
        -- A role that the database's owner had everybody take on is no choice of who asks.
        OR r.rolname = current_user AND NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_db_role_setting s
            JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase AND d.datname = pg_catalog.current_database()
            CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS one (setting)
            WHERE s.setrole = 0 AND one.setting LIKE 'role=%'
        )
),
strange (class, object, owner) AS (
    SELECT own.class, own.object, own.owner
    FROM (
        SELECT 1255::pg_catalog.oid, p.oid, p.proowner FROM pg_catalog.pg_proc p
        UNION ALL
        SELECT 2617, o.oid, o.oprowner FROM pg_catalog.pg_operator o
    ) AS own (class, object, owner)
    WHERE own.object >= 16384 AND own.owner NOT IN (SELECT t.oid FROM trusted t)
    UNION
    SELECT edge.class, edge.object, s.owner
    FROM strange s
    CROSS JOIN LATERAL (
        SELECT d.classid, d.objid
        FROM pg_catalog.pg_depend d
        WHERE
            d.refclassid = s.class
            AND d.refobjid = s.object
            AND d.classid IN (1255, 1247, 2617, 2606, 2605, 1259, 2604, 3381)
        UNION ALL
        SELECT 1247, con.contypid
        FROM pg_catalog.pg_constraint con
        WHERE s.class = 2606 AND con.oid = s.object AND con.contypid <> 0
        UNION ALL
        SELECT 1247, side.type
        FROM pg_catalog.pg_cast c
        CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[c.castsource, c.casttarget]) AS side (type)
        WHERE s.class = 2605 AND c.oid = s.object AND side.type >= 16384
        UNION ALL
        -- The planner turns one into the other; no dependency is recorded.
        SELECT 2617, o.oid
        FROM pg_catalog.pg_operator o
        WHERE s.class = 2617 AND o.oid >= 16384 AND (o.oprcom = s.object OR o.oprnegate = s.object)
    ) AS edge (class, object)
),
-- Planning a query folds what a table's indexes, statistics, partition key and generated columns compute.
unread (relation, why) AS (
    SELECT c.oid, CASE c.relkind WHEN 'f' THEN 'foreign' ELSE 'view' END
    FROM pg_catalog.pg_class c
    WHERE c.relkind IN ('v', 'f') AND c.oid >= 16384
    UNION
    SELECT s.object, 'strange' FROM strange s WHERE s.class = 1259
    UNION
    SELECT i.indrelid, 'strange' FROM strange s JOIN pg_catalog.pg_index i ON i.indexrelid = s.object WHERE s.class = 1259
    UNION
    SELECT x.stxrelid, 'strange' FROM strange s JOIN pg_catalog.pg_statistic_ext x ON x.oid = s.object WHERE s.class = 3381
    UNION
    SELECT d.adrelid, 'strange'
    FROM strange s
    JOIN pg_catalog.pg_attrdef d ON d.oid = s.object
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attgenerated = 'v'
    WHERE s.class = 2604
),
unread_parents (relation, why) AS (
    SELECT u.relation, u.why FROM unread u
    UNION
    SELECT i.inhparent, u.why FROM unread_parents u JOIN pg_catalog.pg_inherits i ON i.inhrelid = u.relation
)
SELECT
    'function',
    n.nspname::pg_catalog.text,
    p.proname::pg_catalog.text,
    r.rolname::pg_catalog.text
FROM strange s
JOIN pg_catalog.pg_proc p ON p.oid = s.object
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_roles r ON r.oid = s.owner
WHERE s.class = 1255
UNION ALL
SELECT 'operator', n.nspname::pg_catalog.text, o.oprname::pg_catalog.text, r.rolname::pg_catalog.text
FROM strange s
JOIN pg_catalog.pg_operator o ON o.oid = s.object
JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
JOIN pg_catalog.pg_roles r ON r.oid = s.owner
WHERE s.class = 2617
UNION ALL
SELECT 'type', n.nspname::pg_catalog.text, t.typname::pg_catalog.text, r.rolname::pg_catalog.text
FROM strange s
JOIN pg_catalog.pg_type t ON t.oid = s.object
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
JOIN pg_catalog.pg_roles r ON r.oid = s.owner
WHERE s.class = 1247
UNION ALL
SELECT u.why, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, NULL
FROM unread_parents u
JOIN pg_catalog.pg_class c ON c.oid = u.relation
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
