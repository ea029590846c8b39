"""Adding and dropping keys, constraints and indexes: the roads that several handlers share (PostgreSQL)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from alembic.operations import ops
from sqlalchemy.sql.elements import conv

from drift.checks.causes import columns_of as involved
from drift.findings import Safety
from drift.migration import operations as own
from drift.migration.constraint_facts import CONSTRAINT_KINDS, columns_of
from drift.migration.ddl.postgresql import Constraint
from drift.migration.ddl.restoring import restored
from drift.migration.handlers.early_values import early_expression, early_keys, early_value
from drift.migration.plan import Guard, Hold, Lock
from drift.migration.queries import Queries
from drift.schema import Check, Exclusion, ForeignKey, Index, IndexKey, PrimaryKey, QualifiedName, Unique

if TYPE_CHECKING:
    from drift.alignment import TablePair
    from drift.migration.context import PlanContext

Operations = tuple[ops.MigrateOperation, ...]


@dataclass(frozen=True, slots=True)
class Road:
    """Operations with what they cost."""

    operations: Operations
    lock: Lock = Lock.ACCESS_EXCLUSIVE
    hold: Hold = Hold.BRIEF
    safety: Safety = Safety.SAFE
    autocommit: bool = False
    hazard: str | None = None


def add_constraint(
    context: PlanContext, table: QualifiedName, name: str, constraint: Constraint, *, large: bool
) -> Road:
    """Add a constraint by the road that the table's size asks for."""
    partitioned = large and context.is_partitioned(table)
    # A foreign key of a partitioned table cannot be NOT VALID before PostgreSQL 18.
    by_validation = isinstance(constraint, Check) or not partitioned or context.server >= (18,)
    if large and by_validation and _can_be_validated(constraint):
        return _add_and_validate(context, table, name, constraint)
    if large and isinstance(constraint, PrimaryKey | Unique) and not partitioned:
        return _add_by_index(context, table, name, constraint)
    operation = _plain_add(context, table, name, constraint)
    lock = Lock.SHARE_ROW_EXCLUSIVE if isinstance(constraint, ForeignKey) else Lock.ACCESS_EXCLUSIVE
    if large and isinstance(constraint, Exclusion):
        return Road(
            (operation,),
            lock,
            Hold.BUILD,
            Safety.BLOCKS_READS,
            hazard="an exclusion constraint cannot be built concurrently; readers and writers wait for the whole build",
        )
    if partitioned:
        return Road(
            (operation,),
            lock,
            Hold.SCAN if isinstance(constraint, ForeignKey) else Hold.BUILD,
            Safety.BLOCKS_WRITES if isinstance(constraint, ForeignKey) else Safety.BLOCKS_READS,
            hazard="on a partitioned table this cannot be done in short steps; choose a quiet hour",
        )
    return Road((operation,), lock)


def _can_be_validated(constraint: Constraint) -> TypeGuard[ForeignKey | Check]:
    return isinstance(constraint, ForeignKey | Check) and constraint.validated and constraint.enforced


def drop_constraint(context: PlanContext, table: QualifiedName, name: str, constraint: Constraint) -> Operations:
    """Drop a constraint."""
    kind = CONSTRAINT_KINDS[type(constraint)]
    if kind == "exclude":
        return (own.Execute(context.ddl.drop_constraint(table, name)),)
    return (ops.DropConstraintOp(conv(name), table.name, kind, schema=context.quoting.schema(table)),)


def _plain_add(context: PlanContext, table: QualifiedName, name: str, constraint: Constraint) -> ops.MigrateOperation:
    schema = context.quoting.schema(table)
    options = deferrability(constraint)
    if isinstance(constraint, PrimaryKey) and not constraint.include and not options:
        return own.CreatePrimaryKey(conv(name), table.name, list(constraint.columns), schema=schema)
    # op.create_unique_constraint cannot compile INCLUDE: its table has the key columns only.
    if isinstance(constraint, Unique) and not constraint.include:
        dialect = {"postgresql_nulls_not_distinct": True} if constraint.nulls_not_distinct else {}
        return ops.CreateUniqueConstraintOp(
            conv(name), table.name, list(constraint.columns), schema=schema, **options, **dialect
        )
    # Alembic's renderer loses NOT VALID of a foreign key before 1.16; as plain SQL it cannot get lost. SQLAlchemy
    # before 2.0.43 does not take ON DELETE with columns.
    plain_key = isinstance(constraint, ForeignKey) and constraint.enforced and not constraint.delete_columns
    if plain_key and isinstance(constraint, ForeignKey) and constraint.validated:
        return foreign_key_operation(context, table, name, constraint)
    # A colon or a percent sign would be taken for a parameter on its way through Alembic's text().
    harmless = isinstance(constraint, Check) and not set(":%\\") & set(constraint.expression.sql.replace("::", ""))
    plain = isinstance(constraint, Check) and not constraint.no_inherit and constraint.enforced and constraint.validated
    if isinstance(constraint, Check) and harmless and plain:
        return own.CreateCheck(conv(name), table.name, restored(constraint.expression.sql), schema=schema)
    return own.Execute(context.ddl.add_constraint(table, name, constraint))


