"""A dropped column again, with what went with it (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import TablePair
from drift.migration.constraint_facts import columns_of, constraints_of
from drift.migration.context import PlanContext
from drift.migration.translate import after_renames
from drift.schema import Column


def went_with(context: PlanContext, pair: TablePair, column: str) -> Iterator[str]:
    """Constraints and indexes that a dropped column takes along."""
    assert pair.actual is not None
    table, actual = context.table_name(pair), pair.actual
    for constraint in constraints_of(actual):
        if column in columns_of(constraint) and constraint.name is not None:
            yield context.ddl.add_constraint(table, constraint.name, after_renames(context, pair, constraint))
    for index in actual.indexes:
        touched = column in index.columns or column in index.include
        if touched and index.name is not None:
            yield context.ddl.create_index(table, index.name, after_renames(context, pair, index))


def added_again(context: PlanContext, pair: TablePair, column: Column) -> list[str]:
    """A dropped column of the actual table, its comment, and what went with it, by names after the renames."""
    table = context.sql_name(pair)
    statements = [f"ALTER TABLE {table} ADD COLUMN {context.ddl.column(column)}"]
    if column.comment is not None:
        what = f"COLUMN {table}.{context.quoting.name(column.name)}"
        statements.append(context.ddl.comment(what, column.comment))
    before = {new: old for old, new in context.column_names(pair).items()}
    return [*statements, *went_with(context, pair, before.get(column.name, column.name))]
