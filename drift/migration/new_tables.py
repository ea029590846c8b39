"""New tables: ``op.create_table`` from the user's own ``Table``, in dependency order."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.schema import CreateIndex

from drift.alignment import TablePair
from drift.migration import operations as own
from drift.migration.native_columns import copy_native
from drift.schema import ForeignKey, QualifiedName, Table

if TYPE_CHECKING:
    from drift.migration.context import PlanContext


def dependency_order(
    context: PlanContext,
) -> tuple[dict[QualifiedName, int], dict[QualifiedName, tuple[ForeignKey, ...]]]:
    """Places of the tables that are to be created, and the foreign keys that must wait.

    They close a cycle, or refer to a table that is altered first.

    A table comes after the new tables that it points at. In a cycle the table with the smallest name comes first,
    and its keys into the rest of the cycle wait.
    """
    wanted = {(f.subject.schema, f.subject.table or f.subject.name) for f in context.findings if f.code == "TB101"}
    tables = {
        pair.expected.name: pair.expected
        for pair in context.alignment.tables
        if pair.expected is not None
        and pair.actual is None
        and (pair.expected.name.schema, pair.expected.name.name) in wanted
    }
    order: dict[QualifiedName, int] = {}
    late: dict[QualifiedName, tuple[ForeignKey, ...]] = {}
    waiting = dict(sorted(tables.items()))
    while waiting:
        ready = [name for name, table in waiting.items() if not _targets(table) & waiting.keys() - {name}]
        if not ready:
            first = next(iter(waiting))
            late[first] = tuple(
                key for key in waiting[first].foreign_keys if key.target in waiting and key.target != first
            )
            ready = [first]
        for name in ready:
            order[name] = len(order)
            del waiting[name]
    for name, table in tables.items():
        moving = tuple(key for key in table.foreign_keys if key.target in context.moving)
        if moving:
            late[name] = tuple(dict.fromkeys((*late.get(name, ()), *moving)))
    return order, late


def _targets(table: Table) -> set[QualifiedName]:
    return {key.target for key in table.foreign_keys}


def table_operations(
    context: PlanContext, pair: TablePair, *, late: tuple[ForeignKey, ...]
) -> tuple[ops.MigrateOperation, ...]:
    """``op.create_table``; from the noun as plain SQL where there is no native table.

    Args:
        context: The plan's context.
        pair: The missing table.
        late: Foreign keys that come later.
    """
    assert pair.expected is not None
    native = context.native(pair)
    if native is None or not _alembic_can(pair.expected):
        return _from_noun(context, pair.expected, late)
    copy = _copy(context, pair.expected, native, late)
    operation = ops.CreateTableOp.from_table(copy)
    operation.schema = context.quoting.schema(pair.expected.name)
    return (operation,)


def made_by_types(operations: Iterable[ops.MigrateOperation], dialect: str) -> frozenset[str]:
    """Indexes that come with the table, because types of its columns make them (GeoAlchemy2's spatial ones).

    SQLAlchemy is asked: the table is made without a database, and what is said then is written down.
    """
    names: set[str] = set()

    def note(statement: Any, *_: Any, **__: Any) -> None:
        if isinstance(statement, CreateIndex) and statement.element.name is not None:
            names.add(str(statement.element.name))

    engine = sa.create_mock_engine(f"{dialect}://", note)
    for operation in operations:
        if isinstance(operation, ops.CreateTableOp):
            # Listeners are the project's own, and may want a database after all.
            with suppress(Exception):
                operation.to_table().create(engine, checkfirst=False)
    return frozenset(names)


def _alembic_can(table: Table) -> bool:
    """Alembic's renderer loses operator classes and predicates of exclusion constraints only in part: leave them."""
    return not table.exclusions


def _copy(context: PlanContext, table: Table, native: sa.Table, late: tuple[ForeignKey, ...]) -> sa.Table:
    metadata = sa.MetaData(naming_convention=native.metadata.naming_convention)
    items: list[Any] = [copy_native(column, context.dialect) for column in native.columns]
    keep = {column.name for column in table.columns}
    items = [item for item in items if context.truncate(str(item.name)) in keep]
    waiting = {column for key in late for column in key.columns}
    for item in items:
        # Without its foreign key, SQLAlchemy would take it for a key that counts by itself.
        if item.autoincrement == "auto" and item.name in waiting:
            item.autoincrement = False
    options = dict(native.kwargs)
    copy = sa.Table(
        native.name,
        metadata,
        *items,
        schema=native.schema,
        comment=native.comment,
        prefixes=list(native._prefixes),
        **options,
    )
    _constraints(context, table, copy, late)
    return copy


def _constraints(context: PlanContext, table: Table, copy: sa.Table, late: tuple[ForeignKey, ...]) -> None:
    """Constraints from nouns: they carry the final names, and only what this dialect creates."""
    from sqlalchemy.sql.elements import conv

    def name(given: str | None) -> Any:
        return conv(given) if given is not None else None

    def deferrable(noun: Any) -> dict[str, Any]:
        if not noun.deferrable:
            return {}
        return {"deferrable": True, "initially": "DEFERRED" if noun.initially_deferred else None}

    key = table.primary_key
    if key is not None:
        copy.append_constraint(sa.PrimaryKeyConstraint(*key.columns, name=name(key.name), **deferrable(key)))
    for unique in table.uniques:
        options: dict[str, Any] = deferrable(unique)
        if unique.nulls_not_distinct:
            options["postgresql_nulls_not_distinct"] = True
        if unique.include:
            options["postgresql_include"] = list(unique.include)
        copy.append_constraint(sa.UniqueConstraint(*unique.columns, name=name(unique.name), **options))
    for check in table.checks:
        copy.append_constraint(
            sa.CheckConstraint(sa.text(check.expression.sql.replace(":", "\\:")), name=name(check.name))
        )
    for foreign in table.foreign_keys:
        if foreign in late:
            continue
        target = context.quoting.schema(foreign.target)
        prefix = f"{target}.{foreign.target.name}" if target is not None else foreign.target.name
        copy.append_constraint(
            sa.ForeignKeyConstraint(
                list(foreign.columns),
                [f"{prefix}.{column}" for column in foreign.target_columns],
                name=name(foreign.name),
                ondelete=context.ddl.on_delete(foreign),
                onupdate=None if foreign.on_update == "NO ACTION" else foreign.on_update,
                match=None if foreign.match == "SIMPLE" else foreign.match,
                link_to_name=True,
                **deferrable(foreign),
            )
        )


def _from_noun(context: PlanContext, table: Table, late: tuple[ForeignKey, ...]) -> tuple[ops.MigrateOperation, ...]:
    statements: list[ops.MigrateOperation] = [own.Execute(context.ddl.create_table(table, serial=True))]
    for key in table.foreign_keys:
        if key in late:
            continue
        name = context.constraint_name(table.name, key.name, key.columns, "fkey")
        statements.append(own.Execute(context.ddl.add_constraint(table.name, name, key)))
    statements += [own.Execute(text) for text in column_comments(context, table)]
    return tuple(statements)


def column_comments(context: PlanContext, table: Table) -> list[str]:
    """``COMMENT ON`` for the table and its columns."""
    name = context.quoting.qualified(table.name)
    texts = [context.ddl.comment(f"TABLE {name}", table.comment)] if table.comment is not None else []
    return texts + [
        context.ddl.comment(f"COLUMN {name}.{context.quoting.name(column.name)}", column.comment)
        for column in table.columns
        if column.comment is not None
    ]
