"""Pairs of an expected and an actual object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from drift.alignment.verdicts import Settlement
from drift.schema import (
    Check,
    Column,
    Domain,
    Enum,
    Exclusion,
    ForeignKey,
    Index,
    PrimaryKey,
    Schema,
    Sequence,
    Table,
    Unique,
)
from drift.schema.making import made_quickly

T_co = TypeVar("T_co", covariant=True)

UNIQUE_INDEX = "a unique index on the same columns"
"""Evidence of a ``Pair[Unique]`` whose actual side is a bare unique index, told as a :class:`Unique`."""

UNIQUE_CONSTRAINT = "a unique constraint on the same columns"
"""Evidence of a ``Pair[Index]`` whose actual side is a UNIQUE constraint, told as an :class:`Index`."""


@made_quickly
@dataclass(frozen=True, slots=True)
class Pair(Generic[T_co]):
    """An expected object and the actual object that corresponds to it; one of the two may be missing.

    Attributes:
        renamed: They correspond although their (given) names differ.
        evidence: What makes them correspond, where that is not their name. Beside a missing object: what was seen
            that might be it.
    """

    expected: T_co | None
    actual: T_co | None
    renamed: bool = False
    evidence: str | None = None


@made_quickly
@dataclass(frozen=True, slots=True)
class TablePair:
    """A pair of tables with the pairs of everything inside. With one side missing, the inner pairs are empty."""

    expected: Table | None
    actual: Table | None
    renamed: bool = False
    evidence: str | None = None
    columns: tuple[Pair[Column], ...] = ()
    primary_key: Pair[PrimaryKey] = Pair(None, None)
    uniques: tuple[Pair[Unique], ...] = ()
    foreign_keys: tuple[Pair[ForeignKey], ...] = ()
    checks: tuple[Pair[Check], ...] = ()
    exclusions: tuple[Pair[Exclusion], ...] = ()
    indexes: tuple[Pair[Index], ...] = ()


@dataclass(frozen=True, slots=True)
class Alignment:
    """The two sides, paired. ``settlement`` answers for expressions and types whose texts differ.

    Every object of either side occurs in exactly one pair, expected ones first and in their own order, except those
    that cannot drift: filtered or excluded tables, partitions, children of inheritance, what an extension owns, what
    a server made by itself to back a foreign key, and a second copy of a constraint that the models state twice.
    Names inside an expected object stay the expected ones; :func:`drift.alignment.renaming.renaming` translates them.
    """

    expected: Schema
    actual: Schema
    tables: tuple[TablePair, ...] = ()
    enums: tuple[Pair[Enum], ...] = ()
    domains: tuple[Pair[Domain], ...] = ()
    sequences: tuple[Pair[Sequence], ...] = ()
    settlement: Settlement = field(default_factory=Settlement)
