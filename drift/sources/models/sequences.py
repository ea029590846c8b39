"""Sequences and their options."""

from __future__ import annotations

from typing import Any, TypedDict

from sqlalchemy import Column as NativeColumn
from sqlalchemy import Identity as NativeIdentity
from sqlalchemy import MetaData
from sqlalchemy import Sequence as NativeSequence
from sqlalchemy.schema import DefaultClause
from sqlalchemy.sql.functions import next_value

from drift.schema import QualifiedName, Sequence
from drift.sources.models.spelling import Spelling

_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


class Options(TypedDict):
    """Options of a sequence; ``None`` means the server's default."""

    start: int | None
    increment: int | None
    minimum: int | None
    maximum: int | None
    cache: int | None
    cycle: bool | None


def sequence_options(native: NativeSequence | NativeIdentity, type_: str) -> Options:
    """Options as given, with ``None`` for those that are the server's default anyway.

    Args:
        native: A sequence or an identity.
        type_: The sequence's integer type, which bounds it. Source: PostgreSQL's ``CREATE SEQUENCE``.
    """
    largest = _LARGEST.get(type_, _LARGEST["bigint"])
    ascending = (native.increment or 1) > 0
    lowest, highest = (1, largest) if ascending else (-largest - 1, -1)
    minimum = None if native.nominvalue or native.minvalue == lowest else native.minvalue
    maximum = None if native.nomaxvalue or native.maxvalue == highest else native.maxvalue
    first = (lowest if minimum is None else minimum) if ascending else (highest if maximum is None else maximum)
    return Options(
        start=None if native.start == first else native.start,
        increment=None if native.increment == 1 else native.increment,
        minimum=minimum,
        maximum=maximum,
        cache=None if native.cache == 1 else native.cache,
        cycle=native.cycle or None,
    )


def used_by_default(column: NativeColumn[Any]) -> NativeSequence | None:
    """The sequence in ``server_default=sequence.next_value()``."""
    clause = column.server_default
    argument = clause.arg if isinstance(clause, DefaultClause) else None
    return argument.sequence if isinstance(argument, next_value) else None


def sequence_name(native: NativeSequence, spelling: Spelling) -> QualifiedName:
    """The sequence's full name."""
    return spelling.qualified(native.schema, native.name)


def exists(native: NativeSequence, spelling: Spelling) -> bool:
    """Whether SQLAlchemy creates it: an optional one gives way to SERIAL where there is such a thing."""
    dialect = spelling.native
    return dialect.supports_sequences and not (dialect.sequences_optional and native.optional)


def sequence(native: NativeSequence, spelling: Spelling) -> Sequence:
    """A sequence as the database should have it."""
    type_ = "bigint"
    if native.data_type is not None:
        compiler: Any = spelling.native.type_compiler_instance
        type_ = spelling.dialect.spell_type(compiler.process(native.data_type))
    return Sequence(sequence_name(native, spelling), type_, **sequence_options(native, type_))


def of_metadata(metadata: MetaData) -> tuple[NativeSequence, ...]:
    """Sequences that belong to the metadata itself rather than to a column of it."""
    known: dict[str, NativeSequence] = metadata._sequences
    return tuple(native for native in known.values() if getattr(native, "column", None) is None)
