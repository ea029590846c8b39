"""Columns of model tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column as NativeColumn
from sqlalchemy import Computed
from sqlalchemy import Identity as NativeIdentity
from sqlalchemy import Sequence as NativeSequence
from sqlalchemy.schema import DefaultClause
from sqlalchemy.types import NullType, SmallInteger

from drift.schema import Column, Expression, Identity, Location, QualifiedName
from drift.schema.making import made_quickly
from drift.sources.models.sequences import sequence_name, sequence_options, used_by_default
from drift.sources.models.spelling import Spelling
from drift.sources.models.type_facts import TypeFacts, TypeSpeller

Complain = Callable[[NativeColumn[Any], str], None]
"""Takes a column and the reason why something about it cannot be expressed."""

_ON_UPDATE = re.compile(r"^(?P<default>.*?)\s*\bON\s+UPDATE\s+(?P<update>.+)$", re.IGNORECASE | re.DOTALL)


def column(
    native: NativeColumn[Any],
    position: int,
    spelling: Spelling,
    types: TypeSpeller,
    *,
    numbered: NativeColumn[Any] | None,
    orm_supplied: Collection[NativeColumn[Any]],
    location: Location | None,
    complain: Complain,
) -> tuple[Column, TypeFacts]:
    """A column as the database should have it, and what its type is.

    Args:
        native: SQLAlchemy's column, attached to a table.
        position: Its place, from 1.
        spelling: How the database spells.
        types: How it spells types.
        numbered: The table's autoincrement column.
        orm_supplied: Columns that the mapper fills by itself (discriminators, version counters).
        location: Where it is written.
        complain: Told about each facet that cannot be expressed; the column comes without it.
    """
    try:
        facts = types.facts(native.type, native)
        if not facts.type and isinstance(native.type, NullType):
            complain(
                native,
                "the type is not known: give the column one, or its foreign key a valid target",
            )
    except Exception as error:
        complain(native, f"the type cannot be expressed: {first_line(error)}")
        facts = TypeFacts("")
    server = _NOTHING if native.server_default is None else _server_facts(native, facts, spelling, complain)
    supplied = native.default is not None and _client_supplied(native.default, spelling)
    # Mostly by position: names cost more than the values.
    result = Column(
        spelling.name(native.name),
        facts.type,
        bool(native.nullable) and server.identity is None,
        server.default,
        server.identity is not None or (native is numbered and _is_numbered(native, spelling, types, facts)),
        server.sequence,
        server.identity,
        server.generated,
        server.stored,
        facts.collation,
        native.comment or None,
        position,
        server.on_update,
        facts.charset,
        facts.enum,
        facts.domain,
        facts.enum_labels,
        client_default=supplied or (bool(orm_supplied) and native in orm_supplied),
        location=location,
        ignored=(*ignored_codes(native), *server.unsaid) if "info" in native.__dict__ else server.unsaid,
    )
    return result, facts


def ignored_codes(native: Any) -> tuple[str, ...]:
    """Codes, names or prefixes from ``info={"drift": {"ignore": [...]}}``; a single string counts too."""
    # The attribute itself would make a dictionary for every object that has none.
    info = native.__dict__.get("info")
    wish = info.get("drift") if info else None
    if not isinstance(wish, dict):
        return ()
    codes = wish.get("ignore", ())
    return (codes,) if isinstance(codes, str) else tuple(str(code) for code in codes)


def first_line(error: BaseException) -> str:
    """The first line of an exception's message, without SQLAlchemy's link to its documentation."""
    lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith("(Background on")]
    return lines[0].strip() if lines else type(error).__name__


@made_quickly
@dataclass(frozen=True, slots=True)
class _ServerFacts:
    """What the server does for a column by itself; ``unsaid``: checks of what the model does not tell."""

    default: Expression | None = None
    on_update: str | None = None
    sequence: QualifiedName | None = None
    identity: Identity | None = None
    generated: Expression | None = None
    stored: bool = True
    unsaid: tuple[str, ...] = ()


_NOTHING = _ServerFacts()


def _server_facts(native: NativeColumn[Any], facts: TypeFacts, spelling: Spelling, complain: Complain) -> _ServerFacts:
    """Sort out ``Column.server_default``, which holds computed expressions and identities, too."""
    given = native.server_default
    if isinstance(given, Computed):
        expression, stored = _generated(native, spelling, complain)
        return _ServerFacts(generated=expression, stored=stored, unsaid=() if expression is not None else ("CO305",))
    if isinstance(given, NativeIdentity):
        supported = spelling.native.supports_identity_columns
        return _ServerFacts(identity=_identity(given, facts.type)) if supported else _NOTHING
    if isinstance(given, DefaultClause):
        try:
            default, on_update = _server_default(given, spelling)
        except Exception as error:
            complain(
                native,
                f"the server default cannot be expressed: {first_line(error)}",
            )
            return _ServerFacts(unsaid=("CO303",))
        sequence = used_by_default(native)
        name = _sequence_in(default, spelling) if sequence is None else sequence_name(sequence, spelling)
        return _ServerFacts(default, on_update, name)
    # FetchedValue(): a trigger, or a default that the model leaves to the database.
    return _ServerFacts(unsaid=("CO303",))


def _generated(native: NativeColumn[Any], spelling: Spelling, complain: Complain) -> tuple[Expression | None, bool]:
    """The expression of a generated column, and whether its value is stored."""
    computed = native.computed
    if computed is None:
        return None, True
    stored = computed.persisted
    if stored is None:
        stored = _stored_by_default(spelling)
    try:
        expression = spelling.expression(computed.sqltext)
    except Exception as error:
        complain(native, f"the generated expression cannot be expressed: {first_line(error)}")
        return None, bool(stored)
    if not expression.sql.strip():
        # What SQLAlchemy's reflection makes of an expression that it cannot read.
        complain(native, "the generated expression is empty")
        return None, bool(stored)
    return expression, bool(stored)


def _stored_by_default(spelling: Spelling) -> bool:
    """What ``Computed(...)`` without ``persisted`` becomes.

    PostgreSQL knows virtual columns, and makes them by default, from 18; SQLAlchemy leaves it the choice from 2.1.
    """
    if spelling.native.name == "postgresql":
        leaves_choice = hasattr(spelling.native, "supports_virtual_generated_columns")
        return not (leaves_choice and spelling.info.version_number >= (18,))
    return spelling.native.name not in ("mysql", "mariadb", "sqlite")


def _server_default(clause: DefaultClause, spelling: Spelling) -> tuple[Expression | None, str | None]:
    """The server default, and MySQL's ``ON UPDATE`` that hides in its text."""
    default = spelling.default(clause.arg)
    if spelling.info.dialect in ("mysql", "mariadb") and not isinstance(clause.arg, str):
        match = _ON_UPDATE.match(default.sql)
        if match is not None:
            text = match["default"].removeprefix("DEFAULT ").strip()
            return (Expression(text) if text else None), match["update"].strip()
    # DEFAULT NULL is what a column without default has.
    return (None, None) if default.sql.strip().upper() == "NULL" else (default, None)


