"""Whole tables and indexes in SQLite's and MySQL's words."""

from __future__ import annotations

from drift.migration.ddl.quoting import Quoting
from drift.migration.definitions import mysql_words, sqlite
from drift.schema import Index, Table


def create_index_statement(table: Table, index: Index, quoting: Quoting) -> str:
    """The statement that makes an index on an existing table."""
    if quoting.dialect == "sqlite":
        return sqlite.create_index(table.name, index, quoting)
    return mysql_words.create_index(table, index, quoting)


def create_table_statements(table: Table, quoting: Quoting) -> list[str]:
    """The statements that make a table with everything on it, rows aside.

    InnoDB makes the indexes behind foreign keys by itself; those are left to it.
    """
    if quoting.dialect == "sqlite":
        if table.definition is not None:
            return [table.definition.sql]
        indexes = [sqlite.create_index(table.name, index, quoting) for index in table.indexes]
        return [sqlite.create_table(table, quoting), *indexes, *(t.definition for t in table.triggers if t.definition)]
    if table.definition is not None:
        return [f"CREATE VIEW {quoting.qualified(table.name)} AS {table.definition.sql}"]
    return [mysql_words.create_table(table, quoting)]
