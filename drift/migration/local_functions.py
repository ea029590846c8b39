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
IS_THERE = '''def is_there(query: str) -> bool:
    """Ask the database; the script of --sql is for one where it is there."""
    return op.get_context().as_sql or bool(op.get_bind().scalar(sa.text(query)))
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
        "is_there": IS_THERE,
    }
    return [function for name, function in named.items() if re.search(rf"(?<![\w.]){name}\(", text)]
