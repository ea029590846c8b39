"""Answers as the server spells them: drivers turn numbers, truth values and arrays into objects of their own."""

from __future__ import annotations

from collections import defaultdict
from importlib import import_module
from typing import TYPE_CHECKING, Any

from drift.dialects.postgresql.session import escaped
from drift.dialects.postgresql.wire import Answer, RefusedError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def ask_as_written(connection: Connection, sql: str) -> Answer:
    """Run a statement, or several in one transaction, exactly as written; values come back as text.

    Raises:
        RefusedError: The server does.
    """
    driver = connection.dialect.driver
    raw: Any = connection.connection.driver_connection
    errors: Any = connection.dialect.dbapi
    cursor = raw.cursor()
    try:
        if driver == "pg8000":
            known, raw.pg_types = raw.pg_types, defaultdict(lambda: str)
            try:
                cursor.execute(escaped(connection, sql))
            finally:
                raw.pg_types = known
        else:
            if driver != "psycopg":
                _leave_alone(cursor)
            cursor.execute(sql)
        if cursor.description is None:
            return Answer()
        names = tuple(column[0] for column in cursor.description)
        return Answer(names, _of_psycopg(cursor) if driver == "psycopg" else cursor.fetchall())
    except errors.Error as error:
        # pg8000 hands over the protocol's own fields.
        fields = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
        code = fields.get("C") or getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
        raise RefusedError(fields.get("M") or str(error).strip().split("\n")[0], str(code or "XX000")) from None
    finally:
        cursor.close()


def _leave_alone(cursor: Any) -> None:
    """Let psycopg2, or its twin for PyPy, convert nothing for this cursor."""
    extensions = import_module(f"{type(cursor).__module__.partition('.')[0]}.extensions")
    plain = extensions.new_type(tuple(extensions.string_types), "AS_SPELLED", lambda value, _cursor: value)
    extensions.register_type(plain, cursor)


def _of_psycopg(cursor: Any) -> list[tuple[str | None, ...]]:
    result = cursor.pgresult
    cells = range(result.nfields)
    return [tuple(_decoded(result.get_value(row, cell)) for cell in cells) for row in range(result.ntuples)]


def _decoded(value: bytes | None) -> str | None:
    return value.decode() if value is not None else None
