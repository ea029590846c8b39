"""Constraints of a table.

``name`` is ``None`` on the expected side where neither the model nor its naming convention names the constraint:
the database may then call it what it likes.
"""

from __future__ import annotations

from dataclasses import dataclass

from drift.schema.making import made_quickly
from drift.schema.names import Expression, QualifiedName


@made_quickly
@dataclass(frozen=True, slots=True)
class PrimaryKey:
    """A primary key; ``columns`` are in key order, ``on_conflict`` is SQLite's clause, in capitals."""

    name: str | None
    columns: tuple[str, ...]
    deferrable: bool = False
    initially_deferred: bool = False
    include: tuple[str, ...] = ()
    comment: str | None = None
    on_conflict: str | None = None


@made_quickly
@dataclass(frozen=True, slots=True)
class Unique:
    """A UNIQUE constraint (not a bare unique index); ``on_conflict`` is SQLite's clause, in capitals."""

    name: str | None
    columns: tuple[str, ...]
    deferrable: bool = False
    initially_deferred: bool = False
    nulls_not_distinct: bool = False
    include: tuple[str, ...] = ()
    comment: str | None = None
    on_conflict: str | None = None


@made_quickly
@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key. Actions are upper case, ``NO ACTION`` where none is given; ``match``: SIMPLE, FULL or PARTIAL.

    ``delete_columns`` are those that ``ON DELETE SET NULL (...)`` or ``SET DEFAULT (...)`` names; empty means all.
    """

    name: str | None
    columns: tuple[str, ...]
    target: QualifiedName
    target_columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    deferrable: bool = False
    initially_deferred: bool = False
    match: str = "SIMPLE"
    validated: bool = True
    enforced: bool = True
    comment: str | None = None
    delete_columns: tuple[str, ...] = ()


@made_quickly
@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint; ``expression`` is the body without the keyword and its outer parentheses."""

    name: str | None
    expression: Expression
    columns: tuple[str, ...] = ()
    validated: bool = True
    no_inherit: bool = False
    enforced: bool = True
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class ExclusionElement:
    """One ``expression WITH operator`` of an exclusion constraint; a plain column has its name in ``column``."""

    operator: str
    column: str | None = None
    expression: Expression | None = None
    opclass: str | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An EXCLUDE constraint."""

    name: str | None
    elements: tuple[ExclusionElement, ...]
    method: str = "gist"
    predicate: Expression | None = None
    deferrable: bool = False
    initially_deferred: bool = False
    comment: str | None = None
