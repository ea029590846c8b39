"""Columns of both sides, and brief changes of them (PostgreSQL)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drift.alignment import TablePair
from drift.findings import Finding
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.plan import Change, Lock, Phase, Step
from drift.migration.translate import column_after_renames, sequence_after_renames
from drift.schema import Column, QualifiedName, TableKind


@dataclass(frozen=True, slots=True)
class Place:
    """A column and where it is after the renames; ``actual`` keeps its own name only."""

    pair: TablePair
    table: QualifiedName
    expected: Column
    actual: Column
    name: str
    prefix: str


def locate(finding: Finding, context: PlanContext) -> Place | None:
    """Both sides of a column; refuses the finding where one is missing."""
    pair = context.table_pair(finding.subject)
    columns = context.column_pair(pair, finding.subject.name) if pair is not None else None
    if pair is None or columns is None or columns.expected is None or columns.actual is None:
        context.refuse(finding, "the column is not on both sides")
        return None
    if refuse_view(finding, context, pair):
        return None
    names = context.column_names(pair)
    name = names.get(columns.actual.name, columns.actual.name)
    prefix = f"ALTER TABLE {context.sql_name(pair)} ALTER COLUMN {context.quoting.name(name)}"
    actual = column_after_renames(context, columns.actual)
    for sequence in context.alignment.actual.sequences:
        if sequence.owned_by is not None and sequence.name == actual.sequence:
            actual = replace(actual, sequence=sequence_after_renames(context, sequence))
            break
    return Place(pair, context.table_name(pair), columns.expected, actual, name, prefix)


def refuse_view(finding: Finding, context: PlanContext, pair: TablePair) -> bool:
    """Refuse a finding about a column of a view: the view's query makes its columns. True where it was refused."""
    if pair.actual is None or pair.actual.kind not in (TableKind.VIEW, TableKind.MATERIALIZED_VIEW):
        return False
    context.refuse(finding, f"{pair.actual.name} is a view: its columns come from its query, which must be replaced")
    return True


def alter(place: Place, findings: tuple[Finding, ...], title: str, there: list[str], back: list[str]) -> Step:
    """A step of brief ``ALTER COLUMN`` statements."""
    return Step(
        title,
        Phase.ALTER,
        findings,
        tuple(own.Execute(statement) for statement in there),
        tuple(own.Execute(statement) for statement in back),
        Change.CHANGE,
        place.table,
        Lock.ACCESS_EXCLUSIVE,
    )


def default_statement(context: PlanContext, place: Place, column: Column) -> str:
    """``SET DEFAULT`` or ``DROP DEFAULT``."""
    default = context.ddl.default(column)
    return f"{place.prefix} DROP DEFAULT" if default is None else f"{place.prefix} SET DEFAULT {default}"
