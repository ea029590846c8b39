"""What a copy of the structure needs beside the nouns: the functions that it uses, and partitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from drift.dialects.postgresql.session import rows, undone
from drift.schema import QualifiedName

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


@dataclass(frozen=True, slots=True)
class Beside:
    """Statements for a copy.

    Attributes:
        functions: What makes each function; several have one name where it is overloaded.
        partitions: What makes each partition, parents first.
    """

    functions: tuple[tuple[QualifiedName, str], ...] = ()
    partitions: tuple[str, ...] = ()


def read_beside(connection: Connection, schemas: Sequence[str]) -> Beside:
    """Functions that something in these schemas uses, and the partitions there."""
    with undone(connection):
        found = rows(connection, "SELECT nspname::pg_catalog.text, oid FROM pg_catalog.pg_namespace")
        wanted = [int(number) for name, number in found if name in schemas]
        namespaces = "'{" + ",".join(str(number) for number in wanted) + "}'::pg_catalog.oid[]"
        functions = rows(connection, _query("used_functions", namespaces))
        partitions = rows(connection, _query("partitions", namespaces))
    return Beside(
        tuple((QualifiedName(schema, name), definition) for schema, name, definition in functions),
        tuple(statement for (statement,) in partitions),
    )


def _query(name: str, namespaces: str) -> str:
    text = files("drift.dialects.postgresql").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return Template(text).substitute(namespaces=namespaces)
