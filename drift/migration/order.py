"""The order of a plan's steps, from what each of them needs and what each brings about."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drift.schema import QualifiedName

if TYPE_CHECKING:
    from drift.migration.plan import Step


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is so in the database, by the names of after the renames.

    Attributes:
        what: ``schema``, ``table``, ``key``, ``not null``: it is there; ``free name``, ``no key``, ``no foreign key``,
            ``no default``: it is out of the way.
        name: Of the relation, or of the schema.
        columns: Of the table, where it is about some.
    """

    what: str
    name: QualifiedName
    columns: frozenset[str] = frozenset()


def schema_exists(schema: str | None) -> Fact:
    """A schema is there."""
    return Fact("schema", QualifiedName(None, schema or ""))


def table_exists(table: QualifiedName) -> Fact:
    """A table is there."""
    return Fact("table", table)


def name_is_free(schema: str | None, name: str) -> Fact:
    """No relation of the schema has the name: tables, indexes, keys and sequences share their names."""
    return Fact("free name", QualifiedName(schema, name))


def has_key(table: QualifiedName, columns: Iterable[str]) -> Fact:
    """A primary key, unique constraint or unique index is over these columns."""
    return Fact("key", table, frozenset(columns))


def is_not_null(table: QualifiedName, column: str) -> Fact:
    """The column takes no NULL."""
    return Fact("not null", table, frozenset({column}))


def is_in_no_key(table: QualifiedName, column: str) -> Fact:
    """No primary key is over the column."""
    return Fact("no key", table, frozenset({column}))


def nothing_refers_to(table: QualifiedName, columns: Iterable[str]) -> Fact:
    """No foreign key rests on a key over these columns."""
    return Fact("no foreign key", table, frozenset(columns))


def no_default_uses(sequence: QualifiedName) -> Fact:
    """No column but its owner takes its default from the sequence."""
    return Fact("no default", sequence)


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Every step after those that bring about what it needs; otherwise by phase, and as they were given.

    What nobody brings about is so already. A step that is left out brings about nothing, and stands last. Where steps
    need each other the first of them goes first: the proof of the plan then says what the server thinks of it.
    """
    given = list(steps)
    bringing: dict[Fact, list[int]] = {}
    for number, step in enumerate(given):
        for fact in step.makes if step.commented_out is None else ():
            bringing.setdefault(fact, []).append(number)
    waiting = {
        number: {other for fact in step.needs for other in bringing.get(fact, ()) if other != number}
        for number, step in enumerate(given)
    }
    later: dict[int, list[int]] = {}
    for number, others in waiting.items():
        for other in others:
            later.setdefault(other, []).append(number)
    ready = [(_rank(given[number], number), number) for number, others in waiting.items() if not others]
    heapq.heapify(ready)
    result: list[Step] = []
    while waiting:
        number = heapq.heappop(ready)[1] if ready else min(waiting, key=lambda each: _rank(given[each], each))
        del waiting[number]
        result.append(given[number])
        for other in later.get(number, ()):
            if other in waiting:
                waiting[other].discard(number)
                if not waiting[other]:
                    heapq.heappush(ready, (_rank(given[other], other), other))
    return result


def _rank(step: Step, position: int) -> tuple[bool, int, int]:
    return step.commented_out is not None, step.phase, step.order or position
