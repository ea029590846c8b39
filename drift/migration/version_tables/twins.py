"""Twin changes: a column, its copy in the version table and its modification flag change in one step of the plan.

Between two steps another release may be writing: it must never meet a version table that lacks a column which the
versioned table has already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from alembic.operations import ops

from drift.findings import Finding, SubjectKind
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.plan import Hold, Lock, Step
from drift.schema import QualifiedName

Column = tuple[QualifiedName, str]
_LOCKS = (
    Lock.NONE,
    Lock.SHARE_UPDATE_EXCLUSIVE,
    Lock.SHARE,
    Lock.SHARE_ROW_EXCLUSIVE,
    Lock.ACCESS_EXCLUSIVE,
)
_HOLDS = (Hold.BRIEF, Hold.SCAN, Hold.BUILD, Hold.REWRITE)


def join_twins(steps: Iterable[Step], context: PlanContext) -> list[Step]:
    """Steps of the same kind on a versioned column and on its twins become one; every other step stays."""
    twins = _twins(context)
    if not twins:
        return list(steps)
    joined: dict[object, Step] = {}
    for position, step in enumerate(steps):
        column = _column(step, twins)
        if column is None or step.autocommit or step.autocommit_down:
            joined[position] = step
            continue
        key = (column, step.phase, step.change, step.commented_out)
        present = joined.get(key)
        joined[key] = step if present is None else _join(present, step)
    return list(joined.values())


def _twins(context: PlanContext) -> dict[Column, Column]:
    """Columns of version tables, by expected name, with the versioned column they belong to."""
    found: dict[Column, Column] = {}
    for facts in context.alignment.expected.version_tables:
        table = context.alignment.expected.table(facts.table)
        parent = context.alignment.expected.table(facts.parent)
        if table is None or parent is None:
            continue
        shared = {column.name for column in parent.columns} & {column.name for column in table.columns}
        found.update({(facts.table, name): (facts.parent, name) for name in shared})
        found.update({(facts.table, flag): (facts.parent, name) for name, flag in facts.mod_columns})
    found.update({parent: parent for parent in set(found.values())})
    return found


def _column(step: Step, twins: dict[Column, Column]) -> Column | None:
    """The versioned column that all of the step's findings are about."""
    columns = {_versioned(finding, twins) for finding in step.findings}
    return columns.pop() if len(columns) == 1 else None


def _versioned(finding: Finding, twins: dict[Column, Column]) -> Column | None:
    subject = finding.subject
    if subject.kind is not SubjectKind.COLUMN or subject.table is None:
        return None
    return twins.get((QualifiedName(subject.schema, subject.table), subject.name))


def _join(first: Step, second: Step) -> Step:
    """Both steps in one; each part keeps its own way of knowing that it was done."""
    hazards = dict.fromkeys(text for text in (first.hazard, second.hazard) if text)
    titles = dict.fromkeys([*first.title.split("; "), *second.title.split("; ")])
    return replace(
        first,
        title="; ".join(titles),
        findings=(*first.findings, *second.findings),
        upgrade=(*_guarded(first.done, first.upgrade), *_guarded(second.done, second.upgrade)),
        downgrade=(*_guarded(second.undone, second.downgrade), *_guarded(first.undone, first.downgrade)),
        lock=max(first.lock, second.lock, key=_LOCKS.index),
        hold=max(first.hold, second.hold, key=_HOLDS.index),
        hazard="; ".join(hazards) or None,
        guards=(*first.guards, *second.guards),
        done=None,
        undone=None,
        order=min(first.order, second.order),
    )


def _guarded(query: str | None, operations: tuple[ops.MigrateOperation, ...]) -> tuple[ops.MigrateOperation, ...]:
    return operations if query is None or not operations else (own.Unless(query, list(operations)),)
