"""Rows that break a foreign key: SQLite enforces them only on connections that ask for it.

Source: https://www.sqlite.org/pragma.html#pragma_foreign_key_check
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from drift.schema import Orphans, Table

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_VIOLATIONS = "SELECT fkid, count(*) FROM pragma_foreign_key_check(?, ?) GROUP BY fkid"
_KEYS = 'SELECT id, "from" FROM pragma_foreign_key_list(?, ?) ORDER BY id, seq'


def orphans(connection: Connection, tables: Iterable[Table]) -> tuple[Orphans, ...]:
    """Count them, table by table; a key that SQLite cannot follow has no count."""
    return tuple(found for table in tables if table.foreign_keys for found in _of_table(connection, table))


def _of_table(connection: Connection, table: Table) -> list[Orphans]:
    from sqlalchemy.exc import OperationalError

    place = (table.name.name, table.name.schema)
    try:
        counts: dict[int, int] = {row[0]: row[1] for row in connection.exec_driver_sql(_VIOLATIONS, place)}
    except OperationalError as error:
        reason = f"the database says: {error.orig}"
        return [Orphans(table.name, key.columns, key.target, None, reason) for key in table.foreign_keys]
    if not counts:
        return []
    columns: dict[int, list[str]] = {}
    for number, column in connection.exec_driver_sql(_KEYS, place):
        columns.setdefault(number, []).append(column.lower())
    keys = {tuple(column.lower() for column in key.columns): key for key in table.foreign_keys}
    broken = ((keys.get(tuple(names)), counts.get(number)) for number, names in columns.items())
    return [Orphans(table.name, key.columns, key.target, rows) for key, rows in broken if key is not None and rows]
