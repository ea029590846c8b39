"""Short ways to write schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drift.schema import Column, QualifiedName, Schema, Table


def name(text: str, schema: str | None = "public") -> QualifiedName:
    return QualifiedName(schema, text)


def column(text: str, type_: str = "integer", **facets: Any) -> Column:
    return Column(text, type_, **facets)


def table(text: str, *columns: Column | str, schema: str | None = "public", **facets: Any) -> Table:
    """A table; a bare string is a nullable integer column."""
    made = [column(item) if isinstance(item, str) else item for item in columns]
    placed = tuple(Column(**{**_fields(item), "position": place}) for place, item in enumerate(made, start=1))
    return Table(name(text, schema), columns=placed, **facets)


def expected(*tables: Table, **facets: Any) -> Schema:
    return Schema("models", "postgresql", default_schema="public", schemas=("public",), tables=tables, **facets)


def actual(*tables: Table, **facets: Any) -> Schema:
    facets = {"schemas": ("public",), "relation_names": tuple(table.name for table in tables), **facets}
    return Schema("postgresql://", "postgresql", "15.4", "public", tables=tables, **facets)


def _fields(item: Column) -> Mapping[str, Any]:
    return {slot: getattr(item, slot) for slot in Column.__slots__}
