"""Give names without a schema the schema that they mean, so that both sides spell names alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from drift.schema import Column, Domain, Enum, ForeignKey, QualifiedName, Schema, Sequence, Table

T = TypeVar("T", Enum, Domain)


def qualified(schema: Schema, default: str | None) -> Schema:
    """``schema`` with every name inside ``default`` that had no schema of its own; the same object if none had."""
    named = [
        *(table.name for table in schema.tables),
        *(enum.name for enum in schema.enums),
        *(domain.name for domain in schema.domains),
        *(sequence.name for sequence in schema.sequences),
    ]
    if default is None or all(name.schema is not None for name in named):
        return schema
    return replace(
        schema,
        tables=tuple(_table(table, default) for table in schema.tables),
        enums=tuple(_object(enum, default) for enum in schema.enums),
        domains=tuple(_object(domain, default) for domain in schema.domains),
        sequences=tuple(_sequence(sequence, default) for sequence in schema.sequences),
    )


def _name(name: QualifiedName, default: str) -> QualifiedName:
    return QualifiedName(default, name.name) if name.schema is None else name


def _object(thing: T, default: str) -> T:
    return thing if thing.name.schema is not None else replace(thing, name=_name(thing.name, default))


def _sequence(sequence: Sequence, default: str) -> Sequence:
    owner = sequence.owned_by
    if owner is not None:
        owner = (_name(owner[0], default), owner[1])
    return replace(sequence, name=_name(sequence.name, default), owned_by=owner)


def _table(table: Table, default: str) -> Table:
    return replace(
        table,
        name=_name(table.name, default),
        columns=tuple(_column(column, default) for column in table.columns),
        foreign_keys=tuple(_foreign_key(key, default) for key in table.foreign_keys),
    )


def _column(column: Column, default: str) -> Column:
    if column.enum is None and column.domain is None and column.sequence is None:
        return column
    return replace(
        column,
        enum=None if column.enum is None else _name(column.enum, default),
        domain=None if column.domain is None else _name(column.domain, default),
        sequence=None if column.sequence is None else _name(column.sequence, default),
    )


def _foreign_key(key: ForeignKey, default: str) -> ForeignKey:
    return key if key.target.schema is not None else replace(key, target=_name(key.target, default))
