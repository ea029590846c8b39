"""Columns of version tables: history is kept, and what is not known about the past stays unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from alembic.operations import ops

from drift.alignment import TablePair
from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.ddl.postgresql import is_serial
from drift.migration.handlers.column_places import Place, locate
from drift.migration.handlers.constraint_steps import drop_index
from drift.migration.handlers.indexes import create, index_name
from drift.migration.handlers.messages import drop_reason
from drift.migration.handlers.nullability import not_null_steps
from drift.migration.native_columns import copy_native, native_column
from drift.migration.plan import Change, Hold, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.migration.version_tables.delegation import delegate
from drift.migration.version_tables.history import history_of
from drift.migration.version_tables.rows import set_history_aside
from drift.schema import Column, QualifiedName

Operations = tuple[ops.MigrateOperation, ...]


def add_column(context: PlanContext, pair: TablePair, column: Column) -> Operations:
    """Add a column, then set its default: old versions must not seem to have had that value."""
    table = context.table_name(pair)
    native = native_column(context, pair, column)
    bare = replace(column, default=None)
    if native is None or is_serial(column) or column.domain is not None:
        definition = context.ddl.column(bare)
        added: Operations = (own.Execute(f"ALTER TABLE {context.quoting.qualified(table)} ADD COLUMN {definition}"),)
    else:
        copy = copy_native(native, context.dialect)
        copy.nullable = column.nullable
        copy.autoincrement = "auto"
        if column.generated is None and column.identity is None:
            copy.server_default = None
        added = (ops.AddColumnOp(table.name, copy, schema=context.quoting.schema(table)),)
    default = context.ddl.default(column) if column.generated is None and column.identity is None else None
    if default is None:
        return added
    name = context.quoting.name(column.name)
    prefix = f"ALTER TABLE {context.quoting.qualified(table)} ALTER COLUMN {name}"
    return (*added, own.Execute(f"{prefix} SET DEFAULT {default}"))


def _adding(finding: Finding, context: PlanContext, pair: TablePair, column: Column) -> Step:
    table = context.table_name(pair)
    queries = Queries(context.quoting)
    return Step(
        f"add column {table}.{column.name} {column.type}",
        Phase.COLUMN,
        (finding,),
        add_column(context, pair, column),
        (ops.DropColumnOp(table.name, column.name, schema=context.quoting.schema(table)),),
        Change.ADD,
        table,
        Lock.ACCESS_EXCLUSIVE,
        done=queries.column_exists(table, column.name) if context.is_postgresql else None,
        undone=queries.column_missing(table, column.name) if context.is_postgresql else None,
        order=column.position,
    )


def _lost_indexes(finding: Finding, context: PlanContext, pair: TablePair, column: str) -> Iterator[Step]:
    """Indexes that went with the column and were not reported by themselves."""
    table = context.table_name(pair)
    large = context.is_large(pair)
    for one in pair.indexes:
        if one.expected is None or one.actual is not None or column not in one.expected.columns:
            continue
        name = index_name(context, table, one.expected)
        yield Step(
            f"create index {name} on {table} ({', '.join(one.expected.columns)})",
            Phase.INDEX,
            (finding,),
            create(context, pair, table, name, one.expected),
            drop_index(context, table, name, large=large),
            Change.ADD,
            table,
            Lock.SHARE_UPDATE_EXCLUSIVE if large else Lock.SHARE,
            Hold.BUILD,
            done=None if large else Queries(context.quoting).relation_exists(QualifiedName(table.schema, name)),
            undone=None if large else Queries(context.quoting).relation_missing(QualifiedName(table.schema, name)),
            autocommit=large,
            autocommit_down=large,
        )


def missing_column(finding: Finding, context: PlanContext) -> tuple[TablePair, Column] | None:
    """The table and the expected column that a finding says is missing."""
    pair = context.table_pair(finding.subject)
    columns = context.column_pair(pair, finding.subject.name) if pair is not None else None
    if pair is None or columns is None or columns.expected is None:
        context.refuse(finding, "the models do not name it")
        return None
    return pair, columns.expected


@handles("VT102")
def add_version_column(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A column of the versioned table that its history lacks."""
    found = missing_column(finding, context)
    if found is None:
        return
    pair, column = found
    step = _adding(finding, context, pair, column)
    yield replace(step, hazard="what the column held in the past is not known: old versions have NULL")
    yield from _lost_indexes(finding, context, pair, column.name)


