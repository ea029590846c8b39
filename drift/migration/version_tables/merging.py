"""Putting two halves of a history together on SQLite, MariaDB and MySQL."""

from __future__ import annotations

from collections.abc import Iterator

from alembic.operations import ops

from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.definitions.whole import create_table_statements
from drift.migration.plan import Change, Phase, Step
from drift.migration.version_tables.filling import filling
from drift.migration.version_tables.history import History
from drift.schema import Table


def merge_elsewhere(
    finding: Finding, context: PlanContext, history: History, half: Table, insert: str
) -> Iterator[Step]:
    """Every row goes into the table that Continuum reads; the other goes when all have arrived with their contents."""
    extra = [column.name for column in half.columns if history.table.column(column.name) is None]
    if extra:
        context.refuse(finding, f"{half.name} has columns that Continuum does not know: {', '.join(extra)}")
        return
    end = history.facts.end_transaction_column
    ends = filling(history, end) if end is not None else None
    quoting = context.quoting
    yield Step(
        f"put the rows of {half.name} into {history.name}",
        Phase.BACKFILL,
        (finding,),
        (
            own.Execute(insert),
            *([own.Execute(ends)] if ends is not None else []),
            own.StopIf(
                _left(history, half),
                f"{half.name} holds rows whose key exists with other contents: compare them, then run this again",
            ),
            ops.DropTableOp(half.name.name, schema=quoting.schema(half.name)),
        ),
        tuple(own.Execute(statement) for statement in create_table_statements(half, quoting)),
        Change.CHANGE,
        half.name,
        safety=Safety.BLOCKS_WRITES,
        hazard=f"{half.name} is dropped when all its rows have arrived; the way back makes it again, empty",
    )


def _left(history: History, half: Table) -> str:
    """Some row has not arrived with its contents; ends are computed and may differ."""
    equal = "IS" if history.quoting.dialect == "sqlite" else "<=>"
    computed = {history.facts.end_transaction_column, history.facts.operation_type_column}
    shared = [history.column(column.name) for column in half.columns if column.name not in computed]
    same = " AND ".join(f"known.{name} {equal} half.{name}" for name in shared)
    return (
        f"SELECT EXISTS (SELECT 1 FROM {history.quoting.qualified(half.name)} AS half "
        f"WHERE NOT EXISTS (SELECT 1 FROM {history.sql} AS known WHERE {same}))"
    )
