"""How the models' names, expressions and options are spelled for one database."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from sqlalchemy import Constraint, Index, Table
from sqlalchemy.engine import Dialect as NativeDialect
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import IdentifierError
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.cache_key import HasCacheKey
from sqlalchemy.sql.elements import TextClause

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
        spoken = info.native or info.dialect
        self._families = _FAMILIES.get(spoken, (spoken,))
        native = self.native
        lengths = (native.max_identifier_length, native.max_constraint_name_length, native.max_index_name_length)
        self._longest_name = min(length for length in lengths if length)
        self._spelled: dict[Hashable, Expression] = {}
        self._names: dict[str, str] = {}

    def qualified(self, schema: str | None, name: str) -> QualifiedName:
        """The full name of an object that the models call ``schema.name``."""
        translated = self._translate.get(schema, schema)
        return QualifiedName(str(translated) if translated else self.info.default_schema, self.name(name))

    def label(self, table: Table, *parts: object) -> str:
        """How a table, or something in it, is called where it cannot be read: ``public.users.email``."""
        return ".".join((str(self.qualified(table.schema, table.name)), *(str(part) for part in parts)))

    def name(self, given: str) -> str:
        """A name as a plain string, as long as the server lets it be."""
        known = self._names.get(given)
        if known is None:
            text = str(given)
            known = self._names[given] = text if len(text) < _SURELY_SHORT else self.dialect.truncate(text)
        return known

    def expression(self, clause: Any, *, tables: bool = False) -> Expression:
        """A clause as SQL text with its values inline; strings count as SQL.

        Args:
            clause: A string or an element of SQLAlchemy's expression language.
            tables: Qualify columns with their tables.

        Raises:
            CompileError: This dialect cannot say it.
        """

        def spelled() -> str:
            element = coercions.expect(roles.DDLExpressionRole, clause)
            return str(self.ddl.sql_compiler.process(element, include_table=tables, literal_binds=True))

        # Anything but text mostly speaks of columns, so that no other table's would be spelled the same.
        return self._once(_signature(clause) if type(clause) is TextClause else None, spelled)

    def default(self, argument: Any) -> Expression:
        """A server default as DDL has it; plain strings are quoted literals there."""
        key: Hashable = (str, argument) if isinstance(argument, str) else _signature(argument)
        return self._once(key, lambda: str(self.ddl.render_default_string(argument)))

    def _once(self, key: Hashable, spell: Callable[[], str]) -> Expression:
        """What ``spell`` says, asked once for equal keys; ``None`` is equal to nothing."""
        known = self._spelled.get(key) if key is not None else None
        if known is None:
            known = Expression(spell())
            if key is not None:
                self._spelled[key] = known
        return known

    def constraint_name(self, constraint: Constraint | Index) -> str | None:
        """The name that the database gets to see, ``None`` where the models leave it to the database."""
        given = constraint.name
        if given is None:
            return None
        if isinstance(given, str) and len(given) <= self._longest_name:
            # What format_constraint() does to names, naming conventions aside, it does to longer ones only.
            return self.name(given)
        try:
            name = self.preparer.format_constraint(constraint, _alembic_quote=False)
        except IdentifierError:
            # Neither SQLAlchemy's DDL would take it, but a hand-written migration would: the server truncates.
            name = given
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


def _signature(clause: Any) -> Hashable:
    """Something equal for clauses that are spelled alike under one dialect, ``None`` where that is not known.

    SQLAlchemy's own cache of compiled statements relies on the same key. Values stand beside it, so that a clause that
    holds some has none here.
    """
    if type(clause) is TextClause:
        return None if clause._bindparams else (TextClause, clause.text)
    key = clause._generate_cache_key() if isinstance(clause, HasCacheKey) else None
    return None if key is None or key.bindparams else key.key


def native_dialect(info: ServerInfo) -> NativeDialect:
    """SQLAlchemy's dialect for a server, good for compiling only.

    The parameter style is one that does not double percent signs, so that literals come out as the server stores them.
    """
    home = "postgresql+psycopg2" if info.dialect == "postgresql" else info.native or info.dialect
    factory: Any = make_url(f"{home}://").get_dialect()
    native: NativeDialect = factory(paramstyle="named")
    if info.dialect == "mariadb" and home == "mysql":
        native._set_mariadb(True, info.version_number)  # type: ignore[attr-defined]
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
