"""Foreign keys of a table that goes, on MySQL and MariaDB."""

from __future__ import annotations

from dataclasses import replace

from alembic.operations.ops import MigrateOperation

from drift.migration.ddl.quoting import Quoting
from drift.migration.definitions.mysql import mysql_passage, settled
from drift.schema import Table

Operations = tuple[MigrateOperation, ...]


def detached(table: Table, quoting: Quoting) -> tuple[Operations, Operations]:
    """What drops the table's foreign keys, and what brings them back."""
    bare = settled(replace(table, foreign_keys=()), table)
    there, back = (mysql_passage(*ends, quoting).change for ends in ((table, bare), (bare, table)))
    return tuple(one.operation() for one in there), tuple(one.operation() for one in back)
