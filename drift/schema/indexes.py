"""Indexes."""

from __future__ import annotations

from dataclasses import dataclass, field

from drift.schema.making import made_quickly
from drift.schema.names import Expression


@made_quickly
@dataclass(frozen=True, slots=True)
class IndexKey:
    """One key of an index: a column or an expression.

    Attributes:
        opclass: Explicit operator class, ``None`` for the type's default.
        collation: Explicit collation, ``None`` for the column's own.
        descending: ``DESC``.
        nulls_first: The effective order of NULLs (PostgreSQL: ``DESC`` implies NULLS FIRST).
        length: MySQL's prefix length.
    """

    column: str | None = None
    expression: Expression | None = None
    opclass: str | None = None
    collation: str | None = None
    descending: bool = False
    nulls_first: bool = False
    length: int | None = None


@made_quickly
@dataclass(frozen=True, slots=True)
class Index:
    """An index that does not merely implement a primary key, unique, or exclusion constraint.

    Attributes:
        name: ``None`` on the expected side where the model leaves the name to the database.
        valid: ``False`` for the leftover of a failed concurrent build (PostgreSQL ``indisvalid``).
        visible: ``False`` for MySQL's invisible and MariaDB's ignored indexes.
        implicit: The server made it by itself to back a foreign key (InnoDB).
        options: Storage parameters and the like, as sorted pairs.
    """

    name: str | None
    keys: tuple[IndexKey, ...]
    unique: bool = False
    method: str = "btree"
    predicate: Expression | None = None
    include: tuple[str, ...] = ()
    nulls_not_distinct: bool = False
    valid: bool = True
    visible: bool = True
    implicit: bool = False
    comment: str | None = None
    options: tuple[tuple[str, str], ...] = field(default=())

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the plain columns among the keys, in order; expressions appear with their text."""
        return tuple(key.column if key.column is not None else str(key.expression) for key in self.keys)
