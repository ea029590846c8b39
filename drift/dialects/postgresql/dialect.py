"""PostgreSQL's answers to the questions that only a dialect can answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from drift.dialects.base import Canonicalise, Scope, ServerInfo
from drift.dialects.postgresql import keywords, session
from drift.dialects.postgresql.others import read_others
from drift.dialects.postgresql.reader import read
from drift.dialects.postgresql.strangers import strangers_of
from drift.dialects.postgresql.types import spell_type
from drift.dialects.text import normalised
from drift.schema import Other, QualifiedName, Schema

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine


class PostgreSQL:
    """PostgreSQL 12 to 18."""

    name = "postgresql"

    def read_only(self, engine: Engine, *, timeout: float = 60.0) -> AbstractContextManager[Connection]:
        """A connection in one read-only, repeatable-read transaction with statement and lock timeouts (seconds)."""
        return session.read_only(engine, timeout=timeout)

    def borrowed(self, connection: Connection) -> AbstractContextManager[None]:
        """The caller's connection with an empty search path; nothing can be written meanwhile."""
        return session.borrowed(connection)

    def info(self, connection: Connection) -> ServerInfo:
        """Version, and what names without a schema mean to the session."""
        server = session.server_of(connection)
        version = server.version.split()[0]
        number = server.version_number
        return ServerInfo(self.name, version, server.default_schema, (number // 10000, number % 10000), server.schemas)

    def read(self, connection: Connection, scope: Scope) -> Schema:
        """Everything in ``scope``, by a fixed number of catalog queries."""
        return read(connection, scope)

    def others(self, connection: Connection, schemas: Sequence[str]) -> tuple[Other, ...]:
        """All that the catalog prints a definition of, and of the rest that it is there."""
        return read_others(connection, schemas)

    def not_to_read(self, connection: Connection) -> Mapping[QualifiedName, str]:
        """Views, foreign tables, and tables that cannot be queried without running functions of other roles."""
        return strangers_of(connection).relations

    def canonicaliser(self, connection: Connection) -> Canonicalise:
        """Answers questions by asking the planner; nothing is executed but its constant folding."""
        from drift.dialects.postgresql.canonical import Canonicaliser

        return Canonicaliser(connection)

    def spell_type(self, ddl: str) -> str:
        """The canonical short spelling of a type's DDL: ``CHARACTER VARYING(80)`` -> ``varchar(80)``."""
        return spell_type(ddl)

    def spell_expression(self, sql: str) -> str:
        """A cheap normal form of an expression's text."""
        return normalised(sql)

    def max_identifier_length(self) -> int:
        """63, in bytes."""
        return keywords.IDENTIFIER_BYTES

    def truncate(self, name: str) -> str:
        """The first 63 bytes, without a torn character."""
        return keywords.truncate(name)

    def cannot_see(self) -> tuple[tuple[str, str], ...]:
        """What the catalog holds but the nouns do not."""
        return (
            ("partitions", "a partition follows its parent; only the partitioned table is compared"),
            ("function bodies", "only trigger functions are read"),
            (
                "privileges and policies",
                "row-level security is read as switched on or off; policies and grants are not",
            ),
        )
