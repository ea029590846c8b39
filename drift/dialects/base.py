"""What every dialect answers: the short list of questions that only a dialect can."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from drift.alignment import Question, Unsettled
from drift.schema import Other, QualifiedName, Schema

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

NameFilter = Callable[[str | None, str], bool]
"""Takes (schema, table name), says whether the table is wanted (Alembic's ``include_name``)."""

Canonicalise = Callable[[Iterable[Question]], Mapping[Question, "str | Unsettled"]]
"""Answers questions with canonical forms, in as few statements as possible, read-only."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What to read.

    Attributes:
        schemas: Schemas to read; empty means the default schema.
        include_name: A filter, or ``None`` for everything.
    """

    schemas: tuple[str, ...] = ()
    include_name: NameFilter | None = None


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Facts about the connection that decide how names and types are spelled.

    Attributes:
        dialect: SQLAlchemy dialect name.
        version: As the server spells it.
        default_schema: Where tables without a schema are made.
        version_number: For comparing.
        native: SQLAlchemy's name of the connection's dialect where it is another one: ``mysql`` for a MariaDB server
            behind a ``mysql://`` URL; variants of types and DDL conditions go by it.
        search_path: Schemas in which names without one are looked for, in order; empty where there is no such thing.
    """

    dialect: str
    version: str
    default_schema: str | None
    version_number: tuple[int, ...] = field(default=())
    search_path: tuple[str, ...] = field(default=())
    native: str = ""


class Dialect(Protocol):
    """One database product. Implementations are stateless; a connection is always handed in."""

    name: str

    def read_only(self, engine: Engine, *, timeout: float = 60.0) -> AbstractContextManager[Connection]:
        """A connection in one read-only, repeatable-read transaction with statement and lock timeouts (seconds)."""
        ...

    def borrowed(self, connection: Connection) -> AbstractContextManager[None]:
        """The caller's own connection, prepared for looking; afterwards it is as it was."""
        ...

    def info(self, connection: Connection) -> ServerInfo:
        """Version and default schema."""
        ...

    def read(self, connection: Connection, scope: Scope) -> Schema:
        """Everything in ``scope``, in a number of statements that does not depend on the number of tables."""
        ...

    def others(self, connection: Connection, schemas: Sequence[str]) -> tuple[Other, ...]:
        """What no model can say and another database may have otherwise: triggers, policies, functions and so on."""
        ...

    def not_to_read(self, connection: Connection) -> Mapping[QualifiedName, str]:
        """Relations whose rows must not be looked at, and why: reading them would run what other roles wrote."""
        ...

    def canonicaliser(self, connection: Connection) -> Canonicalise:
        """Answers questions by asking this server."""
        ...

    def spell_type(self, ddl: str) -> str:
        """The canonical short spelling of a type's DDL: ``CHARACTER VARYING(80)`` -> ``varchar(80)``. Pure."""
        ...

    def spell_expression(self, sql: str) -> str:
        """A cheap normal form of an expression's text, so that only what differs is asked. Pure, never lossy."""
        ...

    def max_identifier_length(self) -> int:
        """Longest identifier, in the unit in which the server truncates (bytes on PostgreSQL)."""
        ...

    def truncate(self, name: str) -> str:
        """What the server makes of a name that is too long."""
        ...

    def cannot_see(self) -> tuple[tuple[str, str], ...]:
        """Facets that this dialect cannot read: pairs of (facet, reason). Shown in ``docs/dialects.md``."""
        ...
