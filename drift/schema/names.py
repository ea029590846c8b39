"""Names, places in source code, and SQL expressions."""

from __future__ import annotations

from dataclasses import dataclass

from drift.schema.making import made_quickly


@made_quickly
@dataclass(frozen=True, slots=True, order=True)
class QualifiedName:
    """The name of an object inside a database.

    ``schema`` is never ``None`` for objects read from a server that has schemas. The expected side is qualified
    with the connection's default schema before alignment, so that ``schema="public"`` and no schema are the same.
    """

    schema: str | None
    name: str

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


@made_quickly
@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in the user's source code. ``path`` is relative to the working directory where possible."""

    path: str
    line: int | None = None

    def __str__(self) -> str:
        return self.path if self.line is None else f"{self.path}:{self.line}"


@made_quickly
@dataclass(frozen=True, slots=True)
class Expression:
    """An SQL expression.

    Attributes:
        sql: The spelling of its side: as compiled from the model, or as the server's catalog prints it.
        canonical: The spelling in which the server prints it after folding, where that is known (a snapshot
            stores it, so that it can be compared without the server). ``None`` means: not asked yet.
    """

    sql: str
    canonical: str | None = None

    def __str__(self) -> str:
        return self.sql
