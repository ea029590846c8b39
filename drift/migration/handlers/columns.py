"""Columns: missing, unexpected, renamed (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from alembic.operations import ops

from drift.alignment import TablePair
from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.ddl.postgresql import is_serial
from drift.migration.dependents import Touched, back_again, in_the_way, resting_on
from drift.migration.fills import fill_step
from drift.migration.handlers.column_places import locate, refuse_view
from drift.migration.handlers.column_restoring import comes_back_last, went_with
from drift.migration.handlers.dependents import stays_because
from drift.migration.handlers.messages import drop_reason, neutral_text
from drift.migration.handlers.nullability import not_null_steps
from drift.migration.native_columns import (
    actual_type,
    column_from_noun,
    copy_native,
    native_column,
)
from drift.migration.plan import Change, Hold, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.migration.translate import column_after_renames
from drift.migration.volatility import is_volatile
from drift.schema import Column, QualifiedName


@handles("CO101")
def add_column(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A column that the database lacks."""
    pair = context.table_pair(finding.subject)
    columns = context.column_pair(pair, finding.subject.name) if pair is not None else None
    if pair is None or columns is None or columns.expected is None:
        context.refuse(finding, "the models do not name it")
        return
    if refuse_view(finding, context, pair):
        return
    column = columns.expected
    table = context.table_name(pair)
    queries = Queries(context.quoting)
    fills_itself = column.default is not None or column.identity is not None or column.generated is not None
    fills_itself = fills_itself or is_serial(column)
    slow_default = column.default is not None and is_volatile(column.default.sql) and context.is_large(pair)
    drop = ops.DropColumnOp(table.name, column.name, schema=context.quoting.schema(table))
    step = Step(
        f"add column {table}.{column.name} {column.type}",
        Phase.COLUMN,
        (finding,),
        (),
        (drop,),
        Change.ADD,
        table,
        Lock.ACCESS_EXCLUSIVE,
        done=queries.column_exists(table, column.name),
        undone=queries.column_missing(table, column.name),
        order=column.position,
    )
    rewrites = (
        column.identity is not None or is_serial(column) or (column.generated is not None and column.generated_stored)
    )
    if rewrites and context.is_large(pair):
        step = replace(step, hold=Hold.REWRITE, safety=Safety.BLOCKS_READS, hazard="the whole table is written again")
    if slow_default:
        yield replace(step, upgrade=_add(context, pair, replace(column, default=None, nullable=True)))
        yield _late_default(finding, context, pair, column)
    elif column.nullable or fills_itself:
        yield replace(step, upgrade=_add(context, pair, column))
        return
    else:
        yield replace(step, upgrade=_add(context, pair, replace(column, nullable=True)), safety=Safety.NEEDS_DATA)
    yield fill_step((finding,), context, pair, column, table) or _backfill(finding, context, pair, column)
    if not column.nullable:
        yield from not_null_steps((finding,), context, pair, table, column.name, guard=False)


def _add(context: PlanContext, pair: TablePair, column: Column) -> tuple[ops.MigrateOperation, ...]:
    """``op.add_column`` with the user's own type; plain SQL for what Alembic cannot say."""
    table = context.table_name(pair)
    native = native_column(context, pair, column)
    if native is None or is_serial(column) or column.domain is not None:
        definition = context.ddl.column(column, serial=True)
        statements = [f"ALTER TABLE {context.quoting.qualified(table)} ADD COLUMN {definition}"]
        if column.comment is not None:
            what = f"COLUMN {context.quoting.qualified(table)}.{context.quoting.name(column.name)}"
            statements.append(context.ddl.comment(what, column.comment))
        return tuple(own.Execute(statement) for statement in statements)
    copy = copy_native(native, context.dialect)
    copy.nullable = column.nullable
    copy.autoincrement = "auto"
    if column.default is None and column.generated is None and column.identity is None:
        copy.server_default = None
    return (ops.AddColumnOp(table.name, copy, schema=context.quoting.schema(table)),)


def _late_default(finding: Finding, context: PlanContext, pair: TablePair, column: Column) -> Step:
    """A volatile default set after the column was added applies to new rows only, and rewrites nothing."""
    table = context.table_name(pair)
    prefix = f"ALTER TABLE {context.quoting.qualified(table)} ALTER COLUMN {context.quoting.name(column.name)}"
    assert column.default is not None
    return Step(
        f"set the default of {table}.{column.name}",
        Phase.ALTER,
        (finding,),
        (own.Execute(f"{prefix} SET DEFAULT {column.default.sql}"),),
        (),
        Change.CHANGE,
        table,
        Lock.ACCESS_EXCLUSIVE,
    )


def _backfill(finding: Finding, context: PlanContext, pair: TablePair, column: Column) -> Step:
    """The place for a person's decision: what existing rows hold in the new column."""
    table = context.table_name(pair)
    queries = Queries(context.quoting)
    name = context.quoting.name(column.name)
    update = f"UPDATE {context.quoting.qualified(table)} SET {name} = ... WHERE {name} IS NULL"
    lines = [f"Fill {table}.{column.name} here, for example:", f'op.execute("{update}")']
    if context.is_large(pair):
        lines.append("The table is large: fill it in batches, each in a transaction of its own.")
    message = (
        f"{table}.{column.name} is NULL in rows that exist: write down above this line what they are to hold, "
        "then run this again."
    )
    return Step(
        f"fill {table}.{column.name} in existing rows",
        Phase.BACKFILL,
        (finding,),
        (own.StopIf(queries.has_rows(table, f"{name} IS NULL"), message, "\n".join(lines)),),
        (),
        Change.MANUAL,
        safety=Safety.NEEDS_DATA,
        hazard="a person must say what existing rows hold; an empty table needs nothing",
    )


