"""``--probe``: what sequences give next, and the largest number that their columns hold.

Read-only, one bounded statement for each column (the largest value of a key is the end of its index). What the role may
not see has a reason instead of numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING

from drift.dialects.postgresql.errors import message
from drift.dialects.postgresql.keywords import quote
from drift.dialects.postgresql.session import rows
from drift.schema import QualifiedName, SequenceNumbers

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_NO_RIGHT = "the role may not read the sequence"


def sequence_numbers(
    connection: Connection, tables: Collection[QualifiedName], unread: Mapping[QualifiedName, str]
) -> tuple[SequenceNumbers, ...]:
    """The numbers of every column of ``tables`` that a sequence fills.

    Args:
        connection: In a read-only transaction.
        tables: By their actual names.
        unread: Relations that must not be read, and why.
    """
    sql = (files("drift.dialects.postgresql") / "sql" / "sequence_numbers.sql").read_text(encoding="utf-8")
    found: list[SequenceNumbers] = []
    for schema, name, column, sequence_schema, sequence, following in rows(connection, sql):
        table = QualifiedName(schema, name)
        if table not in tables:
            continue
        owned = QualifiedName(sequence_schema, sequence)
        if following is None or table in unread:
            why = _NO_RIGHT if following is None else f"{table} {unread[table]}"
            found.append(SequenceNumbers(table, column, owned, None, reason=why))
            continue
        largest, reason = _largest(connection, table, column)
        found.append(SequenceNumbers(table, column, owned, None if reason else int(following), largest, reason))
    return tuple(found)


def _largest(connection: Connection, table: QualifiedName, column: str) -> tuple[int | None, str | None]:
    """(the largest value, why it could not be read)."""
    from sqlalchemy.exc import DBAPIError

    sql = f"SELECT max({quote(column)})::pg_catalog.int8 FROM {quote(str(table.schema))}.{quote(table.name)}"
    try:
        with connection.begin_nested():
            [(largest,)] = rows(connection, sql)
    except DBAPIError as error:
        return None, f"the server says: {message(error)}"
    return largest, None
