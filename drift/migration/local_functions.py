"""Functions that a revision brings along, because it imports nothing from here: each is written where it is used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext

FOUND = '''def found(query: str) -> bool:
    """Ask the database; without one (--sql) nothing is found."""
    return not op.get_context().as_sql and bool(op.get_bind().scalar(sa.text(query)))
'''
_ASK = """    if not op.get_context().as_sql:
        asked = asked_if is None or op.get_bind().scalar(sa.text(asked_if))
        if asked and op.get_bind().scalar(sa.text(query)):
            if sample is not None:
                number, value = op.get_bind().execute(sa.text(sample)).one()
                message += f" Such rows: {number}, one with {value!r}."
            raise RuntimeError(message)
        return
"""
_STOP_IF = "def stop_if(query: str, message: str, asked_if: str | None = None, sample: str | None = None) -> None:\n"
STOP_IF = (
    _STOP_IF
    + '''\
    """Stop before anything is changed where the rows do not allow it; a script made with --sql asks by itself."""
'''
    + _ASK
    + """\
    query, text = query.replace("\\\\:", ":"), message.replace("'", "''")
    body = f"BEGIN IF ({query}) THEN RAISE EXCEPTION USING MESSAGE = '{text}'; END IF; END"
    quote = "$stop$" if "$stop$" not in body else f"${'s' * len(body)}$"
    op.get_context().impl.static_output(f"DO {quote} {body} {quote};")
"""
)
STOP_IF_ONLINE = (
    _STOP_IF
    + '''\
    """Stop before anything is changed where the rows do not allow it; the script of --sql can only say what to ask."""
'''
    + _ASK
    + """\
    lines = ["Go on only where this answers no, which no script can ask here.", *message.splitlines()]
    remark = [*lines, *query.replace("\\\\:", ":").splitlines()]
    op.get_context().impl.static_output("\\n".join(f"-- {line}" for line in remark))
"""
)
EXECUTE = '''def execute(sql: str) -> None:
    """A statement with percent signs, which Alembic would double in the script of --sql."""
    if op.get_context().as_sql:
        op.get_context().impl.static_output(sql.replace("\\\\:", ":") + ";")
    else:
        op.execute(sql)
'''
MADE_UP = '''def made_up(query: str) -> list[str]:
    """Statements that the database makes up; the script of --sql can only say what to ask for them."""
    if not op.get_context().as_sql:
        return list(op.get_bind().scalars(sa.text(query)))
    lines = ["Run what this answers, each statement outside of a transaction:"]
    lines += query.replace("\\\\:", ":").splitlines()
    op.get_context().impl.static_output("\\n".join(f"-- {line}" for line in lines))
    return []
'''
TAKE_DOWN_VIEWS = '''def take_down_views(table: str, *columns: str) -> None:
    """Drop the views that read a column, and those that read them, and remember how to make them again."""
    relation, *names = ("'" + name.replace("'", "''").replace(":", "\\\\:") + "'" for name in (table, *columns))
    op.execute(
        f"""
DO $views$
DECLARE
    one record;
