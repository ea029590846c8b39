"""Columns and their identity sequences."""

from __future__ import annotations

from dataclasses import dataclass

from drift.schema.making import made_quickly
from drift.schema.names import Expression, Location, QualifiedName


@dataclass(frozen=True, slots=True)
class Identity:
    """``GENERATED ... AS IDENTITY`` with its sequence options; ``None`` means the server's default."""

    always: bool = False
    start: int | None = None
    increment: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    cache: int | None = None
    cycle: bool | None = None


@made_quickly
@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, view, or foreign table.

    Attributes:
        name: As in the database, unquoted.
        type: Canonical short spelling with arguments and dimensions, for example ``varchar(80)``,
            ``timestamptz(3)``, ``numeric(10,2)``, ``integer[]``, ``app.mood`` (user types are qualified).
        nullable: Whether NULL is allowed.
        default: The server default; ``None`` without one, and ``None`` where ``auto_increment`` explains it.
        auto_increment: The database is expected to number (expected side) or does number (actual side) this column by
            SERIAL, IDENTITY, AUTO_INCREMENT, or SQLite's rowid.
        sequence: The sequence behind a SERIAL-like ``nextval`` default.
        identity: Options when the column is an identity column.
        generated: Expression of a ``GENERATED ALWAYS AS`` column.
        generated_stored: ``False`` for virtual generated columns.
        collation: Explicit collation that differs from the default one, else ``None``.
        comment: The column's comment.
        position: Ordinal position, from 1.
        on_update: MySQL's ``ON UPDATE`` expression.
        charset: MySQL's character set where it differs from the table's.
        attributes: What the definition also says and the rest does not: MySQL's ``invisible``, ``compressed`` and
            ``tinyint(1)`` (what drivers take for a truth value), SQLite's ``ON CONFLICT ...`` behind NOT NULL.
        enum: The native enum behind the type (or behind its array elements).
        domain: The domain behind the type (or behind its array elements).
        enum_labels: Labels of an inline enum or set (MySQL), in order.
        client_default: Expected side: the ORM supplies a value on INSERT by itself.
        location: Expected side: where the attribute is written.
        ignored: Expected side: codes, names or prefixes from ``info={"drift": {"ignore": [...]}}``.
    """

    name: str
    type: str
    nullable: bool = True
    default: Expression | None = None
    auto_increment: bool = False
    sequence: QualifiedName | None = None
    identity: Identity | None = None
    generated: Expression | None = None
    generated_stored: bool = True
    collation: str | None = None
    comment: str | None = None
    position: int = 0
    on_update: str | None = None
    charset: str | None = None
    enum: QualifiedName | None = None
    domain: QualifiedName | None = None
    enum_labels: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    client_default: bool = False
    location: Location | None = None
    ignored: tuple[str, ...] = ()
