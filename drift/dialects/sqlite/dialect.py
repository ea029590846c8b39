"""SQLite's answers to the questions that only a dialect can answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from drift.alignment import Question, Unsettled, Usage
from drift.dialects.base import Canonicalise, Scope, ServerInfo
from drift.dialects.sqlite.reader import read_tables
from drift.dialects.sqlite.spelling import canonical_default, spell_type
from drift.dialects.sqlite.tokens import normal_form
from drift.schema import Other, QualifiedName, Schema

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

_DEFAULT_SCHEMA = "main"
_OF_A_STRANGER = {"trusted_schema": 0, "cell_size_check": 1}


class SQLiteDialect:
    """SQLite 3.31 and later (generated columns, ``pragma_table_xinfo``)."""

    name = "sqlite"

    @contextmanager
    def read_only(self, engine: Engine, *, timeout: float = 60.0) -> Iterator[Connection]:
        """A connection on which SQLite itself refuses to write (``PRAGMA query_only``), in one snapshot."""
        with engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(min(timeout, 5.0) * 1000)}")
            connection.exec_driver_sql("PRAGMA query_only = ON")
            # The file may come from a stranger: nothing that its schema names is run, and damage is noticed.
            before = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in _OF_A_STRANGER}
            for name, wanted in _OF_A_STRANGER.items():
                connection.exec_driver_sql(f"PRAGMA {name} = {wanted}")
            try:
                yield connection
            finally:
                if not connection.invalidated:
                    connection.rollback()
                    connection.exec_driver_sql("PRAGMA query_only = OFF")
                    # The connection may go back to an application's pool.
                    for name, was in before.items():
                        connection.exec_driver_sql(f"PRAGMA {name} = {was}")

    def borrowed(self, connection: Connection) -> AbstractContextManager[None]:  # noqa: ARG002
        """The caller's own connection, as it is."""
        return nullcontext()

    def info(self, connection: Connection) -> ServerInfo:
        """The library's version; ``main`` is the schema that unqualified names mean."""
        version = str(connection.exec_driver_sql("SELECT sqlite_version()").scalar_one())
        return ServerInfo("sqlite", version, _DEFAULT_SCHEMA, tuple(int(part) for part in version.split(".")))

    def read(self, connection: Connection, scope: Scope) -> Schema:
        """Everything in ``scope``: five statements for each attached database."""
        schemas = scope.schemas or (_DEFAULT_SCHEMA,)
        found = [table for schema in schemas for table in read_tables(connection, schema)]
        wanted = [t for t in found if scope.include_name is None or scope.include_name(t.name.schema, t.name.name)]
        info = self.info(connection)
        return Schema(
            source="",
            dialect="sqlite",
            server=info.version,
            default_schema=_DEFAULT_SCHEMA,
            schemas=tuple(schemas),
            tables=tuple(wanted),
            folded=("tables", "columns"),
            relation_names=tuple(QualifiedName(t.name.schema, t.name.name) for t in found),
        )

    def others(self, connection: Connection, schemas: Sequence[str]) -> tuple[Other, ...]:
        """Triggers."""
        found: list[Other] = []
        for schema in schemas or (_DEFAULT_SCHEMA,):
            master = '"' + schema.replace('"', '""') + '".sqlite_master'
            asked = f"SELECT name, sql, tbl_name FROM {master} WHERE type = 'trigger' ORDER BY name"
            for name, definition, table in connection.exec_driver_sql(asked):
                found.append(Other("trigger", QualifiedName(schema, name), definition, table))
        return tuple(found)

    def not_to_read(self, connection: Connection) -> Mapping[QualifiedName, str]:  # noqa: ARG002
        """None that is known here."""
        return {}

    def canonicaliser(self, connection: Connection) -> Canonicalise:
        """SQLite stores text as written and folds nothing: the normal form of the text is all there is to compare."""
        del connection
        return canonicalise

    def spell_type(self, ddl: str) -> str:
        """See :func:`drift.dialects.sqlite.spelling.spell_type`."""
        return spell_type(ddl)

    def spell_expression(self, sql: str) -> str:
        """See :func:`drift.dialects.sqlite.tokens.normal_form`."""
        return normal_form(sql)

    def max_identifier_length(self) -> int:
        """SQLite has no limit; this is SQLAlchemy's."""
        return 9999

    def truncate(self, name: str) -> str:
        """SQLite keeps every name whole."""
        return name

    def cannot_see(self) -> tuple[tuple[str, str], ...]:
        """What SQLite does not have, or does not tell."""
        return (
            ("comments", "SQLite does not have them"),
            ("comments of columns", "SQLite does not have them"),
            ("enums", "SQLite does not have them"),
            ("domains", "SQLite does not have them"),
            ("sequences", "SQLite does not have them"),
            ("deferrable unique constraints", "SQLite defers foreign keys only"),
            ("exclusion constraints", "SQLite does not have them"),
            ("types of computed view columns", "SQLite does not tell them"),
            ("equivalence of expressions", "SQLite stores the text as written; texts are compared without white space"),
            ("foreign keys that are enforced", "depends on PRAGMA foreign_keys of each connection"),
        )


def canonicalise(questions: Iterable[Question]) -> Mapping[Question, str | Unsettled]:
    """Normal forms of the texts: see :meth:`SQLiteDialect.canonicaliser`."""
    return {question: _canonical(question) for question in questions}


def _canonical(question: Question) -> str:
    if question.usage is Usage.TYPE:
        return spell_type(question.sql)
    if question.usage is Usage.DEFAULT:
        return canonical_default(question.sql, question.type)
    return normal_form(question.sql)