@handles("VT103")
def add_internal_column(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A column of Continuum's own: computed or derived from the rest of the history."""
    found = missing_column(finding, context)
    history = history_of(finding, context)
    if found is None or history is None:
        return
    if not context.is_postgresql:
        # What can be computed there is put right in the table's definition.
        context.refuse(finding, "the order of these versions is lost; set the table aside by hand and begin a new one")
        return
    pair, column = found
    if column.name == history.facts.transaction_column:
        yield from set_history_aside(finding, context, pair, history)
        return
    table = context.table_name(pair)
    yield _adding(finding, context, pair, replace(column, nullable=True))
    is_end = column.name == history.facts.end_transaction_column
    yield Step(
        f"compute {table}.{column.name}" if is_end else f"derive {table}.{column.name}",
        Phase.BACKFILL,
        (finding,),
        (own.Execute(history.compute_ends() if is_end else history.derive_operations()),),
        (),
        table=table,
        safety=Safety.BLOCKS_WRITES,
        hazard="each version ends where the next one of the same row begins"
        if is_end
        else "first version: insert; newest version of a row that is gone: delete; every other: update",
    )
    if not column.nullable:
        yield from not_null_steps((finding,), context, pair, table, column.name, guard=False)
    yield from _lost_indexes(finding, context, pair, column.name)


@handles("VT201", "VT202")
def drop_or_relax(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A column that Continuum does not write: dropped where that is allowed, else made harmless."""
    broken = finding.repair is not None and finding.repair.kind != "drop-version-column"
    pair = context.table_pair(finding.subject)
    if context.options.allow_drop or not broken or pair is None or not context.is_postgresql:
        yield from delegate("CO201", finding, context)
        return
    table = context.table_name(pair)
    name = context.quoting.name(finding.subject.name)
    prefix = f"ALTER TABLE {context.quoting.qualified(table)} ALTER COLUMN {name}"
    flag = finding.code == "VT202"
    queries = Queries(context.quoting)
    message = f"{table}.{finding.subject.name} holds NULL by now and cannot be NOT NULL again: fill it first."
    strict: Operations = (
        own.StopIf(queries.has_rows(table, f"{name} IS NULL"), message),
        own.Execute(f"{prefix} SET NOT NULL"),
    )
    yield Step(
        f"give {table}.{finding.subject.name} its default" if flag else f"allow NULL in {table}.{finding.subject.name}",
        Phase.ALTER,
        (finding,),
        (own.Execute(f"{prefix} SET DEFAULT false" if flag else f"{prefix} DROP NOT NULL"),),
        (own.Execute(f"{prefix} DROP DEFAULT"),) if flag else strict,
        Change.CHANGE,
        table,
        Lock.ACCESS_EXCLUSIVE,
        hazard="its values stay; --allow-drop drops it",
    )


@handles("VT306", "VT307")
def rename_version_column(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A column under another name: its past values stay."""
    yield from delegate("CO308", finding, context)


@handles("VT305")
def change_type(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Another type, and the default that went with it."""
    yield from delegate("CO301", finding, context)
    place = locate(finding, context)
    if place is None:
        return
    if place.expected.default is None and place.actual.default is not None:
        yield from delegate("CO303", finding, context)
    yield from _drop_enum(finding, context, place)


def _drop_enum(finding: Finding, context: PlanContext, place: Place) -> Iterator[Step]:
    """An enum that served this column alone has no use any more."""
    enum = place.actual.enum
    noun = context.actual_enums.get(enum) if enum is not None else None
    if noun is None or enum in context.expected_enums or not context.is_postgresql:
        return
    uses = sum(column.enum == enum for table in context.alignment.actual.tables for column in table.columns)
    if uses > 1:
        return
    name = context.quoting.qualified(noun.name)
    queries = Queries(context.quoting)
    yield Step(
        f"drop the enum {noun.name}, which nothing uses any more",
        Phase.DROP,
        (finding,),
        (own.Execute(f"DROP TYPE {name}"),),
        (own.Execute(context.ddl.create_enum(noun)),),
        Change.DROP,
        done=queries.type_missing(noun.name),
        undone=queries.type_exists(noun.name),
        commented_out=drop_reason(context.options, "a type"),
    )


@handles("VT310", "VT312", "VT209")
def change_default(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A default."""
    yield from delegate("CO303", finding, context)


@handles("VT208")
def drop_not_null(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """NOT NULL that was copied."""
    yield from delegate("CO302", finding, context)


@handles("VT311")
def set_not_null(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """An internal column that allows NULL; a missing operation is derived first."""
    history = history_of(finding, context)
    place = locate(finding, context)
    if place is None or history is None:
        return
    if context.is_postgresql and place.expected.name == history.facts.operation_type_column:
        yield Step(
            f"derive {place.table}.{place.name} where it is NULL",
            Phase.BACKFILL,
            (finding,),
            (own.Execute(history.derive_operations()),),
            (),
            table=place.table,
            safety=Safety.BLOCKS_WRITES,
        )
        yield from not_null_steps((finding,), context, place.pair, place.table, place.name, guard=False)
        return
    yield from delegate("CO302", finding, context)


@handles("VT207")
def drop_expression(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A generated column becomes an ordinary one and keeps its values."""
    yield from delegate("CO305", finding, context)
