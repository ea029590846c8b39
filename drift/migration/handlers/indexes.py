"""Indexes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from alembic.operations import ops

from drift.alignment import Pair, TablePair
from drift.alignment.pairs import UNIQUE_CONSTRAINT
from drift.checks.causes import columns_of as involved
from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.dependents import marks_kept
from drift.migration.handlers.constraint_steps import Operations, build_concurrently, drop_index
from drift.migration.handlers.early_values import early_expression, early_keys
from drift.migration.handlers.messages import drop_reason
from drift.migration.index_operations import index_operation
from drift.migration.order import has_key, name_is_free, nothing_refers_to
from drift.migration.plan import Change, Guard, Hold, Lock, Part, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.migration.translate import after_renames
from drift.schema import Index, QualifiedName, Unique

FACETS = tuple(f"IX3{number:02}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10))


def locate(finding: Finding, context: PlanContext) -> tuple[TablePair, Pair[Index]] | None:
    """The table and the pair of indexes."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.actual is None:
        context.refuse(finding, "its table is not there")
        return None
    found = context.named_pair(pair.indexes, finding)
    if found is None:
        context.refuse(finding, "the index that the finding speaks of was not found")
        return None
    return pair, found


def index_name(context: PlanContext, table: QualifiedName, index: Index) -> str:
    """The index's name, or the one that PostgreSQL would choose."""
    columns = [key.column or "expr" for key in index.keys]
    return context.constraint_name(table, index.name, columns, "idx")


def create(context: PlanContext, pair: TablePair, table: QualifiedName, name: str, index: Index) -> Operations:
    """Create an expected index, concurrently on a large table."""
    if context.is_large(pair):
        return build_concurrently(context, table, name, index)
    return (index_operation(context, table, name, index) or own.Execute(context.ddl.create_index(table, name, index)),)


def recreate(context: PlanContext, pair: TablePair, table: QualifiedName, name: str, index: Index) -> Operations:
    """Create an index as the database had it."""
    if context.is_large(pair):
        return build_concurrently(context, table, name, index)
    return (own.Execute(context.ddl.create_index(table, name, index)),)


def _guards(context: PlanContext, pair: TablePair, table: QualifiedName, index: Index) -> tuple[Guard, ...]:
    if not index.unique or pair.actual is None:
        return ()
    names = context.column_names(pair)
    present = {names.get(column.name, column.name) for column in pair.actual.columns}
    columns = [key.column for key in index.keys if key.column is not None]
    expressions = [key.expression.sql for key in index.keys if key.expression is not None]
    if not {*columns, *(involved(index, pair.expected) if pair.expected is not None else ())} <= present:
        return ()
    plain, changed = early_keys(context, pair, columns)
    query = Queries(context.quoting).duplicates(
        table,
        plain,
        expressions=[*changed, *(early_expression(context, pair, expression) for expression in expressions)],
        condition=early_expression(context, pair, index.predicate.sql) if index.predicate is not None else None,
        nulls_equal=index.nulls_not_distinct,
    )
    spelled = ", ".join(index.columns)
    return (Guard(query, f"{table} holds duplicates in ({spelled}): make them unique first, then run this again."),)


