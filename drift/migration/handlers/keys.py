"""Primary keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drift.alignment import TablePair
from drift.findings import Finding
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.handlers.constraints import Both, add_step, drop_step, locate, replace_step
from drift.migration.handlers.nullability import not_null_steps
from drift.migration.plan import Guard, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.schema import PrimaryKey

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
    yield drop_step(finding, context, pair, found.actual)


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
    yield from _with_nullability(step, context, pair, found.expected)


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
