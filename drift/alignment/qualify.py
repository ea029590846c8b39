"""Give names of one side's default schema the other side's, so that both sides spell names alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drift.schema import Column, Other, QualifiedName, Schema, Sequence, Table

Rename = Callable[[QualifiedName], QualifiedName]


def qualified(schema: Schema, default: str | None) -> Schema:
    """``schema`` as it would lie in a database whose default schema is ``default``.

    Names without a schema, and names in the schema's own default one, move there. The same object if there were none:
    two databases of a MySQL server, or two tenants, correspond by their default schemas, whatever these are called.
    """
    own = schema.default_schema
    if default is None or (own in (None, default) and not _has_bare_names(schema)):
        return schema

    def name(old: QualifiedName) -> QualifiedName:
        return QualifiedName(default, old.name) if old.schema is None or old.schema == own else old

    return replace(
        schema,
        default_schema=default,
        schemas=tuple(default if item == own else item for item in schema.schemas),
        tables=tuple(_table(table, name) for table in schema.tables),
        enums=tuple(replace(enum, name=name(enum.name)) for enum in schema.enums),
        domains=tuple(replace(domain, name=name(domain.name)) for domain in schema.domains),
        sequences=tuple(_sequence(sequence, name) for sequence in schema.sequences),
        relation_names=tuple(map(name, schema.relation_names)),
        others=None if schema.others is None else tuple(_other(other, own, default) for other in schema.others),
    )


def _other(other: Other, own: str | None, default: str) -> Other:
    """Its definition is the server's text, in which the schema stands before each name that lies there."""
    if own in (None, default):
        return other

    def moved(text: str) -> str:
        return text.replace(f"{own}.", f"{default}.")

    schema = default if other.name.schema == own else other.name.schema
    name = default if other.name == QualifiedName(None, str(own)) else moved(other.name.name)
    return replace(other, name=QualifiedName(schema, name), definition=moved(other.definition))


def _has_bare_names(schema: Schema) -> bool:
    named = (schema.tables, schema.enums, schema.domains, schema.sequences)
    return any(thing.name.schema is None for things in named for thing in things)


def _sequence(sequence: Sequence, name: Rename) -> Sequence:
    owner = sequence.owned_by
    return replace(sequence, name=name(sequence.name), owned_by=None if owner is None else (name(owner[0]), owner[1]))


def _table(table: Table, name: Rename) -> Table:
    return replace(
        table,
        name=name(table.name),
        columns=tuple(_column(column, name) for column in table.columns),
        foreign_keys=tuple(replace(key, target=name(key.target)) for key in table.foreign_keys),
        inherits=tuple(map(name, table.inherits)),
        partition_of=None if table.partition_of is None else name(table.partition_of),
    )


def _column(column: Column, name: Rename) -> Column:
    if column.enum is None and column.domain is None and column.sequence is None:
        return column
    return replace(
        column,
        enum=None if column.enum is None else name(column.enum),
        domain=None if column.domain is None else name(column.domain),
        sequence=None if column.sequence is None else name(column.sequence),
    )
