"""Foreign keys of a table that goes, on MySQL and MariaDB."""

from __future__ import annotations

from dataclasses import replace

from alembic.operations.ops import MigrateOperation

from drift.migration.ddl.quoting import Quoting
from drift.migration.definitions.mysql import mysql_statements
from drift.migration.definitions.mysql_words import real
from drift.schema import Table

Operations = tuple[MigrateOperation, ...]


def detached(table: Table, quoting: Quoting) -> tuple[Operations, Operations]:
    """What drops the table's foreign keys, and what brings them back."""
    bare = replace(table, foreign_keys=(), indexes=tuple(real(table.indexes)))
    there, back = mysql_statements(table, bare, quoting), mysql_statements(bare, table, quoting)
    return tuple(one.operation() for one in there), tuple(one.operation() for one in back)
