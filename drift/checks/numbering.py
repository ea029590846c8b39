"""Options of sequences and identities, with the server's defaults filled in."""

from __future__ import annotations

from dataclasses import dataclass

from drift.schema import Identity, Sequence

_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


@dataclass(frozen=True, slots=True)
class NumberOptions:
    """Every option of a sequence."""

    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool

    @classmethod
    def of(cls, options: Identity | Sequence, type_: str) -> NumberOptions:
        """Fill in what the server would (source: PostgreSQL's ``CREATE SEQUENCE``)."""
        increment = options.increment if options.increment is not None else 1
        largest = _LARGEST.get(type_, _LARGEST["bigint"])
        low, high = (1, largest) if increment > 0 else (-largest - 1, -1)
        minimum = options.minimum if options.minimum is not None else low
        maximum = options.maximum if options.maximum is not None else high
        start = options.start if options.start is not None else (minimum if increment > 0 else maximum)
        cache = options.cache if options.cache is not None else 1
        return cls(start, increment, minimum, maximum, cache, bool(options.cycle))


def narrower(left: str, right: str) -> str:
    """The smaller of two integer types."""
    return min(left, right, key=lambda type_: _LARGEST.get(type_, _LARGEST["bigint"]))


def option_differences(wanted: NumberOptions, seen: NumberOptions) -> list[tuple[str, str]]:
    """Options that differ, as pairs of text."""
    named = (
        ("START", wanted.start, seen.start),
        ("INCREMENT", wanted.increment, seen.increment),
        ("MINVALUE", wanted.minimum, seen.minimum),
        ("MAXVALUE", wanted.maximum, seen.maximum),
        ("CACHE", wanted.cache, seen.cache),
    )
    differences = [(f"{name} {ours}", f"{name} {theirs}") for name, ours, theirs in named if ours != theirs]
    if wanted.cycle != seen.cycle:
        words = {True: "CYCLE", False: "NO CYCLE"}
        differences.append((words[wanted.cycle], words[seen.cycle]))
    return differences


def is_cosmetic(differences: list[tuple[str, str]]) -> bool:
    """Whether only the first number or the cache differs: nothing that an existing sequence shows."""
    return all(text.startswith(("START", "CACHE")) for text, _ in differences)
