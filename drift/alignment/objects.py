"""Pairing enums, domains and sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from drift.alignment.columns import Truncate
from drift.alignment.pairs import Pair, TablePair
from drift.alignment.similarity import STRONG, WEAK, similarity, unambiguous
from drift.alignment.version_twins import recognise_sequences
from drift.schema import Column, Enum, QualifiedName, Schema, Sequence

BY_USE = "the same columns use it"


class Object(Protocol):
    """Something with a qualified name."""

    @property
    def name(self) -> QualifiedName:
        """Its qualified name."""
        ...


T = TypeVar("T", bound=Object)


def pair_objects(expected: Iterable[T], actual: Iterable[T], truncate: Truncate) -> tuple[Pair[T], ...]:
    """Pair by name, then by the same name in another schema where that is unambiguous."""
    wanted = tuple(expected)
    free = {thing.name: thing for thing in actual}
    found: dict[QualifiedName, T] = {}
    for thing in wanted:
        name = thing.name if thing.name in free else QualifiedName(thing.name.schema, truncate(thing.name.name))
        if name in free:
            found[thing.name] = free.pop(name)
    pairs = [Pair(thing, found.get(thing.name)) for thing in wanted]
    pairs.extend(Pair(None, thing) for thing in free.values())
    return _link(tuple(pairs), lambda left, right: _elsewhere(left.name, right.name))


def rename_by_use(
    pairs: tuple[Pair[T], ...],
    tables: tuple[TablePair, ...],
    used: Callable[[Column], QualifiedName | None],
) -> tuple[Pair[T], ...]:
    """Pair leftovers that stand behind the same columns; ``used`` says what a column uses."""
    missing = {pair.expected.name for pair in pairs if pair.expected is not None and pair.actual is None}
    free = {pair.actual.name for pair in pairs if pair.actual is not None and pair.expected is None}
    if not missing or not free:
        return pairs
    votes: dict[QualifiedName, set[QualifiedName]] = {}
    back: dict[QualifiedName, set[QualifiedName]] = {}
    for table in tables:
        for column in table.columns:
            if column.expected is None or column.actual is None:
                continue
            wanted, seen = used(column.expected), used(column.actual)
            if wanted is not None and seen is not None and wanted in missing and seen in free:
                votes.setdefault(wanted, set()).add(seen)
                back.setdefault(seen, set()).add(wanted)
    sure = {
        wanted: next(iter(seen))
        for wanted, seen in votes.items()
        if len(seen) == 1 and len(back[next(iter(seen))]) == 1
    }
    return _link(pairs, lambda left, right: BY_USE if sure.get(left.name) == right.name else None)


def rename_enums(pairs: tuple[Pair[Enum], ...]) -> tuple[Pair[Enum], ...]:
    """Pair leftover enums with the same labels."""
    return _link(pairs, lambda left, right: "the same labels" if left.labels == right.labels else None)


def rename_sequences(pairs: tuple[Pair[Sequence], ...]) -> tuple[Pair[Sequence], ...]:
    """Pair leftover sequences of close names; owned ones belong to their column and are found by use only."""

    def close(least: float) -> Callable[[Sequence, Sequence], str | None]:
        def evidence(left: Sequence, right: Sequence) -> str | None:
            if right.owned_by is not None or left.name.schema != right.name.schema:
                return None
            return "similar name" if similarity(left.name.name, right.name.name) >= least else None

        return evidence

    return _link(_link(pairs, close(STRONG)), close(WEAK))


def rename_version_sequences(
    pairs: tuple[Pair[Sequence], ...], expected: Schema, actual: Schema
) -> tuple[Pair[Sequence], ...]:
    """Pair the sequences that number SQLAlchemy-Continuum's rows, also where a column of its tables owns them."""
    twins = {(twin.expected, twin.actual): twin.evidence for twin in recognise_sequences(expected, actual)}
    return _link(pairs, lambda left, right: twins.get((left.name, right.name))) if twins else pairs


def _elsewhere(wanted: QualifiedName, seen: QualifiedName) -> str | None:
    return f"in schema {seen.schema}" if wanted.name == seen.name and wanted.schema != seen.schema else None


def _link(pairs: tuple[Pair[T], ...], evidence: Callable[[T, T], str | None]) -> tuple[Pair[T], ...]:
    """Pair leftovers for which there is evidence, where each is the other's only candidate."""
    missing = [pair.expected for pair in pairs if pair.expected is not None and pair.actual is None]
    free = [pair.actual for pair in pairs if pair.actual is not None and pair.expected is None]
    if not missing or not free:
        return pairs
    reasons = {
        (row, column): reason
        for row, wanted in enumerate(missing)
        for column, seen in enumerate(free)
        if (reason := evidence(wanted, seen)) is not None
    }
    chosen = unambiguous(dict.fromkeys(reasons, 1.0), 0.5)
    twins = {missing[row].name: (free[column], reasons[row, column]) for row, column in chosen}
    used = {seen.name for seen, _ in twins.values()}
    linked: list[Pair[T]] = []
    for pair in pairs:
        if pair.expected is not None and pair.actual is None and pair.expected.name in twins:
            seen, reason = twins[pair.expected.name]
            linked.append(Pair(pair.expected, seen, True, reason))
        elif pair.expected is None and pair.actual is not None and pair.actual.name in used:
            continue
        else:
            linked.append(pair)
    return tuple(linked)
