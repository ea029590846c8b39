"""Statements that make one existing table again, as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drift.migration.constraint_facts import constraints_of
from drift.migration.new_tables import column_comments
from drift.schema import QualifiedName, Table, TableKind

if TYPE_CHECKING:
    from drift.migration.context import PlanContext


def create_table_statements(context: PlanContext, table: Table) -> list[str]:
    """The table, its owned sequences, constraints, indexes, triggers and comments (PostgreSQL)."""
    ddl, quoting = context.ddl, context.quoting
    if table.kind in (TableKind.VIEW, TableKind.MATERIALIZED_VIEW):
        return [ddl.create_view(table), *_indexes(context, table)]
    owned = [s for s in context.alignment.actual.sequences if s.owned_by is not None and s.owned_by[0] == table.name]
    statements = [ddl.create_sequence(sequence) for sequence in owned]
    statements.append(ddl.create_table(table))
    statements += [ddl.own_sequence(sequence.name, sequence.owned_by) for sequence in owned]
    for check in table.checks:
        if not check.validated and check.name is not None:
            statements.append(ddl.add_constraint(table.name, check.name, check))
    for key in table.foreign_keys:
        if key.name is not None:
            statements.append(ddl.add_constraint(table.name, key.name, key))
    statements += _indexes(context, table)
    statements += column_comments(context, table)
    statements += comments(context, table)
    statements += [trigger.definition for trigger in table.triggers if trigger.definition is not None]
    name = quoting.qualified(table.name)
    statements += [
        f"ALTER TABLE {name} DISABLE TRIGGER {quoting.name(trigger.name)}"
        for trigger in table.triggers
        if not trigger.enabled and trigger.definition is not None
    ]
    if table.row_security:
        statements.append(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    return statements


def _indexes(context: PlanContext, table: Table) -> list[str]:
    return [
        context.ddl.create_index(table.name, index.name, index) for index in table.indexes if index.name is not None
    ]


def comments(context: PlanContext, table: Table) -> list[str]:
    """``COMMENT ON`` for indexes and constraints."""
    quoting = context.quoting
    texts = []
    for index in table.indexes:
        if index.comment is not None and index.name is not None:
            name = QualifiedName(table.name.schema, index.name)
            texts.append(context.ddl.comment(f"INDEX {quoting.qualified(name)}", index.comment))
    for constraint in constraints_of(table):
        if constraint.comment is not None and constraint.name is not None:
            what = f"CONSTRAINT {quoting.name(constraint.name)} ON {quoting.qualified(table.name)}"
            texts.append(context.ddl.comment(what, constraint.comment))
    return texts
