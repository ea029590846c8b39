"""How the models' names, expressions and options are spelled for one database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Constraint, Index, Table
from sqlalchemy.engine import Dialect as NativeDialect
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import IdentifierError
from sqlalchemy.sql import coercions, roles

from drift.dialects.base import Dialect, ServerInfo
from drift.schema import Expression, QualifiedName

# No server truncates a name of so few characters, whatever they are (PostgreSQL: 63 bytes, four for a character).
_SURELY_SHORT = 16

_FAMILIES = {"mariadb": ("mariadb", "mysql"), "mysql": ("mysql",)}


class Spelling:
    """Names, expressions and dialect options of model objects, as the database ``info`` speaks of would have them.

    Attributes:
        native: SQLAlchemy's dialect, without driver; never connected.
        ddl: Its DDL compiler; asked for pieces of statements, never for whole ones.
        dialect: Ours, for canonical types and truncation.
        info: The server that is compared with.
    """

    def __init__(self, dialect: Dialect, info: ServerInfo, translate: Mapping[str | None, str | None]) -> None:
        self.native = native_dialect(info)
        self.ddl: Any = self.native.ddl_compiler(self.native, None)  # type: ignore[arg-type]
        self.preparer: Any = self.native.identifier_preparer
        self.dialect = dialect
        self.info = info
        self._translate = dict(translate)
        self._families = _FAMILIES.get(info.dialect, (info.dialect,))

    def qualified(self, schema: str | None, name: str) -> QualifiedName:
        """The full name of an object that the models call ``schema.name``."""
        translated = self._translate.get(schema, schema)
        return QualifiedName(str(translated) if translated else self.info.default_schema, self.name(name))

    def label(self, table: Table, *parts: object) -> str:
        """How a table, or something in it, is called where it cannot be read: ``public.users.email``."""
        return ".".join((str(self.qualified(table.schema, table.name)), *(str(part) for part in parts)))

    def name(self, given: str) -> str:
        """A name as a plain string, as long as the server lets it be."""
        text = str(given)
        return text if len(text) < _SURELY_SHORT else self.dialect.truncate(text)

    def expression(self, clause: Any, *, tables: bool = False) -> Expression:
        """A clause as SQL text with its values inline; strings count as SQL.

        Args:
            clause: A string or an element of SQLAlchemy's expression language.
            tables: Qualify columns with their tables.

        Raises:
            CompileError: This dialect cannot say it.
        """
        element = coercions.expect(roles.DDLExpressionRole, clause)
        return Expression(str(self.ddl.sql_compiler.process(element, include_table=tables, literal_binds=True)))

    def default(self, argument: Any) -> Expression:
        """A server default as DDL has it; plain strings are quoted literals there."""
        return Expression(str(self.ddl.render_default_string(argument)))

    def constraint_name(self, constraint: Constraint | Index) -> str | None:
        """The name that the database gets to see, ``None`` where the models leave it to the database."""
        if constraint.name is None:
            return None
        try:
            name = self.preparer.format_constraint(constraint, _alembic_quote=False)
        except IdentifierError:
            # Neither SQLAlchemy's DDL would take it, but a hand-written migration would: the server truncates.
            name = constraint.name
        return None if name is None else self.name(name)

    def option(self, item: Any, key: str) -> Any:
        """A dialect argument such as ``postgresql_using`` of a table, index or constraint; ``None`` if not given."""
        if "dialect_options" not in item.__dict__:
            # SQLAlchemy makes this collection with the first argument; asking for it would make it, for every object.
            return None
        arguments = item.dialect_kwargs
        for family in self._families:
            value = arguments.get(f"{family}_{key}")
            if value is not None:
                return value
        return None


def native_dialect(info: ServerInfo) -> NativeDialect:
    """SQLAlchemy's dialect for a server, good for compiling only.

    The parameter style is one that does not double percent signs, so that literals come out as the server stores them.
    """
    home = "postgresql+psycopg2" if info.dialect == "postgresql" else info.dialect
    factory: Any = make_url(f"{home}://").get_dialect()
    native: NativeDialect = factory(paramstyle="named")
    native.default_schema_name = info.default_schema
    if info.dialect == "postgresql":
        # A dialect that never connected doubles backslashes in literals (SQLAlchemy 2.0); the server keeps them.
        native._backslash_escapes = False  # type: ignore[attr-defined]
    native.server_version_info = info.version_number or None
    return native


def phrase(text: str | None, default: str) -> str:
    """An SQL phrase in upper case with single spaces; a column list behind it keeps its case.

    ``set null (owner_id)`` -> ``SET NULL (owner_id)``.
    """
    if text is None:
        return default
    words, bracket, rest = text.partition("(")
    head = re.sub(r"\s+", " ", words).strip().upper()
    return f"{head} ({rest}" if bracket else head
