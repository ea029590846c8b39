"""Answers for a database that has no room of its own: what SQLAlchemy's Inspector knows, and nothing guessed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from drift.alignment import Question, Unsettled, Usage
from drift.dialects.base import Canonicalise, Scope, ServerInfo
from drift.dialects.generic.spelling import comparable_type, constant, spell_type
from drift.dialects.text import normalised
from drift.schema import Other, QualifiedName, Schema

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

_LONGEST_IDENTIFIERS = {"oracle": 128, "mssql": 128}
_USUAL_LONGEST = 255


@dataclass(frozen=True, slots=True)
class GenericDialect:
    """Reads through ``Inspector.get_multi_*``; ``name`` is SQLAlchemy's dialect name."""

    name: str

    def read_only(self, engine: Engine, *, timeout: float = 60.0) -> AbstractContextManager[Connection]:  # noqa: ARG002
        """A connection in a transaction that is rolled back; timeouts and enforced read-only are up to the server."""
        return _rolled_back(engine)

    def borrowed(self, connection: Connection) -> AbstractContextManager[None]:  # noqa: ARG002
        """The caller's own connection, as it is."""
        return nullcontext()

    def info(self, connection: Connection) -> ServerInfo:
        """Version and default schema, as SQLAlchemy found them on connecting."""
        numbers = tuple(part for part in (connection.dialect.server_version_info or ()) if isinstance(part, int))
        version = ".".join(str(number) for number in numbers)
        return ServerInfo(self.name, version, connection.dialect.default_schema_name, numbers)

    def read(self, connection: Connection, scope: Scope) -> Schema:
        """Everything in ``scope`` that the Inspector reports."""
        from drift.dialects.generic.reader import read

        return read(connection, scope, self.info(connection))

    def others(self, connection: Connection, schemas: Sequence[str]) -> tuple[Other, ...]:  # noqa: ARG002
        """None that the Inspector knows of."""
        return ()

    def not_to_read(self, connection: Connection) -> Mapping[QualifiedName, str]:  # noqa: ARG002
        """None that is known here."""
        return {}

    def canonicaliser(self, connection: Connection) -> Canonicalise:  # noqa: ARG002
        """Constants and standard types by their text; everything else stays open, since nobody can be asked."""
        return _canonical_forms

    def spell_type(self, ddl: str) -> str:
        """Lower case, one spelling of standard types, no collation."""
        return spell_type(ddl)

    def spell_expression(self, sql: str) -> str:
        """A cheap normal form of an expression's text."""
        return normalised(sql)

    def max_identifier_length(self) -> int:
        """Longest identifier, in characters."""
        return _LONGEST_IDENTIFIERS.get(self.name, _USUAL_LONGEST)

    def truncate(self, name: str) -> str:
        """``name`` itself: servers without a room of their own are taken to refuse long names, not to cut them."""
        return name

    def cannot_see(self) -> tuple[tuple[str, str], ...]:
        """What the Inspector does not report."""
        reason = "SQLAlchemy's Inspector does not report it"
        return (
            ("equivalent expressions", "there is no way to ask this server; other spellings are not checked"),
            ("read-only sessions", "the transaction is rolled back, but the server is not told to refuse writes"),
            ("numbering of keys", "SQLAlchemy's Inspector reports it for some databases only"),
            ("index methods", reason),
            ("index predicates", reason),
            ("operator classes", reason),
            ("included columns", reason),
            ("constraints not validated, invalid indexes", reason),
            ("exclusion constraints", reason),
            ("enums", reason),
            ("domains", reason),
            ("sequences", reason),
            ("partition keys", reason),
            ("triggers, row-level security, persistence, inheritance", reason),
        )


@cache
def generic_dialect(name: str) -> GenericDialect:
    """The dialect for any SQLAlchemy dialect name."""
    return GenericDialect(name)


@contextmanager
def _rolled_back(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        try:
            yield connection
        finally:
            connection.rollback()


def _canonical_forms(questions: Iterable[Question]) -> Mapping[Question, str | Unsettled]:
    return {question: _canonical_form(question) for question in questions}


def _canonical_form(question: Question) -> str | Unsettled:
    form = comparable_type(question.sql) if question.usage is Usage.TYPE else constant(question.sql)
    return Unsettled("this database cannot be asked whether two spellings mean the same") if form is None else form
