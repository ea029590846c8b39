"""The live structure again, in a scratch database: DDL from nouns (SQLite, MySQL, MariaDB)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from drift.migration.ddl.quoting import Quoting
from drift.schema import Schema, TableKind
from drift.verification.statements import run_as_written

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


def clone(schema: Schema, connection: Connection) -> tuple[NotCloned, ...]:
    """Make the structure of ``schema`` in an empty database; what is refused is left out and told.

    Args:
        schema: The live side, as read.
        connection: To the scratch database; commits.
    """
    refused: list[NotCloned] = []
    statements = list(clone_statements(schema))
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


def clone_statements(schema: Schema) -> Iterator[str]:
    """DDL for everything in ``schema``: each table with all that is in it."""
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
