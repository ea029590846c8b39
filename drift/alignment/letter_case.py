"""Names that differ in letter case only are the same name on servers that ignore it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from drift.schema import (
    Check,
    Column,
    ForeignKey,
    Index,
    IndexKey,
    PrimaryKey,
    QualifiedName,
    Schema,
    Table,
    Unique,
)

Spellings = Mapping[str, str]


def respelled(actual: Schema, expected: Schema) -> Schema:
    """The actual side with names in the letter case of the models, where the server ignores case.

    ``Schema.folded`` says what the server folds. Only names that differ in nothing but letter case are touched, so that
    everything else is still compared to the letter.
    """
    if not actual.folded:
        return actual
    tables = _table_spellings(actual, expected) if "tables" in actual.folded else {}
    wanted = {table.name: table for table in expected.tables}
    columns: dict[QualifiedName, Spellings] = {}
    if "columns" in actual.folded:
        for table in actual.tables:
            twin = wanted.get(tables.get(table.name, table.name))
            if twin is not None:
                spelling = _spellings((c.name for c in table.columns), (c.name for c in twin.columns))
                if spelling:
                    columns[table.name] = spelling
    indexes = _index_spellings(actual, tables, wanted) if "columns" in actual.folded else {}
    if not tables and not columns and not indexes:
        return actual
    return replace(
        actual,
        tables=tuple(_table(table, tables, columns, indexes) for table in actual.tables),
        relation_names=tuple(tables.get(name, name) for name in actual.relation_names),
    )


def _table_spellings(actual: Schema, expected: Schema) -> dict[QualifiedName, QualifiedName]:
    by_schema: dict[str | None, list[str]] = {}
    for table in expected.tables:
        by_schema.setdefault(table.name.schema or actual.default_schema, []).append(table.name.name)
    found: dict[QualifiedName, QualifiedName] = {}
    for schema, names in by_schema.items():
        present = [table.name.name for table in actual.tables if table.name.schema == schema]
        for old, new in _spellings(present, names).items():
            found[QualifiedName(schema, old)] = QualifiedName(schema, new)
    return found


def _index_spellings(
    actual: Schema, tables: Mapping[QualifiedName, QualifiedName], wanted: Mapping[QualifiedName, Table]
) -> dict[QualifiedName, Spellings]:
    """Servers that ignore the case of columns ignore that of indexes and unique constraints, too."""
    found: dict[QualifiedName, Spellings] = {}
    for table in actual.tables:
        twin = wanted.get(tables.get(table.name, table.name))
        if twin is not None:
            spelling = _spellings(_key_names(table), _key_names(twin))
            if spelling:
                found[table.name] = spelling
    return found


def _key_names(table: Table) -> list[str]:
    keys: tuple[Index | Unique, ...] = (*table.indexes, *table.uniques)
    return [key.name for key in keys if key.name is not None]


def _spellings(actual: Iterable[str], expected: Iterable[str]) -> Spellings:
    """Actual names to the expected names that differ from them in letter case only."""
    present = tuple(actual)
    wanted = {name.lower(): name for name in expected}
    return {name: wanted[name.lower()] for name in present if wanted.get(name.lower(), name) != name}


def _table(
    table: Table,
    tables: Mapping[QualifiedName, QualifiedName],
    columns: Mapping[QualifiedName, Spellings],
    indexes: Mapping[QualifiedName, Spellings],
) -> Table:
    own = columns.get(table.name, {})
    keys = indexes.get(table.name, {})

    def key_name(name: str | None) -> str | None:
        return name if name is None else keys.get(name, name)

    def names(columns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(own.get(column, column) for column in columns)

    def column(item: Column) -> Column:
        return replace(item, name=own[item.name]) if item.name in own else item

    def primary_key(item: PrimaryKey) -> PrimaryKey:
        return replace(item, columns=names(item.columns))

    def unique(item: Unique) -> Unique:
        return replace(item, name=key_name(item.name), columns=names(item.columns))

    def check(item: Check) -> Check:
        return replace(item, columns=names(item.columns))

    def key(item: IndexKey) -> IndexKey:
        return item if item.column is None else replace(item, column=own.get(item.column, item.column))

    def index(item: Index) -> Index:
        return replace(item, name=key_name(item.name), keys=tuple(key(part) for part in item.keys))

    def foreign_key(item: ForeignKey) -> ForeignKey:
        there = columns.get(item.target, {})
        return replace(
            item,
            columns=names(item.columns),
            target=tables.get(item.target, item.target),
            target_columns=tuple(there.get(name, name) for name in item.target_columns),
        )

    return replace(
        table,
        name=tables.get(table.name, table.name),
        columns=tuple(column(item) for item in table.columns),
        primary_key=None if table.primary_key is None else primary_key(table.primary_key),
        uniques=tuple(unique(item) for item in table.uniques),
        foreign_keys=tuple(foreign_key(item) for item in table.foreign_keys),
        checks=tuple(check(item) for item in table.checks),
        indexes=tuple(index(item) for item in table.indexes),
    )