def deferrability(constraint: Constraint) -> dict[str, Any]:
    """Keyword arguments of Alembic's operations."""
    if isinstance(constraint, Check) or not constraint.deferrable:
        return {}
    return {"deferrable": True, "initially": "DEFERRED" if constraint.initially_deferred else "IMMEDIATE"}


def foreign_key_operation(
    context: PlanContext, table: QualifiedName, name: str, key: ForeignKey
) -> ops.CreateForeignKeyOp:
    """``op.create_foreign_key``."""
    options = deferrability(key)
    if (action := context.ddl.on_delete(key)) is not None:
        options["ondelete"] = action
    if key.on_update != "NO ACTION":
        options["onupdate"] = key.on_update
    if key.match != "SIMPLE":
        options["match"] = key.match
    return ops.CreateForeignKeyOp(
        conv(name),
        table.name,
        key.target.name,
        list(key.columns),
        list(key.target_columns),
        source_schema=context.quoting.schema(table),
        referent_schema=context.quoting.schema(key.target),
        **options,
    )


def _add_and_validate(context: PlanContext, table: QualifiedName, name: str, constraint: ForeignKey | Check) -> Road:
    """NOT VALID holds its lock for a moment; VALIDATE scans without blocking anybody, in a transaction of its own."""
    queries = Queries(context.quoting)
    add = own.Execute(context.ddl.add_constraint(table, name, constraint) + " NOT VALID")
    return Road(
        (
            own.Unless(queries.constraint_exists(table, name), [add]),
            own.Autocommit([validate(context, table, name)]),
        ),
        Lock.SHARE_ROW_EXCLUSIVE if isinstance(constraint, ForeignKey) else Lock.ACCESS_EXCLUSIVE,
        autocommit=True,
    )


def validate(context: PlanContext, table: QualifiedName, name: str) -> own.Execute:
    """``VALIDATE CONSTRAINT``; validating twice does nothing."""
    return own.Execute(
        f"ALTER TABLE {context.quoting.qualified(table)} VALIDATE CONSTRAINT {context.quoting.name(name)}"
    )


def _add_by_index(context: PlanContext, table: QualifiedName, name: str, key: PrimaryKey | Unique) -> Road:
    """A unique index built concurrently becomes the constraint's index."""
    index = Index(
        name,
        tuple(IndexKey(column) for column in key.columns),
        unique=True,
        include=key.include,
        nulls_not_distinct=isinstance(key, Unique) and key.nulls_not_distinct,
    )
    kind = "PRIMARY KEY" if isinstance(key, PrimaryKey) else "UNIQUE"
    using = (
        f"ALTER TABLE {context.quoting.qualified(table)} ADD CONSTRAINT {context.quoting.name(name)} "
        f"{kind} USING INDEX {context.quoting.name(name)}{context.ddl.deferrability(key)}"
    )
    queries = Queries(context.quoting)
    return Road(
        (
            own.Unless(
                queries.constraint_exists(table, name),
                [*build_concurrently(context, table, name, index), own.Execute(using)],
            ),
        ),
        autocommit=True,
    )


def build_concurrently(context: PlanContext, table: QualifiedName, name: str, index: Index) -> Operations:
    """``CREATE INDEX CONCURRENTLY`` outside a transaction; an interrupted build leaves an invalid index behind."""
    if context.is_partitioned(table):
        return _through_partitions(context, table, name, index)
    queries = Queries(context.quoting)
    full = QualifiedName(table.schema, name)
    drop = f"DROP INDEX CONCURRENTLY IF EXISTS {context.quoting.qualified(full)}"
    create = context.ddl.create_index(table, name, index, concurrently=True, if_not_exists=True)
    return (
        own.Autocommit(
            [
                own.When(
                    queries.index_invalid(full),
                    [own.Execute(drop)],
                    ["An interrupted build leaves an invalid index behind."],
                ),
                own.Execute(create),
            ]
        ),
    )


