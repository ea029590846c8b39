"""Looks beyond the catalog sweep: version tables that lie elsewhere and, on request, rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drift.dialects import Dialect
from drift.schema import Schema

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def count_rows(connection: Connection, dialect: Dialect, expected: Schema, actual: Schema) -> Schema:
    """The actual side with what its rows say: numbers of sequences, orphans on SQLite, and counts in version
    tables."""
    unread = dialect.not_to_read(connection)
    if actual.dialect == "postgresql":
        from drift.dialects.postgresql.numbers import sequence_numbers

        mapped = {table.name for table in expected.tables}
        tables = {table.name for table in actual.tables if table.name in mapped}
        actual = replace(actual, sequence_numbers=sequence_numbers(connection, tables, unread))
    if actual.dialect == "sqlite":
        from drift.dialects.sqlite.orphans import orphans

        wanted = {table.name for table in expected.tables}
        actual = replace(actual, orphans=orphans(connection, [t for t in actual.tables if t.name in wanted]))
    if not expected.version_tables:
        return actual
    from drift.sources.continuum.probes import probe_version_tables

    return probe_version_tables(connection, expected, actual, unread)


def with_strays(connection: Connection, dialect: Dialect, expected: Schema, actual: Schema) -> Schema:
    """The actual side with version tables that lie in schemas nobody maps; unchanged without Continuum."""
    if not expected.version_tables:
        return actual
    from drift.sources.continuum.elsewhere import add_strays

    return add_strays(connection, dialect, expected, actual)
