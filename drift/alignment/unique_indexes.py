"""MySQL has one thing where others have two: a UNIQUE constraint is a unique index. The models' word decides."""

from __future__ import annotations

from dataclasses import replace

from drift.schema import Index, IndexKey, Schema, Table, Unique


def as_the_models_call_them(actual: Schema, expected: Schema) -> Schema:
    """The actual side with unique constraints as indexes where the models have an index of that name.

    Only for servers that keep no difference; elsewhere ``actual`` itself.
    """
    if actual.dialect not in ("mysql", "mariadb"):
        return actual
    wanted = {table.name: _index_names(table) for table in expected.tables}
    if not any(wanted.values()):
        return actual
    return replace(actual, tables=tuple(_table(table, wanted.get(table.name, frozenset())) for table in actual.tables))


def _index_names(table: Table) -> frozenset[str]:
    """Names of indexes that are no constraint's."""
    constraints = {unique.name for unique in table.uniques}
    return frozenset(index.name for index in table.indexes if index.name is not None and index.name not in constraints)


def _table(table: Table, indexes: frozenset[str]) -> Table:
    meant = tuple(unique for unique in table.uniques if unique.name in indexes)
    if not meant:
        return table
    return replace(
        table,
        uniques=tuple(unique for unique in table.uniques if unique not in meant),
        indexes=(*table.indexes, *map(_index, meant)),
    )


def _index(unique: Unique) -> Index:
    keys = tuple(IndexKey(column) for column in unique.columns)
    return Index(unique.name, keys, unique=True, comment=unique.comment)
