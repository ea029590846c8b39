"""The answers of MySQL and MariaDB to the questions that only a dialect can answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING

from drift.alignment import Question, Unsettled
from drift.dialects.base import Canonicalise, Scope, ServerInfo
from drift.dialects.mysql.canonical import canonicalise
from drift.dialects.mysql.reader import hides_constraints, read_tables
from drift.dialects.mysql.spelling import normal_form, spell_type
from drift.dialects.mysql.views import Views
from drift.schema import Other, QualifiedName, Schema

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

_LOCK_TIMEOUT_SECONDS = 5
_DATABASE = "drift_search_path"
"""Execution option of an engine: the database that the project chooses in place of the URL's."""

_NO_COLUMNS = "the server shows none of its columns to this account"
_VIEWS = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'VIEW'"


class MySQLDialect:
    """MySQL 8.0 and later, MariaDB 10.6 and later (InnoDB)."""

    name = "mysql"

    @contextmanager
    def read_only(self, engine: Engine, *, timeout: float = 60.0) -> Iterator[Connection]:
        """One read-only, repeatable-read transaction with time limits for statements and locks."""
        with engine.connect() as connection:
            version = str(connection.exec_driver_sql("SELECT VERSION()").scalar_one())
            # MariaDB counts in seconds, MySQL in milliseconds.
            limit, value = (
                ("max_statement_time", f"{timeout:g}")
                if _is_mariadb(version)
                else ("max_execution_time", str(int(timeout * 1000)))
            )
            before = connection.exec_driver_sql(f"SELECT @@SESSION.{limit}, @@SESSION.lock_wait_timeout").one()
            own = connection.exec_driver_sql("SELECT DATABASE()").scalar()
            chosen = connection.get_execution_options().get(_DATABASE)
            connection.rollback()
            if chosen is not None:
                _use(connection, chosen)
            _set(connection, limit, value)
            _set(connection, "lock_wait_timeout", str(_LOCK_TIMEOUT_SECONDS))
            # Without the word SESSION it is for the next transaction only.
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.exec_driver_sql("START TRANSACTION READ ONLY")
            try:
                yield connection
            finally:
                if not connection.invalidated:
                    connection.rollback()
                    # The connection may go back to an application's pool.
                    _set(connection, limit, str(before[0]))
                    _set(connection, "lock_wait_timeout", str(before[1]))
                    if chosen is not None and own is not None:
                        _use(connection, own)

    def borrowed(self, connection: Connection) -> AbstractContextManager[None]:  # noqa: ARG002
        """The caller's own connection, as it is."""
        return nullcontext()

    def info(self, connection: Connection) -> ServerInfo:
        """Version and the database that the connection is in."""
        version, schema = connection.exec_driver_sql("SELECT VERSION(), DATABASE()").one()
        numbers = re.findall(r"\d+", str(version))[:3]
        product = "mariadb" if _is_mariadb(str(version)) else "mysql"
        number = tuple(int(digits) for digits in numbers)
        return ServerInfo(product, str(version), schema, number, native=connection.dialect.name)

    def read(self, connection: Connection, scope: Scope) -> Schema:
        """Everything in ``scope``, in at most ten statements."""
        info = self.info(connection)
        schemas = scope.schemas or ((info.default_schema,) if info.default_schema else ())
        mariadb, folded = info.dialect == "mariadb", self._folds_tables(connection)
        found = read_tables(connection, schemas, mariadb=mariadb, folded=folded) if schemas else ()
        # No relation is without columns: these are kept from this account, or belong to a view that cannot be opened.
        unreadable = tuple((str(table.name), _NO_COLUMNS) for table in found if not table.columns)
        found = tuple(table for table in found if table.columns)
        if mariadb and schemas and hides_constraints(connection, schemas):
            found = tuple(replace(table, foreign_keys=()) for table in found)
            unreadable = (*unreadable, ("foreign keys", _HIDDEN))
        return Schema(
            source="",
            dialect=info.dialect,
            server=info.version,
            default_schema=info.default_schema,
            schemas=tuple(schemas),
            tables=tuple(
                table
                for table in found
                if scope.include_name is None or scope.include_name(table.name.schema, table.name.name)
            ),
            folded=("columns", "tables") if folded else ("columns",),
            unreadable=unreadable,
            relation_names=tuple(table.name for table in found),
        )

    def _folds_tables(self, connection: Connection) -> bool:
        """0 compares names of tables to the letter; 1 and 2 (Windows, macOS) do not."""
        return int(connection.exec_driver_sql("SELECT @@lower_case_table_names").scalar_one()) != 0

    def others(self, connection: Connection, schemas: Sequence[str]) -> tuple[Other, ...]:
        """Triggers, routines and events, as far as this account sees them."""
        wanted = tuple(schemas) or tuple(filter(None, (self.info(connection).default_schema,)))
        if not wanted:
            return ()
        marks = ", ".join(["%s"] * len(wanted))
        statement = (files("drift.dialects.mysql") / "sql" / "others.sql").read_text(encoding="utf-8")
        rows = connection.exec_driver_sql(statement.format(schemas=marks), wanted * 3)
        return tuple(
            Other(
                str(kind),
                QualifiedName(str(schema), str(name)),
                str(definition or ""),
                None if table is None else str(table),
            )
            for kind, schema, table, name, definition in rows
        )

    def not_to_read(self, connection: Connection) -> Mapping[QualifiedName, str]:
        """See :mod:`drift.dialects.mysql.views`."""
        names = [QualifiedName(schema, name) for schema, name in connection.exec_driver_sql(_VIEWS)]
        default = self.info(connection).default_schema or ""
        return Views(names, default_schema=default, folded=self._folds_tables(connection))

    def canonicaliser(self, connection: Connection) -> Canonicalise:
        """See :mod:`drift.dialects.mysql.canonical`."""
        mariadb = self.info(connection).dialect == "mariadb"

        def ask(questions: Iterable[Question]) -> Mapping[Question, str | Unsettled]:
            return canonicalise(connection, questions, mariadb=mariadb)

        return ask

    def spell_type(self, ddl: str) -> str:
        """See :func:`drift.dialects.mysql.spelling.spell_type`."""
        return spell_type(ddl)

    def spell_expression(self, sql: str) -> str:
        """See :func:`drift.dialects.mysql.spelling.normal_form`."""
        return normal_form(sql)

    def max_identifier_length(self) -> int:
        """64 characters."""
        return 64

    def truncate(self, name: str) -> str:
        """The server refuses names that are too long instead of cutting them."""
        return name

    def cannot_see(self) -> tuple[tuple[str, str], ...]:
        """What these servers do not have, or do not tell."""
        return (
            *_NEITHER,
            ("sequences", _NOT_THERE),
            ("binary defaults with a zero byte", "the server shows them up to it; they are not checked"),
        )