BEGIN
    CREATE TEMPORARY TABLE views_taken_down (depth integer, place integer, statement text) ON COMMIT DROP;
    CREATE TEMPORARY TABLE views_reading ON COMMIT DROP AS
    WITH RECURSIVE reading (oid, depth) AS (
        SELECT r.ev_class, 1
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_catalog.pg_rewrite'::regclass
        JOIN pg_catalog.pg_class c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')
        JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.refobjid = {relation}::regclass AND a.attname IN ({', '.join(names)})
        UNION
        SELECT r.ev_class, b.depth + 1
        FROM reading b
        JOIN pg_catalog.pg_depend d ON d.refobjid = b.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass
        JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_catalog.pg_rewrite'::regclass
        JOIN pg_catalog.pg_class c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')
        WHERE r.ev_class <> b.oid
    )
    SELECT c.oid, b.depth, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, c.relacl, c.relowner,
        CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END AS kind, c.relispopulated, c.reloptions
    FROM (SELECT oid, max(depth) AS depth FROM reading GROUP BY oid) b
    JOIN pg_catalog.pg_class c ON c.oid = b.oid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace;
    INSERT INTO views_taken_down
    SELECT depth, 0, concat('DROP ', kind, ' ', name) FROM views_reading
    UNION ALL
    SELECT depth, 1, concat('CREATE ', kind, ' ', name,
        ' WITH (' || array_to_string(reloptions, ', ') || ')', ' AS ', rtrim(pg_catalog.pg_get_viewdef(oid), ';'),
        CASE WHEN relispopulated THEN '' ELSE ' WITH NO DATA' END) FROM views_reading
    UNION ALL
    SELECT v.depth, 2, concat('ALTER VIEW ', v.name, ' ALTER COLUMN ', quote_ident(a.attname), ' SET DEFAULT ',
        pg_catalog.pg_get_expr(f.adbin, f.adrelid))
    FROM views_reading v JOIN pg_catalog.pg_attrdef f ON f.adrelid = v.oid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = v.oid AND a.attnum = f.adnum
    UNION ALL
    SELECT v.depth, 3, pg_catalog.pg_get_indexdef(i.indexrelid)
    FROM views_reading v JOIN pg_catalog.pg_index i ON i.indrelid = v.oid
    UNION ALL
    SELECT v.depth, 4, concat('COMMENT ON ', v.kind, ' ', v.name, ' IS ', quote_literal(d.description))
    FROM views_reading v JOIN pg_catalog.pg_description d
        ON d.objoid = v.oid AND d.classoid = 'pg_catalog.pg_class'::regclass AND d.objsubid = 0
    UNION ALL
    SELECT v.depth, 4, concat('COMMENT ON COLUMN ', v.name, '.', quote_ident(a.attname), ' IS ',
        quote_literal(d.description))
    FROM views_reading v JOIN pg_catalog.pg_description d
        ON d.objoid = v.oid AND d.classoid = 'pg_catalog.pg_class'::regclass
    JOIN pg_catalog.pg_attribute a ON a.attrelid = v.oid AND a.attnum = d.objsubid AND a.attnum > 0
    UNION ALL
    SELECT v.depth, 4, concat('COMMENT ON INDEX ', d.objoid::regclass, ' IS ', quote_literal(d.description))
    FROM views_reading v JOIN pg_catalog.pg_index i ON i.indrelid = v.oid
    JOIN pg_catalog.pg_description d ON d.objoid = i.indexrelid AND d.classoid = 'pg_catalog.pg_class'::regclass
    UNION ALL
    SELECT v.depth, 5, pg_catalog.pg_get_triggerdef(t.oid)
    FROM views_reading v JOIN pg_catalog.pg_trigger t ON t.tgrelid = v.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT v.depth, 5, pg_catalog.pg_get_ruledef(r.oid)
    FROM views_reading v JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid AND r.rulename <> '_RETURN'
    UNION ALL
    SELECT depth, 6, concat('ALTER ', kind, ' ', name, ' OWNER TO ', quote_ident(pg_catalog.pg_get_userbyid(relowner)))
    FROM views_reading WHERE pg_catalog.pg_get_userbyid(relowner) <> current_user
    UNION ALL
    SELECT v.depth, 7, concat('GRANT ', g.privilege_type, ' (' || quote_ident(g.attname) || ')', ' ON ',
        v.name, ' TO ', CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END,
        CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM views_reading v CROSS JOIN LATERAL (
        SELECT x.*, NULL::name AS attname FROM aclexplode(v.relacl) x
        UNION ALL
        SELECT x.*, a.attname FROM pg_catalog.pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x
        WHERE a.attrelid = v.oid
    ) g
    WHERE g.grantee <> v.relowner;
    FOR one IN SELECT statement FROM views_taken_down WHERE place = 0 ORDER BY depth DESC LOOP
        EXECUTE one.statement;
    END LOOP;
    DROP TABLE views_reading;
END
$views$
"""
    )
'''
PUT_VIEWS_BACK = '''def put_views_back() -> None:
    """Make the views again that were taken down, with their indexes, comments, triggers, owners, and privileges."""
    op.execute(
        """
DO $views$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT statement FROM views_taken_down WHERE place > 0 ORDER BY depth, place LOOP
        EXECUTE one.statement;
    END LOOP;
    DROP TABLE views_taken_down;
END
$views$
"""
    )
'''


def local_functions(context: AutogenContext, text: str) -> list[str]:
    """The functions that ``text`` calls."""
    assert context.migration_context is not None
    stop_if = STOP_IF if context.migration_context.dialect.name == "postgresql" else STOP_IF_ONLINE
    named = {
        "found": FOUND,
        "execute": EXECUTE,
        "stop_if": stop_if,
        "made_up": MADE_UP,
        "take_down_views": TAKE_DOWN_VIEWS,
        "put_views_back": PUT_VIEWS_BACK,
    }
    return [function for name, function in named.items() if re.search(rf"(?<![\w.]){name}\(", text)]