@handles("IX101")
def add_index(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """An index that the database lacks."""
    located = locate(finding, context)
    if located is None or located[1].expected is None:
        return
    pair, found = located
    assert found.expected is not None
    yield add_step(finding, context, pair, found.expected)


def add_step(finding: Finding, context: PlanContext, pair: TablePair, index: Index) -> Step:
    """Create one index."""
    table = context.table_name(pair)
    name = index_name(context, table, index)
    large = context.is_large(pair)
    # A partitioned index is dropped by a plain statement, which cannot be run twice.
    concurrent = large and not context.is_partitioned(table)
    queries = Queries(context.quoting)
    full = QualifiedName(table.schema, name)
    return Step(
        f"create {'unique ' if index.unique else ''}index {name} on {table} ({', '.join(index.columns)})",
        Phase.INDEX,
        (finding,),
        create(context, pair, table, name, index),
        drop_index(context, table, name, large=large),
        Change.ADD,
        table,
        Lock.SHARE_UPDATE_EXCLUSIVE if large else Lock.SHARE,
        Hold.BUILD,
        guards=_guards(context, pair, table, index),
        done=None if large else queries.relation_exists(full),
        undone=None if concurrent else queries.relation_missing(full),
        autocommit=large,
        autocommit_down=large,
        needs=frozenset({name_is_free(table.schema, name)}),
        makes=frozenset({has_key(table, index.columns)} if index.unique else ()),
    )


@handles("IX201")
def drop_unexpected(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """An index that the models do not know."""
    located = locate(finding, context)
    if located is None or located[1].actual is None:
        return
    pair, found = located
    assert found.actual is not None
    index = after_renames(context, pair, found.actual)
    table = context.table_name(pair)
    name = index_name(context, table, index)
    large = context.is_large(pair)
    concurrent = large and not context.is_partitioned(table)
    queries = Queries(context.quoting)
    full = QualifiedName(table.schema, name)
    yield Step(
        f"drop index {name} on {table}",
        Phase.DETACH,
        (finding,),
        drop_index(context, table, name, large=large),
        recreate(context, pair, table, name, index),
        Change.DROP,
        table,
        Lock.SHARE_UPDATE_EXCLUSIVE if large else Lock.ACCESS_EXCLUSIVE,
        hazard="queries that used the index scan the table",
        done=None if concurrent else queries.relation_missing(full),
        undone=None if large else queries.relation_exists(full),
        autocommit=large,
        autocommit_down=large,
        commented_out=drop_reason(context.options, "an index"),
        # A unique index keeps rows out, so that without it more is possible; another one serves the code of before.
        part=None if index.unique else Part.CONTRACT,
        needs=frozenset({nothing_refers_to(table, index.columns)} if index.unique else ()),
        makes=frozenset({name_is_free(table.schema, name)}),
    )


REPLACED = ("IX301", "IX302", "IX303", "IX304", "IX305", "IX306", "IX307", "IX310")


@handles(*REPLACED)
def replace_index(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """An index that differs: the new one is built first under a name of its own where the table is large."""
    located = locate(finding, context)
    if located is None or located[1].actual is None or located[1].expected is None:
        return
    claimed = context.claim(FACETS, finding.subject)
    yield replace_step((finding, *(f for f in claimed if f != finding)), context, *located)


def replace_step(findings: tuple[Finding, ...], context: PlanContext, pair: TablePair, found: Pair[Index]) -> Step:
    """Put the expected index in the place of the actual one."""
    assert found.actual is not None
    assert found.expected is not None
    table = context.table_name(pair)
    old = after_renames(context, pair, found.actual)
    old_name = index_name(context, table, old)
    new = found.expected
    new_name = new.name or old_name
    large = context.is_large(pair)
    constraint = found.evidence == UNIQUE_CONSTRAINT
    if large and not constraint and not context.is_partitioned(table):
        there = _swap(context, table, old_name, new_name, new)
        back = _swap(context, table, new_name, old_name, old)
    else:
        there = (*_drop(context, table, old_name, constraint=constraint), *create(context, pair, table, new_name, new))
        back = (
            *drop_index(context, table, new_name, large=large),
            *_add_back(context, pair, table, old_name, old, constraint=constraint),
        )
    assert pair.actual is not None
    today = QualifiedName(pair.actual.name.schema, index_name(context, pair.actual.name, found.actual))
    return Step(
        f"replace index {old_name} on {table}",
        Phase.INDEX,
        findings,
        marks_kept(context, today, new_name, there),
        marks_kept(context, today, old_name, back),
        Change.CHANGE,
        table,
        Lock.SHARE_UPDATE_EXCLUSIVE if large else Lock.ACCESS_EXCLUSIVE,
        Hold.BUILD,
        Safety.SAFE,
        guards=_guards(context, pair, table, new) if new.unique and not old.unique else (),
        autocommit=large,
        autocommit_down=large,
    )


def _swap(context: PlanContext, table: QualifiedName, old_name: str, new_name: str, new: Index) -> Operations:
    """Build beside the old index, drop that one, and take its name: queries are never without an index.

    Run again after an interruption, it may build once more, and ends the same.
    """
    quoting = context.quoting
    interim = f"{new_name[:57]}_drift"
    away = [
        own.Execute(f"DROP INDEX CONCURRENTLY IF EXISTS {quoting.qualified(QualifiedName(table.schema, name))}")
        for name in dict.fromkeys((old_name, new_name))
    ]
    rename = f"ALTER INDEX {quoting.qualified(QualifiedName(table.schema, interim))} RENAME TO {quoting.name(new_name)}"
    return (
        *build_concurrently(context, table, interim, replace(new, name=interim)),
        own.Autocommit(away),
        own.Execute(rename),
    )


def _drop(context: PlanContext, table: QualifiedName, name: str, *, constraint: bool) -> Operations:
    if constraint:
        return (own.Execute(context.ddl.drop_constraint(table, name)),)
    return drop_index(context, table, name, large=False)


def _add_back(
    context: PlanContext, pair: TablePair, table: QualifiedName, name: str, index: Index, *, constraint: bool
) -> Operations:
    if constraint:
        columns = tuple(key.column for key in index.keys if key.column is not None)
        unique = Unique(name, columns, nulls_not_distinct=index.nulls_not_distinct, include=index.include)
        return (own.Execute(context.ddl.add_constraint(table, name, unique)),)
    return recreate(context, pair, table, name, index)


@handles("IX313")
def change_options(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Storage parameters that the models state. They count for pages that are written from then on."""
    located = locate(finding, context)
    if located is None or located[1].actual is None or located[1].expected is None:
        return
    pair, found = located
    assert found.actual is not None
    assert found.expected is not None
    table = context.table_name(pair)
    name = index_name(context, table, found.actual)
    altered = f"INDEX {context.quoting.qualified(QualifiedName(table.schema, name))}"
    there, back = storage_statements(altered, found.expected.options, found.actual.options)
    yield Step(
        f"change the storage parameters of index {name} on {table}",
        Phase.INDEX,
        (finding,),
        there,
        back,
        Change.CHANGE,
        table,
        Lock.SHARE_UPDATE_EXCLUSIVE,
    )


def storage_statements(
    altered: str, expected: tuple[tuple[str, str], ...], actual: tuple[tuple[str, str], ...]
) -> tuple[Operations, Operations]:
    """There and back again between storage parameters; those that only the database has stay."""
    before = dict(actual)
    wanted = {key: value for key, value in expected if before.get(key) != value}
    restored = {key: before[key] for key in wanted if key in before}
    added = [key for key in wanted if key not in before]

    def assign(options: dict[str, str]) -> own.Execute:
        return own.Execute(f"ALTER {altered} SET ({', '.join(f'{key} = {value}' for key, value in options.items())})")

    back = [assign(restored)] if restored else []
    if added:
        back.append(own.Execute(f"ALTER {altered} RESET ({', '.join(added)})"))
    return (assign(wanted),), tuple(back)


@handles("IX308")
def rebuild_invalid(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The leftover of a failed concurrent build: build it again. The way back leaves the valid index."""
    located = locate(finding, context)
    if located is None or located[1].actual is None:
        return
    pair, found = located
    assert found.actual is not None
    table = context.table_name(pair)
    name = found.actual.name or ""
    full = QualifiedName(table.schema, name)
    statement = f"REINDEX INDEX CONCURRENTLY {context.quoting.qualified(full)}"
    operation: ops.MigrateOperation = own.Autocommit([own.Execute(statement)])
    yield Step(
        f"rebuild invalid index {name} on {table}",
        Phase.INDEX,
        (finding,),
        (operation,),
        (),
        Change.CHANGE,
        table,
        Lock.SHARE_UPDATE_EXCLUSIVE,
        Hold.BUILD,
        hazard="the way back leaves the index valid: an invalid index cannot be asked for",
        guards=_guards(context, pair, table, after_renames(context, pair, found.actual)),
        autocommit=True,
    )


@handles("IX309")
def rename_index(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The same index under another name."""
    located = locate(finding, context)
    if located is None or located[1].actual is None or located[1].expected is None:
        return
    pair, found = located
    assert found.actual is not None
    assert found.expected is not None
    old, new = found.actual.name, found.expected.name
    replaced = (f for f in context.findings if f.code in REPLACED and context.table_pair(f.subject) is pair)
    if old is None or new is None or old == new or any(context.named_pair(pair.indexes, f) is found for f in replaced):
        return
    table = context.table_name(pair)
    quoting = context.quoting
    queries = Queries(quoting)
    before, after = QualifiedName(table.schema, old), QualifiedName(table.schema, new)
    there = f"ALTER INDEX {quoting.qualified(before)} RENAME TO {quoting.name(new)}"
    back = f"ALTER INDEX {quoting.qualified(after)} RENAME TO {quoting.name(old)}"
    yield Step(
        f"rename index {old} on {table} to {new}",
        Phase.RENAME,
        (finding,),
        (own.Execute(there, back),),
        (own.Execute(back, there),),
        Change.RENAME,
        table,
        Lock.SHARE_UPDATE_EXCLUSIVE,
        done=queries.relation_exists(after),
        undone=queries.relation_exists(before),
        order=30,
        part=Part.EXPAND,
    )
