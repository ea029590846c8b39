"""What rests on a table, by name, in any database: views, policies, rules, keys of others, heirs, publications."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from drift.dialects.postgresql.keywords import literal
from drift.dialects.postgresql.session import rows, server_of
from drift.schema import QualifiedName

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

Identity = tuple[str, str]
"""The kind of an object and its full name, which mean the same in every database."""


def resting_on(connection: Connection, tables: Iterable[QualifiedName]) -> frozenset[Identity]:
    """These tables, and everything whose existence or meaning rests on one of them."""
    default_schema = server_of(connection).default_schema
    names = ", ".join(f"({literal(name.schema or default_schema)}, {literal(name.name)})" for name in tables)
    return _identities(connection, _query("resting", tables=names)) if names else frozenset()


def standing(connection: Connection) -> frozenset[Identity]:
    """Everything that was made in this database."""
    return _identities(connection, _query("standing"))


def _identities(connection: Connection, objects: str) -> frozenset[Identity]:
    found = rows(connection, _query("identities", objects=objects))
    return frozenset((str(kind), str(identity)) for kind, identity in found)


def _query(name: str, **values: str) -> str:
    text = files("drift.dialects.postgresql").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return Template(text).substitute(values)
