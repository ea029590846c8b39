-- CHECK constraints of domains; the value is spelled VALUE.
SELECT
    con.oid,
    con.contypid,
    con.conname::pg_catalog.text,
    pg_catalog.pg_get_expr(con.conbin, 0),
    con.convalidated
FROM pg_catalog.pg_constraint con
JOIN pg_catalog.pg_namespace n ON n.oid = con.connamespace
WHERE
    con.contypid <> 0
    AND con.contype = 'c'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY con.contypid, con.conname
