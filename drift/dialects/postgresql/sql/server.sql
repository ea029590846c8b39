-- Version, names, and the schema that unqualified names mean. Where no schema of the search path may be used
-- (current_schema() is then NULL), the first one that exists is meant all the same. The server's own schemas are never
-- meant: nobody's tables are there.
SELECT
    pg_catalog.current_setting('server_version') AS version,
    pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version_number,
    coalesce(
        (
            SELECT usable.name
            FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS usable (name, place)
            WHERE usable.name !~ '^pg_(temp|toast)' AND usable.name NOT IN ('pg_catalog', 'information_schema')
            ORDER BY usable.place
            LIMIT 1
        ),
        (
            SELECT n.nspname
            FROM pg_catalog.unnest(
                pg_catalog.string_to_array(pg_catalog.current_setting('search_path'), ',')
            ) WITH ORDINALITY AS path (entry, place)
            JOIN pg_catalog.pg_namespace n
                ON n.nspname = CASE
                    WHEN pg_catalog.btrim(path.entry) IN ('"$$user"', '$$user') THEN current_user
                    WHEN pg_catalog.btrim(path.entry) LIKE '"%"' THEN pg_catalog.btrim(path.entry, ' "')
                    ELSE pg_catalog.lower(pg_catalog.btrim(path.entry))
                END
            WHERE n.nspname !~ '^pg_(temp|toast)' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
            ORDER BY path.place
            LIMIT 1
        ),
        'public'
    )::pg_catalog.text AS default_schema,
    pg_catalog.current_setting('search_path') AS search_path
