"""The live structure again, in a scratch database: DDL from nouns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from drift.migration.context import NoNatives, PlanContext
from drift.migration.ddl.postgresql import PostgresDDL
from drift.migration.ddl.quoting import Quoting
from drift.migration.options import PlanOptions
from drift.schema import QualifiedName, Schema, Table, TableKind
from drift.verification.statements import run_as_written

if TYPE_CHECKING:
    from drift.dialects.postgresql.beside import Beside

_COMMITTING = ("mysql", "mariadb")
_NAMES_DATABASES = "on this server it could reach other databases, the live one too"


@dataclass(frozen=True, slots=True)
class NotCloned:
    """A statement that the scratch server refused.

    Attributes:
        statement: Its first line.
        reason: What the server said, one line.
    """

    statement: str
    reason: str


def clone(schema: Schema, connection: Connection, beside: Beside | None = None) -> tuple[NotCloned, ...]:
    """Make the structure of ``schema`` in a database that has its extensions; what is refused is left out and told.

    Args:
        schema: The live side, as read.
        connection: To the scratch database; commits.
        beside: Functions and partitions; without them triggers run over empty functions, and tables have no partitions.
    """
    refused: list[NotCloned] = []
    statements = list(clone_statements(schema, beside))
    waiting = statements
    while waiting:
        failed: list[tuple[str, str]] = []
        for statement in waiting:
            reason = _execute(connection, statement)
            if reason is not None:
                failed.append((statement, reason))
        # A view may read another one: what failed for want of something else works in the next round.
        if len(failed) == len(waiting):
            refused = [NotCloned(statement.split("\n")[0][:200], reason) for statement, reason in failed]
            break
        waiting = [statement for statement, _ in failed]
    connection.commit()
    return (*refused, *_left_out(schema))


def _execute(connection: Connection, statement: str) -> str | None:
    """Why it was refused. MySQL's DDL commits, which leaves no savepoint to go back to and needs none."""
    try:
        with nullcontext() if connection.dialect.name in _COMMITTING else connection.begin_nested():
            run_as_written(connection, statement)
    except SQLAlchemyError as error:
        origin = getattr(error, "orig", error)
        return str(origin).strip().split("\n")[0]
    return None


def _left_out(schema: Schema) -> Iterator[NotCloned]:
    """MySQL's triggers and views: what they do names databases, and may reach the live one from beside it."""
    for table in schema.tables if schema.dialect in _COMMITTING else ():
        yield from (NotCloned(f"TRIGGER {trigger.name}", _NAMES_DATABASES) for trigger in table.triggers)
        if table.kind is TableKind.VIEW:
            yield NotCloned(f"VIEW {table.name.name}", _NAMES_DATABASES)


def clone_statements(schema: Schema, beside: Beside | None = None) -> Iterator[str]:
    """DDL for everything in ``schema``, in an order in which it can be run, but for what needs one of the later ones.

    Args:
        schema: The live side, as read.
        beside: Functions and partitions.
    """
    if schema.dialect != "postgresql":
        yield from _by_definition(schema)
        return
    ddl = PostgresDDL(Quoting("postgresql", schema.default_schema), schema.schemas)
    quoting = ddl.quoting
    functions = beside.functions if beside is not None else ()
    for name in sorted(_schemas(schema) | {name.schema for name, _ in functions if name.schema is not None}):
        if name != "public":
            yield f"CREATE SCHEMA IF NOT EXISTS {quoting.name(name)}"
    for enum in schema.enums:
        yield ddl.create_enum(enum)
    for domain in schema.domains:
        yield ddl.create_domain(domain)
    for sequence in schema.sequences:
        yield ddl.create_sequence(sequence)
    if functions:
        yield "SET check_function_bodies = off"
        yield from (definition for _, definition in functions)
    tables = [t for t in schema.tables if t.extension is None]
    yield from _tables(ddl, [t for t in tables if t.kind in (TableKind.TABLE, TableKind.PARTITIONED)])
    yield from beside.partitions if beside is not None else ()
    for sequence in schema.sequences:
        if sequence.owned_by is not None:
            yield ddl.own_sequence(sequence.name, sequence.owned_by)
    context = _context(schema)
    for table in tables:
        if table.kind in (TableKind.VIEW, TableKind.MATERIALIZED_VIEW):
            yield ddl.create_view(table)
            yield from _indexes(ddl, table)
    yield from _triggers(ddl, tables, {name for name, _ in functions})
    yield from _comments(context, tables)