def _through_partitions(context: PlanContext, table: QualifiedName, name: str, index: Index) -> Operations:
    """An index of a partitioned table: empty on the parent, concurrently on each partition, then attached.

    The partitions are asked for when the migration runs: until then there may be new ones. Attaching twice does
    nothing, so that an interrupted run can be started again.
    """
    quoting, queries = context.quoting, Queries(context.quoting)
    full = QualifiedName(table.schema, name)
    on_parent = context.ddl.create_index(table, name, index).replace(" ON ", " ON ONLY ", 1)
    child = f"left(c.relname || {quoting.literal('_' + name)}, 63)"
    partitions = (
        "FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid "
        "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
        f"WHERE i.inhparent = to_regclass({quoting.literal(quoting.qualified(table))})"
    )
    # A partition that is partitioned itself cannot be built concurrently.
    build = context.ddl.create_index(QualifiedName(None, "t"), "i", index, if_not_exists=True)
    head, tail = build.split(" IF NOT EXISTS i ON t ", 1)
    words = quoting.literal(f"{head} %s IF NOT EXISTS %I ON %I.%I {tail.replace('%', '%%')}")
    kind = "CASE c.relkind WHEN 'p' THEN '' ELSE 'CONCURRENTLY' END"
    attach = quoting.literal(f"ALTER INDEX {quoting.qualified(full)} ATTACH PARTITION %I.%I".replace("%%", "%"))
    invalid = (
        "AND EXISTS (SELECT 1 FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS y ON y.oid = x.indexrelid "
        f"WHERE x.indrelid = c.oid AND y.relname = {child} AND NOT x.indisvalid)"
    )
    return (
        own.Unless(queries.relation_exists(full), [own.Execute(on_parent)]),
        own.ForEach(f"SELECT format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, {child}) {partitions} {invalid}"),
        own.ForEach(f"SELECT format({words}, {kind}, {child}, n.nspname, c.relname) {partitions}"),
        own.ForEach(f"SELECT format({attach}, n.nspname, {child}) {partitions}"),
    )


def drop_index(context: PlanContext, table: QualifiedName, name: str, *, large: bool) -> Operations:
    """Drop an index; of a large table concurrently."""
    full = QualifiedName(table.schema, name)
    if large and not context.is_partitioned(table):
        statement = f"DROP INDEX CONCURRENTLY IF EXISTS {context.quoting.qualified(full)}"
        return (own.Autocommit([own.Execute(statement)]),)
    return (ops.DropIndexOp(conv(name), table.name, schema=context.quoting.schema(table)),)


def data_guards(
    context: PlanContext, pair: TablePair, table: QualifiedName, constraint: Constraint
) -> tuple[Guard, ...]:
    """What the rows must satisfy before the constraint is added. New columns and new tables hold nothing to guard."""
    if pair.actual is None:
        return ()
    names = context.column_names(pair)
    present = {names.get(column.name, column.name) for column in pair.actual.columns}
    columns = columns_of(constraint)
    if not {*columns, *(involved(constraint, pair.expected) if pair.expected is not None else ())} <= present:
        return ()
    queries = Queries(context.quoting)
    spelled = ", ".join(columns)
    if isinstance(constraint, PrimaryKey | Unique):
        equal = isinstance(constraint, Unique) and constraint.nulls_not_distinct
        plain, changed = early_keys(context, pair, columns)
        return (
            Guard(
                queries.duplicates(table, plain, expressions=changed, nulls_equal=equal),
                f"{table} holds duplicates in ({spelled}): make them unique first, then run this again.",
            ),
        )
    if isinstance(constraint, ForeignKey):
        target = next((p for p in context.alignment.tables if context.table_name(p) == constraint.target), None)
        if target is not None and target.actual is None:
            filled = " AND ".join(f"{context.quoting.name(column)} IS NOT NULL" for column in columns)
            return (
                Guard(
                    queries.has_rows(table, filled),
                    f"{table} ({spelled}) holds values, and {constraint.target}, to which they shall refer, is only "
                    "made by this migration: fill it first, or rename the table that these values refer to now.",
                ),
            )
        return (
            Guard(
                queries.orphans(table, constraint, *_early_ends(context, pair, constraint)),
                f"{table} ({spelled}) holds values that {constraint.target} does not know: repair these rows first, "
                "then run this again.",
            ),
        )
    if isinstance(constraint, Check):
        return (
            Guard(
                queries.has_rows(table, f"NOT ({early_expression(context, pair, constraint.expression.sql)})"),
                f"{table} holds rows that violate the check {constraint.expression.sql}: repair these rows first, "
                "then run this again.",
            ),
        )
    if isinstance(constraint, Exclusion):
        elements = [
            (early_value(context, pair, element.column), element.operator)
            if element.column is not None
            else (f"({early_expression(context, pair, str(element.expression))})", element.operator)
            for element in constraint.elements
        ]
        condition = early_expression(context, pair, constraint.predicate.sql) if constraint.predicate else None
        return (
            Guard(
                queries.conflicts(table, elements, condition),
                f"{table} holds rows that exclude each other ({spelled}): repair these rows first, then run this "
                "again.",
            ),
        )
    return ()


def _early_ends(context: PlanContext, pair: TablePair, key: ForeignKey) -> tuple[list[str], list[str]]:
    """Both ends of a foreign key, as values that can be compared before any type has changed."""
    target = next(
        (p for p in context.alignment.tables if p.expected is not None and p.expected.name == key.target), None
    )
    child = [early_value(context, pair, column, "child.") for column in key.columns]
    if target is None:
        return child, [f"parent.{context.quoting.name(column)}" for column in key.target_columns]
    return child, [early_value(context, target, column, "parent.") for column in key.target_columns]
