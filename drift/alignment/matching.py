"""Pairing named or unnamed things of one table: by name, then by what they are."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Protocol, TypeVar

from drift.alignment.pairs import Pair


class Named(Protocol):
    """A constraint or an index."""

    @property
    def name(self) -> str | None:
        """Its name, ``None`` where the models leave it to the database."""
        ...


N = TypeVar("N", bound=Named)
Shape = Callable[[N], Hashable]
Truncate = Callable[[str], str]


def match(
    expected: Sequence[N], actual: Sequence[N], expected_shape: Shape[N], actual_shape: Shape[N], truncate: Truncate
) -> tuple[Pair[N], ...]:
    """Pair by name, then what is left by shape; expected order first, then what only the database has.

    A named expected thing that is found by shape is *renamed*; an unnamed one simply has the name that the database
    chose. Where several things share a shape they are paired in order, which is all the same to the database.
    """
    if not expected and not actual:
        return ()
    free = {thing.name: thing for thing in actual if thing.name is not None}
    found: dict[int, N] = {}
    for place, wanted in enumerate(expected):
        if wanted.name is None:
            continue
        name = wanted.name if wanted.name in free else truncate(wanted.name)
        if name in free:
            found[place] = free.pop(name)
    if len(found) < len(expected) and len(found) < len(actual):
        taken = {id(thing) for thing in found.values()}
        shapes: dict[Hashable, list[N]] = {}
        for thing in actual:
            if id(thing) in taken:
                continue
            shapes.setdefault(actual_shape(thing), []).append(thing)
        for place, wanted in enumerate(expected):
            candidates = shapes.get(expected_shape(wanted)) if place not in found else None
            if candidates:
                found[place] = candidates.pop(0)
    return _assemble(expected, actual, found, truncate)


def named_otherwise(expected: Named, actual: Named, truncate: Truncate = str) -> bool:
    """Whether both have names, and different ones."""
    wanted, seen = expected.name, actual.name
    return wanted is not None and seen is not None and wanted != seen and truncate(wanted) != seen


def _assemble(
    expected: Sequence[N], actual: Sequence[N], found: dict[int, N], truncate: Truncate
) -> tuple[Pair[N], ...]:
    pairs = []
    for place, wanted in enumerate(expected):
        twin = found.get(place)
        renamed = twin is not None and named_otherwise(wanted, twin, truncate)
        pairs.append(Pair(wanted, twin, renamed, "the same definition" if renamed else None))
    if len(found) < len(actual):
        taken = {id(twin) for twin in found.values()}
        pairs.extend(Pair(None, thing) for thing in actual if id(thing) not in taken)
    return tuple(pairs)


def rejoin(
    pairs: tuple[Pair[N], ...],
    alike: Callable[[N, N], bool],
    *,
    only: bool = False,
    evidence: str | None = "the same definition",
) -> tuple[Pair[N], ...]:
    """Pair leftovers that are ``alike``; with ``only``, just those that have one candidate each way."""
    missing = [pair.expected for pair in pairs if pair.actual is None and pair.expected is not None]
    unexpected = [pair.actual for pair in pairs if pair.expected is None and pair.actual is not None]
    if not missing or not unexpected:
        return pairs
    chosen: dict[int, N] = {}
    taken: set[int] = set()
    for wanted in missing:
        candidates = [thing for thing in unexpected if id(thing) not in taken and alike(wanted, thing)]
        if not candidates or (only and len(candidates) > 1):
            continue
        if only and sum(alike(other, candidates[0]) for other in missing) > 1:
            continue
        chosen[id(wanted)] = candidates[0]
        taken.add(id(candidates[0]))
    if not chosen:
        return pairs
    joined: list[Pair[N]] = []
    for pair in pairs:
        if pair.expected is not None and pair.actual is None and id(pair.expected) in chosen:
            twin = chosen[id(pair.expected)]
            renamed = named_otherwise(pair.expected, twin)
            joined.append(Pair(pair.expected, twin, renamed, evidence))
        elif pair.expected is None and pair.actual is not None and id(pair.actual) in taken:
            continue
        else:
            joined.append(pair)
    return tuple(joined)