def _schemas(schema: Schema) -> set[str]:
    things: list[Any] = [*schema.tables, *schema.enums, *schema.domains, *schema.sequences]
    return {thing.name.schema for thing in things if thing.name.schema is not None}


def _context(schema: Schema) -> PlanContext:
    from drift.alignment import Alignment

    return PlanContext(Alignment(schema, schema), (), NoNatives(), PlanOptions())


def _tables(ddl: PostgresDDL, tables: list[Table]) -> Iterator[str]:
    """Tables, parents before their partitions and heirs; then foreign keys; then indexes."""
    ordered = sorted(tables, key=lambda table: (table.partition_of is not None, bool(table.inherits), table.name))
    for table in ordered:
        if table.partition_of is not None:
            continue  # what a partition holds is its parent's structure, and its bounds are not read
        yield ddl.create_table(table)
    for table in ordered:
        if table.partition_of is not None:
            continue
        for check in table.checks:
            if not check.validated and check.name is not None:
                yield ddl.add_constraint(table.name, check.name, check)
        yield from _indexes(ddl, table)
    for table in ordered:
        if table.partition_of is not None:
            continue
        for key in table.foreign_keys:
            if key.name is not None:
                yield ddl.add_constraint(table.name, key.name, key)
        if table.row_security:
            yield f"ALTER TABLE {ddl.quoting.qualified(table.name)} ENABLE ROW LEVEL SECURITY"


def _indexes(ddl: PostgresDDL, table: Table) -> Iterator[str]:
    for index in table.indexes:
        if index.name is not None:
            yield ddl.create_index(table.name, index.name, index)


def _triggers(ddl: PostgresDDL, tables: list[Table], made: set[QualifiedName]) -> Iterator[str]:
    """Triggers, those in other languages over empty functions of the same name."""
    functions: dict[QualifiedName, None] = {}
    for table in tables:
        for trigger in table.triggers:
            if trigger.function is not None and trigger.definition is not None:
                functions[trigger.function] = None
    for name in functions.keys() - made:
        yield (
            f"CREATE FUNCTION {ddl.quoting.qualified(name)}() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN RETURN coalesce(NEW, OLD); END'"
        )
    for table in tables:
        for trigger in table.triggers:
            if trigger.definition is None:
                continue
            yield trigger.definition
            if not trigger.enabled:
                relation = ddl.quoting.qualified(table.name)
                yield f"ALTER TABLE {relation} DISABLE TRIGGER {ddl.quoting.name(trigger.name)}"


def _comments(context: PlanContext, tables: list[Table]) -> Iterator[str]:
    from drift.migration.clone_statements import comments
    from drift.migration.new_tables import column_comments

    for table in tables:
        yield from column_comments(context, table)
        yield from comments(context, table)


def _by_definition(schema: Schema) -> Iterator[str]:
    """SQLite, MySQL and MariaDB: each table with all that is in it."""
    words = "sqlite" if schema.dialect == "sqlite" else "mysql_words"
    dialect: Any = import_module(f"drift.migration.definitions.{words}")
    quoting = Quoting(schema.dialect, schema.default_schema)
    tables = [table for table in schema.tables if table.kind is TableKind.TABLE]
    for table in tables:
        yield dialect.create_table(table, quoting)
        if schema.dialect == "sqlite":
            yield from (dialect.create_index(table.name, index, quoting) for index in table.indexes)
            yield from (trigger.definition for trigger in table.triggers if trigger.definition is not None)
    for table in schema.tables if schema.dialect == "sqlite" else ():
        if table.kind is TableKind.VIEW and table.definition is not None:
            yield table.definition.sql