class MariaDBDialect(MySQLDialect):
    """MariaDB, where the URL says so; behind a URL of MySQL it is found out."""

    name = "mariadb"

    def cannot_see(self) -> tuple[tuple[str, str], ...]:
        """What MariaDB does not have, or does not tell."""
        return (
            *_NEITHER,
            ("sequences", "they are not read"),
            ("expressions in index keys", _NOT_THERE),
            ("checks that are not enforced", _NOT_THERE),
        )


_HIDDEN = "MariaDB shows them to nobody who has SELECT alone: grant the account SHOW VIEW, too"
_NOT_THERE = "the server does not have them"
_NEITHER = (
    ("enums", "the labels belong to the column's type; there are no named enums"),
    ("domains", _NOT_THERE),
    ("names of primary keys", "the server calls every primary key PRIMARY"),
    ("deferrable foreign keys", _NOT_THERE),
    ("deferrable unique constraints", _NOT_THERE),
    ("exclusion constraints", _NOT_THERE),
    ("index predicates", _NOT_THERE),
    (
        "comments and constants with characters outside of the basic plane",
        "the server shows such characters as question marks",
    ),
    ("invisible columns", "models cannot say it; they are compared like any other, and repairs keep it"),
    ("virtual columns in an index", "they are compared, but a person must change their kind"),
    ("expressions of a user without SELECT on the table", "EXPLAIN needs the privilege; they are not checked"),
    ("events, routines, grants", "they are not read"),
)


def _set(connection: Connection, variable: str, value: str) -> None:
    connection.exec_driver_sql(f"SET SESSION {variable} = {value}")


def _use(connection: Connection, database: str) -> None:
    # A percent sign would be the driver's.
    name = database.replace("`", "``").replace("%", "%%")
    connection.exec_driver_sql(f"USE `{name}`")


def _is_mariadb(version: str) -> bool:
    return "mariadb" in version.lower()