@handles("CO201")
def drop_column(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A column that the models do not know. The way back adds it again, empty."""
    pair = context.table_pair(finding.subject)
    columns = context.column_pair(pair, finding.subject.name) if pair is not None else None
    if pair is None or columns is None or columns.actual is None or pair.actual is None:
        context.refuse(finding, "it is not there")
        return
    if refuse_view(finding, context, pair):
        return
    allowed = drop_reason(context.options, "") is None
    why = stays_because(context, pair, columns.actual.name) if allowed and context.is_postgresql else None
    if why is not None:
        context.refuse(finding, why)
        return
    column = column_after_renames(context, columns.actual)
    table = context.table_name(pair)
    queries = Queries(context.quoting)
    yield Step(
        f"drop column {table}.{column.name}",
        Phase.DROP,
        (finding,),
        (ops.DropColumnOp(table.name, column.name, schema=context.quoting.schema(table)),),
        _add_again(context, pair, column, columns.actual.name),
        Change.DROP,
        table,
        Lock.ACCESS_EXCLUSIVE,
        safety=Safety.LOSES_DATA,
        hazard="its values are lost, with indexes and constraints on it; the way back adds the column without them",
        done=queries.column_missing(table, column.name) if context.is_postgresql else None,
        undone=queries.column_exists(table, column.name) if context.is_postgresql else None,
        commented_out=drop_reason(context.options, "a column and its values"),
        # Before the columns that it is generated from.
        order=-500 if column.generated is not None else 0,
    )


def _add_again(context: PlanContext, pair: TablePair, column: Column, before: str) -> tuple[ops.MigrateOperation, ...]:
    """The column as it was, and what went with it; ``before`` is its name of today."""
    assert pair.actual is not None
    table = context.table_name(pair)
    quoting, ddl = context.quoting, context.ddl
    operations: list[ops.MigrateOperation] = []
    owned = [
        replace(s, name=QualifiedName(table.schema, s.name.name))
        for s in context.alignment.actual.sequences
        if s.owned_by == (pair.actual.name, column.name)
    ]
    if owned and column.sequence is not None and column.sequence.name == owned[0].name.name:
        column = replace(column, sequence=owned[0].name)
    operations += [own.Execute(ddl.create_sequence(sequence)) for sequence in owned]
    type_ = actual_type(context, column)
    neutral = _neutral(context, column)
    if neutral is not None:
        # Existing rows need some value; the default goes again at once.
        name = f"{quoting.qualified(table)}"
        definition = f"{quoting.name(column.name)} {ddl.type(column)} DEFAULT {neutral} NOT NULL"
        operations.append(own.Execute(f"ALTER TABLE {name} ADD COLUMN {definition}"))
        operations.append(own.Execute(f"ALTER TABLE {name} ALTER COLUMN {quoting.name(column.name)} DROP DEFAULT"))
    elif type_ is not None and column.domain is None:
        made = column_from_noun(context, column, type_)
        operations.append(ops.AddColumnOp(table.name, made, schema=quoting.schema(table)))
    else:
        operations.append(own.Execute(f"ALTER TABLE {quoting.qualified(table)} ADD COLUMN {ddl.column(column)}"))
    if column.comment is not None and not isinstance(operations[-1], ops.AddColumnOp):
        what = f"COLUMN {quoting.qualified(table)}.{quoting.name(column.name)}"
        operations.append(own.Execute(ddl.comment(what, column.comment)))
    operations += [own.Execute(ddl.own_sequence(sequence.name, (table, column.name))) for sequence in owned]
    operations += [own.Execute(statement) for statement in went_with(context, pair, column.name)]
    touched = Touched(pair.actual.name, before, goes=True)
    resting = resting_on(context, [touched])
    along = [one for one in resting if one not in in_the_way(resting, [touched])]
    table_name = pair.actual.name
    operations += back_again(
        [
            one
            for one in along
            if comes_back_last(context, pair, before, [link.column for link in one.links if link.name == table_name])
        ]
    )
    return tuple(operations)


def _neutral(context: PlanContext, column: Column) -> str | None:
    """A value for rows that exist when a NOT NULL column without default comes back; its own values are lost."""
    fills_itself = column.default is not None or column.generated is not None or column.auto_increment
    if column.nullable or fills_itself or column.identity is not None or not context.is_postgresql:
        return None
    if column.enum is not None and column.enum in context.actual_enums and not column.type.endswith("[]"):
        return f"{context.quoting.literal(context.actual_enums[column.enum].labels[0])}::{column.type}"
    return f"{context.quoting.literal(neutral_text(column.type))}::{column.type}"


@handles("CO308")
def rename_column(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A column under another name: its values stay."""
    place = locate(finding, context)
    if place is None or place.actual.name == place.expected.name:
        return
    old, new = place.actual.name, place.expected.name
    schema = context.quoting.schema(place.table)
    queries = Queries(context.quoting)

    def rename(before: str, after: str) -> ops.MigrateOperation:
        return own.RenameColumn(place.table.name, before, after, schema=schema)

    yield Step(
        f"rename column {place.table}.{old} to {new}",
        Phase.RENAME,
        (finding,),
        (rename(old, new),),
        (rename(new, old),),
        Change.RENAME,
        place.table,
        Lock.ACCESS_EXCLUSIVE,
        hazard="code that is still running under the old name breaks; views and indexes follow by themselves",
        done=queries.column_exists(place.table, new) if context.is_postgresql else None,
        undone=queries.column_exists(place.table, old) if context.is_postgresql else None,
        order=20,
    )
