"""What two databases may have otherwise and no model can say."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from drift.dialects.postgresql.session import rows, server_of, undone
from drift.schema import Other, QualifiedName

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def read_others(connection: Connection, schemas: Sequence[str]) -> tuple[Other, ...]:
    """Of the schemas (empty: the default one) and of the database as a whole."""
    wanted = tuple(schemas) or (server_of(connection).default_schema,)
    with undone(connection):
        found = rows(connection, "SELECT nspname::pg_catalog.text, oid FROM pg_catalog.pg_namespace")
        numbers = ",".join(str(int(number)) for name, number in found if name in wanted)
        text = files("drift.dialects.postgresql").joinpath("sql", "others.sql").read_text(encoding="utf-8")
        namespaces = f"'{{{numbers}}}'::pg_catalog.oid[]"
        found = rows(connection, Template(text).substitute(namespaces=namespaces))
    return tuple(
        Other(kind, QualifiedName(schema, name), definition or "", table)
        for kind, schema, table, name, definition in found
    )
