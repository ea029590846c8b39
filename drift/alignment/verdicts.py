"""Questions about SQL text, and the server's answers.

A question asks for the *canonical form* of one piece of SQL: the spelling in which the server prints it after
folding. Two pieces are the same when their canonical forms are. Only texts that differ are asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from drift.schema import QualifiedName
from drift.schema.making import made_quickly


class Usage(StrEnum):
    """What a piece of SQL is used as; it decides how the server must be asked."""

    TYPE = "type"
    DEFAULT = "default"
    CHECK = "check"
    GENERATED = "generated"
    INDEX_KEY = "index key"
    PREDICATE = "predicate"


class Sameness(StrEnum):
    """The three values of a comparison."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


@made_quickly
@dataclass(frozen=True, slots=True)
class Question:
    """One piece of SQL whose canonical form is wanted.

    Attributes:
        sql: The text, as its side spells it.
        usage: What it is used as.
        table: The actual table in whose columns' terms it is read; ``None`` where no column can occur.
        columns: Names and types that the text may refer to: the actual table's columns, plus the expected ones
            that are missing there.
        type: For defaults and generated columns: the column's type, to which the value is cast.
    """

    sql: str
    usage: Usage
    table: QualifiedName | None = None
    columns: tuple[tuple[str, str], ...] = ()
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """The server could not give a canonical form.

    ``rejected`` is True when the server itself refused the text (it does not parse, or names something that does not
    exist): the other side, which the server accepted once, is then different. Otherwise nothing is known.
    """

    reason: str
    rejected: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """Canonical forms by question. A question that was never asked is unknown.

    ``same`` holds pairs (expected text, actual text) that differ in spelling only, which was seen without asking.
    """

    answers: Mapping[Question, str | Unsettled] = field(default_factory=dict)
    same: frozenset[tuple[str, str]] = frozenset()

    def __hash__(self) -> int:
        return hash((frozenset(self.answers.items()), self.same))
