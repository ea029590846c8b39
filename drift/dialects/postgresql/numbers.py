"""``--probe``: what sequences give next, and the largest number that their columns hold.

Read-only, one bounded statement for each column (the largest value of a key is the end of its index). What the role may
not see is left out.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files
from typing import TYPE_CHECKING

from drift.dialects.postgresql.keywords import quote
from drift.dialects.postgresql.session import rows
from drift.schema import QualifiedName, SequenceNumbers

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def sequence_numbers(connection: Connection, tables: Collection[QualifiedName]) -> tuple[SequenceNumbers, ...]:
    """The numbers of every column of ``tables`` that a sequence fills.

    Args:
        connection: In a read-only transaction.
        tables: By their actual names.
    """
    sql = (files("drift.dialects.postgresql") / "sql" / "sequence_numbers.sql").read_text(encoding="utf-8")
    found: list[SequenceNumbers] = []
    for schema, name, column, sequence_schema, sequence, following in rows(connection, sql):
        table = QualifiedName(schema, name)
        if table not in tables or following is None:
            continue
        readable, largest = _largest(connection, table, column)
        if readable:
            owned = QualifiedName(sequence_schema, sequence)
            found.append(SequenceNumbers(table, column, owned, int(following), largest))
    return tuple(found)


def _largest(connection: Connection, table: QualifiedName, column: str) -> tuple[bool, int | None]:
    """(whether it could be read, the largest value)."""
    from sqlalchemy.exc import DBAPIError

    sql = f"SELECT max({quote(column)})::pg_catalog.int8 FROM {quote(str(table.schema))}.{quote(table.name)}"
    try:
        with connection.begin_nested():
            [(largest,)] = rows(connection, sql)
    except DBAPIError:
        return False, None
    return True, largest
