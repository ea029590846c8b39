"""What must be so before a table is made, and what is so once it is made or gone."""

from __future__ import annotations

from drift.migration.context import PlanContext
from drift.migration.handlers.indexes import index_name
from drift.migration.order import Fact, has_key, name_is_free, nothing_refers_to, schema_exists, table_exists
from drift.schema import ForeignKey, Table


def needs_of_table(context: PlanContext, table: Table, late: tuple[ForeignKey, ...]) -> frozenset[Fact]:
    """Its schema, its parents, what its foreign keys refer to, and names that nothing else has."""
    schema = table.name.schema
    names = [table.name.name, *(index_name(context, table.name, index) for index in table.indexes)]
    names += [key.name for key in (*table.uniques, table.primary_key) if key is not None and key.name is not None]
    keys = [key for key in table.foreign_keys if key not in late and key.target != table.name]
    return frozenset(
        {
            schema_exists(schema),
            *(name_is_free(schema, name) for name in names),
            *(table_exists(parent) for parent in table.inherits),
            *(has_key(key.target, key.target_columns) for key in keys),
            *(table_exists(key.target) for key in keys),
        }
    )


def made_by_creating(table: Table) -> frozenset[Fact]:
    """The table and its keys."""
    keys = [key.columns for key in (*table.uniques, table.primary_key) if key is not None]
    keys += [index.columns for index in table.indexes if index.unique]
    return frozenset({table_exists(table.name), *(has_key(table.name, columns) for columns in keys)})


def made_by_dropping(context: PlanContext, table: Table) -> frozenset[Fact]:
    """Names that are free again, and keys that nothing refers to any more."""
    schema = table.name.schema
    names = [table.name.name, *(index_name(context, table.name, index) for index in table.indexes)]
    names += [key.name for key in (*table.uniques, table.primary_key) if key is not None and key.name is not None]
    gone = {nothing_refers_to(key.target, key.target_columns) for key in table.foreign_keys}
    return frozenset({*gone, *(name_is_free(schema, name) for name in names)})
