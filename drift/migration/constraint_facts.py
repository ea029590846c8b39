"""What is common to keys and constraints: their words, names, and columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from drift.migration.ddl.postgresql import Constraint
from drift.migration.ddl.quoting import mentions
from drift.schema import Check, Exclusion, ForeignKey, PrimaryKey, QualifiedName, Table, Unique

if TYPE_CHECKING:
    from drift.migration.context import PlanContext

CONSTRAINT_KINDS: dict[type[Any], str] = {
    PrimaryKey: "primary",
    Unique: "unique",
    ForeignKey: "foreignkey",
    Check: "check",
    Exclusion: "exclude",
}
WORDS: dict[type[Any], str] = {
    PrimaryKey: "primary key",
    Unique: "unique constraint",
    ForeignKey: "foreign key",
    Check: "check constraint",
    Exclusion: "exclusion constraint",
}
SUFFIXES: dict[type[Any], str] = {
    PrimaryKey: "pkey",
    Unique: "key",
    ForeignKey: "fkey",
    Check: "check",
    Exclusion: "excl",
}


def constraints_of(table: Table) -> Iterator[Constraint]:
    """Every constraint of a table, its primary key first."""
    if table.primary_key is not None:
        yield table.primary_key
    yield from table.uniques
    yield from table.checks
    yield from table.exclusions
    yield from table.foreign_keys


def columns_of(constraint: Constraint) -> tuple[str, ...]:
    """The columns of a constraint."""
    if isinstance(constraint, Exclusion):
        return tuple(element.column for element in constraint.elements if element.column is not None)
    return constraint.columns


def name_of(context: PlanContext, table: QualifiedName, constraint: Constraint) -> str:
    """The constraint's name, or the one to give it."""
    columns = () if isinstance(constraint, PrimaryKey) else columns_of(constraint)
    if isinstance(constraint, Check):
        mentioned = _mentioned(context, table, constraint)
        columns = mentioned if len(mentioned) == 1 else ()
    return context.constraint_name(table, constraint.name, columns, SUFFIXES[type(constraint)])


def _mentioned(context: PlanContext, table: QualifiedName, check: Check) -> tuple[str, ...]:
    """The columns that a check is over; one that is text in the models does not list them."""
    pair = next((pair for pair in context.alignment.tables if context.table_name(pair) == table), None)
    side = (pair.expected or pair.actual) if pair is not None else None
    names = [column.name for column in side.columns] if side is not None else []
    return check.columns or tuple(name for name in names if mentions(check.expression.sql, name))
