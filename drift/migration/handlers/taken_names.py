"""A missing unique constraint whose name an index has that the models do not know (PostgreSQL).

``ALTER TABLE ... ADD CONSTRAINT`` fails on the name as long as that index is there. One step puts the constraint in its
place: an index over the same columns has nothing that the constraint does not have.
"""

from __future__ import annotations

from dataclasses import replace

from drift.alignment import TablePair
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.handlers.constraint_steps import Operations, drop_index
from drift.migration.handlers.indexes import recreate
from drift.migration.plan import Change, Step
from drift.migration.queries import Queries
from drift.migration.translate import after_renames
from drift.schema import Index, QualifiedName, Unique


def in_the_place_of(step: Step, context: PlanContext, pair: TablePair, unique: Unique) -> Step:
    """The step that adds the constraint, after an index of its name was dropped or renamed out of the way."""
    taken = next((p.actual for p in pair.indexes if p.expected is None and _has_name(p.actual, unique.name)), None)
    if taken is None:
        return step
    mine = [f for f in context.findings if f.code == "IX201" and context.table_pair(f.subject) is pair]
    found = [f for f in mine if (p := context.named_pair(pair.indexes, f)) is not None and p.actual is taken]
    table, name, large = context.table_name(pair), str(unique.name), context.is_large(pair)
    index = after_renames(context, pair, taken)
    there: Operations
    back: Operations
    if set(index.columns) == set(unique.columns) and not any(key.expression for key in index.keys):
        there, back = drop_index(context, table, name, large=large), recreate(context, pair, table, name, index)
        what = f"in the place of the index {name}"
    else:
        there, back = _aside(context, table, name)
        what = f"and rename the index {name} out of its way"
        found = []
    away = (own.Unless(Queries(context.quoting).constraint_exists(table, name), list(there)),) if large else there
    for finding in found:
        context.claim_finding(finding)
    return replace(
        step.because(*found),
        title=f"{step.title} {what}",
        upgrade=(*away, *step.upgrade),
        downgrade=(*step.downgrade, *back),
        change=Change.CHANGE,
    )


def _has_name(index: Index | None, name: str | None) -> bool:
    return index is not None and name is not None and index.name == name


def _aside(context: PlanContext, table: QualifiedName, name: str) -> tuple[Operations, Operations]:
    quoting = context.quoting
    other = f"{name[:59]}_old"
    there = f"ALTER INDEX {quoting.qualified(QualifiedName(table.schema, name))} RENAME TO {quoting.name(other)}"
    back = f"ALTER INDEX {quoting.qualified(QualifiedName(table.schema, other))} RENAME TO {quoting.name(name)}"
    return (own.Execute(there, back),), (own.Execute(back, there),)
