"""Primary keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drift.alignment import TablePair
from drift.findings import Finding
from drift.migration import operations as own
from drift.migration.constraint_facts import name_of
from drift.migration.context import PlanContext
from drift.migration.handlers.constraint_steps import Operations, drop_constraint
from drift.migration.handlers.constraints import Both, add_step, drop_step, locate, replace_step
from drift.migration.handlers.nullability import not_null_steps
from drift.migration.plan import Guard, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.migration.translate import after_renames
from drift.schema import ForeignKey, PrimaryKey, QualifiedName

FACETS = ("PK301", "PK302", "PK303")


@handles("PK101")
def add_primary_key(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A table without its primary key. Its columns become NOT NULL with it."""
    located = locate(finding, context)
    if located is None or located[1].expected is None:
        return
    yield from steps((finding,), context, *located)


@handles("PK201")
def drop_primary_key(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A primary key that the models do not know."""
    located = locate(finding, context)
    if located is None or located[1].actual is None:
        return
    pair, found = located
    yield _with_dependents(drop_step(finding, context, pair, found.actual), context, pair, found.actual, None)


@handles("PK301", "PK303")
def replace_primary_key(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A primary key over other columns, or in another order."""
    located = locate(finding, context)
    if located is None or located[1].actual is None or located[1].expected is None:
        return
    answered = (finding, *(f for f in context.claim(FACETS, finding.subject) if f != finding))
    yield from steps(answered, context, *located)


def steps(findings: tuple[Finding, ...], context: PlanContext, pair: TablePair, found: Both) -> Iterator[Step]:
    """Add the expected primary key, or put it in the place of the actual one."""
    if found.actual is None:
        step = add_step(findings[0], context, pair, found.expected, Phase.KEY)
        yield from _with_nullability(step, context, pair, found.expected)
        return
    step = replace_step(findings, context, pair, found, Phase.KEY)
    *before, step = _with_nullability(step, context, pair, found.expected)
    yield from before
    yield _with_dependents(step, context, pair, found.actual, found.expected)


def _with_nullability(step: Step, context: PlanContext, pair: TablePair, key: PrimaryKey) -> Iterator[Step]:
    """A primary key makes its columns NOT NULL, which scans the table: on a large one they become so before.

    The way back must allow NULL again where it was allowed.
    """
    assert pair.actual is not None
    table = context.table_name(pair)
    names = context.column_names(pair)
    nullable = [
        names.get(column.name, column.name)
        for column in pair.actual.columns
        if column.nullable and names.get(column.name, column.name) in key.columns
    ]
    if context.is_large(pair):
        for column in nullable:
            yield from not_null_steps(step.findings, context, pair, table, column, guard=True)
        yield step
        return
    quoting, queries = context.quoting, Queries(context.quoting)
    prefix = f"ALTER TABLE {quoting.qualified(table)} ALTER COLUMN"
    back = tuple(own.Execute(f"{prefix} {quoting.name(column)} DROP NOT NULL") for column in nullable)
    guards = tuple(
        Guard(
            queries.has_rows(table, f"{quoting.name(column)} IS NULL"),
            f"{table}.{column} holds NULL and cannot be part of a primary key: fill it first, then run this again.",
        )
        for column in nullable
    )
    yield replace(step, downgrade=(*step.downgrade, *back), guards=(*step.guards, *guards))


def _with_dependents(
    step: Step, context: PlanContext, pair: TablePair, old: PrimaryKey, new: PrimaryKey | None
) -> Step:
    """Foreign keys that rest on a primary key go before it and come back after it."""
    assert pair.actual is not None
    dependents = list(_dependents(context, pair.actual.name, old))
    if not dependents:
        return step
    away: Operations = ()
    again: Operations = ()
    back: Operations = ()
    for owner, key in dependents:
        table = context.table_name(owner)
        noun = after_renames(context, owner, key)
        name = name_of(context, table, noun)
        add = own.Execute(context.ddl.add_constraint(table, name, noun))
        away += drop_constraint(context, table, name, noun)
        back += (add,)
        if new is not None and set(noun.target_columns) == set(new.columns):
            again += (add,)
    names = ", ".join(str(key.name) for _, key in dependents)
    hazard = f"foreign keys that rest on it are dropped and added again where they still can be: {names}"
    downgrade = (*away, *step.downgrade, *back) if again else (*step.downgrade, *back)
    return replace(
        step,
        upgrade=(*away, *step.upgrade, *again),
        downgrade=downgrade,
        hazard=f"{step.hazard}; {hazard}" if step.hazard else hazard,
    )


def _dependents(context: PlanContext, table: QualifiedName, key: PrimaryKey) -> Iterator[tuple[TablePair, ForeignKey]]:
    for pair in context.alignment.tables:
        if pair.actual is None:
            continue
        for foreign_key in pair.actual.foreign_keys:
            if foreign_key.target == table and set(foreign_key.target_columns) == set(key.columns):
                yield pair, foreign_key
