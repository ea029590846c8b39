"""NULL allowed or not (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from alembic.operations import ops

from drift.alignment import TablePair
from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.fills import fill_step
from drift.migration.handlers.column_places import Place, alter, locate
from drift.migration.native_columns import (
    actual_type,
)
from drift.migration.order import is_in_no_key, is_not_null
from drift.migration.plan import Change, Guard, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.schema import QualifiedName


@handles("CO302")
def change_nullability(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """NULL allowed or not."""
    place = locate(finding, context)
    if place is None:
        return
    if place.expected.nullable:
        yield replace(
            alter(
                place,
                (finding,),
                f"allow NULL in {place.table}.{place.name}",
                [],
                [],
            ),
            upgrade=(_nullable(context, place, nullable=True),),
            downgrade=(
                own.StopIf(
                    Queries(context.quoting).has_rows(place.table, f"{context.quoting.name(place.name)} IS NULL"),
                    f"{place.table}.{place.name} holds NULL by now and cannot be NOT NULL again: fill it first.",
                ),
                _nullable(context, place, nullable=False),
            ),
            needs=frozenset({is_in_no_key(place.table, place.name)}),
        )
        return
    # Values that the same plan computes anew say nothing about the new ones.
    computed = place.expected.generated is not None and context.has("CO305", finding.subject)
    fill = fill_step((finding,), context, place.pair, place.expected, place.table) if not computed else None
    if fill is not None:
        yield fill
    guard = fill is None and not computed
    yield from not_null_steps((finding,), context, place.pair, place.table, place.name, guard=guard)


def _nullable(context: PlanContext, place: Place, *, nullable: bool) -> ops.MigrateOperation:
    return ops.AlterColumnOp(
        place.table.name,
        place.name,
        schema=context.quoting.schema(place.table),
        existing_type=actual_type(context, place.actual),
        modify_nullable=nullable,
    )


def not_null_steps(
    findings: tuple[Finding, ...],
    context: PlanContext,
    pair: TablePair,
    table: QualifiedName,
    column: str,
    *,
    guard: bool,
) -> Iterator[Step]:
    """SET NOT NULL: at once on a small table, through a validated check on a large one."""
    quoting, queries = context.quoting, Queries(context.quoting)
    schema = quoting.schema(table)
    name = quoting.name(column)
    set_it = ops.AlterColumnOp(table.name, column, schema=schema, modify_nullable=False)
    unset = ops.AlterColumnOp(table.name, column, schema=schema, modify_nullable=True)
    found = context.column_pair(pair, column)
    if found is not None and found.actual is not None:
        set_it.existing_type = unset.existing_type = actual_type(context, found.actual)
    large = context.is_large(pair)
    guards = (
        Guard(
            queries.has_rows(table, f"{name} IS NULL"),
            f"{table}.{column} holds NULL: say what these rows are to hold, fill them, then run this again.",
        ),
    )
    step = Step(
        f"forbid NULL in {table}.{column}",
        Phase.NOT_NULL,
        findings,
        (set_it,),
        (unset,),
        Change.CHANGE,
        table,
        Lock.ACCESS_EXCLUSIVE,
        safety=Safety.NEEDS_DATA if guard else Safety.SAFE,
        guards=guards if guard else (),
        autocommit=large,
        column=found.actual.name if found is not None and found.actual is not None else None,
        makes=frozenset({is_not_null(table, column)}),
    )
    if large:
        check = f"{f'{table.name}_{column}'[:50]}_not_null"
        add = (
            f"ALTER TABLE {quoting.qualified(table)} ADD CONSTRAINT {quoting.name(check)} "
            f"CHECK ({name} IS NOT NULL) NOT VALID"
        )
        validate = f"ALTER TABLE {quoting.qualified(table)} VALIDATE CONSTRAINT {quoting.name(check)}"
        drop = f"ALTER TABLE {quoting.qualified(table)} DROP CONSTRAINT {quoting.name(check)}"
        slow = own.Unless(
            queries.not_null(table, column),
            [
                own.Unless(queries.constraint_exists(table, check), [own.Execute(add)]),
                own.Autocommit([own.Execute(validate)]),
                set_it,
                own.Execute(drop),
            ],
            ["The check is validated without blocking anybody; with it, SET NOT NULL need not scan."],
        )
        step = replace(step, upgrade=(slow,))
    yield step
