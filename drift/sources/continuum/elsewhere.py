"""Version tables in schemas that nobody maps: a check reads only the schemas that the models name.

One catalogue query, and only when something of Continuum's is missing where it should be, says where to look; what is
read there is kept only when it is recognised as the missing table or sequence.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drift.alignment.version_twins import recognise, recognise_sequences
from drift.dialects import Dialect, Scope
from drift.schema import QualifiedName, Schema, VersioningRole

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_CANDIDATES = """
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname <> ALL (:read)
  AND n.nspname <> 'information_schema'
  AND n.nspname !~ '^pg_'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_class parent
      WHERE parent.relnamespace = c.relnamespace AND parent.relname = ANY (:parents)
  )
  AND (
      c.relkind = 'S' AND c.relname = ANY (:sequences)
      OR c.relkind IN ('r', 'p') AND EXISTS (
          SELECT FROM pg_catalog.pg_attribute a
          WHERE a.attrelid = c.oid AND a.attname = ANY (:signature) AND NOT a.attisdropped
      )
  )
ORDER BY n.nspname, c.relname
"""


def add_strays(connection: Connection, dialect: Dialect, expected: Schema, actual: Schema) -> Schema:
    """The actual side with Continuum's tables and sequences that lie in another schema than they should.

    Args:
        connection: In a read-only transaction.
        dialect: How the database is read; only PostgreSQL's schemas are searched.
        expected: The models' side, Continuum's part included.
        actual: What was read of the schemas that the models name.
    """
    if actual.dialect != "postgresql" or not expected.version_tables or not _incomplete(expected, actual):
        return actual
    names = _candidates(connection, expected, actual)
    if not names:
        return actual

    def wanted(schema: str | None, name: str) -> bool:
        return QualifiedName(schema, name) in names

    homes = tuple(sorted({name.schema for name in names if name.schema is not None}))
    found = dialect.read(connection, Scope(schemas=homes, include_name=wanted))
    wide = replace(actual, tables=(*actual.tables, *found.tables), sequences=(*actual.sequences, *found.sequences))
    tables = {twin.actual for twin in recognise(expected, wide)}
    sequences = {twin.actual for twin in recognise_sequences(expected, wide)}
    return replace(
        actual,
        tables=(*actual.tables, *(table for table in found.tables if table.name in tables)),
        sequences=(*actual.sequences, *(one for one in found.sequences if one.name in sequences)),
    )


def _incomplete(expected: Schema, actual: Schema) -> bool:
    present = {table.name for table in actual.tables} | {sequence.name for sequence in actual.sequences}
    roles = [(table.name, table.role) for table in expected.tables]
    roles += [(sequence.name, sequence.role) for sequence in expected.sequences]
    return any(role is not VersioningRole.NONE and name not in present for name, role in roles)


def _candidates(connection: Connection, expected: Schema, actual: Schema) -> frozenset[QualifiedName]:
    from sqlalchemy import text

    rows = connection.execute(
        text(_CANDIDATES),
        {
            "read": list(actual.schemas),
            # A schema with the versioned tables themselves is somebody else's home.
            "parents": sorted({facts.parent.name for facts in expected.version_tables}),
            "sequences": [one.name.name for one in expected.sequences if one.role is not VersioningRole.NONE],
            "signature": sorted({facts.transaction_column for facts in expected.version_tables} | {"issued_at"}),
        },
    )
    return frozenset(QualifiedName(schema, name) for schema, name in rows)