def _sequence_in(default: Expression | None, spelling: Spelling) -> QualifiedName | None:
    """The sequence of a textual ``nextval(...)``, which is how catalogs, reflection and generated models spell it."""
    if default is None or spelling.native.name != "postgresql":
        return None
    from drift.dialects.postgresql.normal import sequence_of

    found = sequence_of(default.sql)
    return None if found is None else spelling.qualified(*found)


def _is_numbered(native: NativeColumn[Any], spelling: Spelling, types: TypeSpeller, facts: TypeFacts) -> bool:
    """Whether SQLAlchemy's DDL lets the database number its autoincrement column."""
    dialect = spelling.native
    if native.server_default is not None:
        return False
    sequence = native.default if isinstance(native.default, NativeSequence) else None
    if native.default is not None and not (sequence is not None and sequence.optional):
        return False
    if dialect.name == "postgresql" and isinstance(types.concrete(native.type), SmallInteger):
        return bool(getattr(dialect, "supports_smallserial", True))
    # SQLite numbers only a column whose declared type is exactly INTEGER.
    return dialect.name != "sqlite" or facts.type == "integer"


def _identity(identity: NativeIdentity, type_: str) -> Identity:
    options = sequence_options(identity, type_)
    return Identity(always=bool(identity.always), **options)


def _client_supplied(default: Any, spelling: Spelling) -> bool:
    """Whether the ORM supplies a value by this ``Column(default=...)``."""
    if isinstance(default, NativeSequence):
        return spelling.native.supports_sequences and not default.optional
    return True
