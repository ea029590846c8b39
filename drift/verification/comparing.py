"""Where two readings of a schema differ, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from drift.schema import QualifiedName, Schema, Table

_NOT_STRUCTURE = frozenset(
    {"estimated_rows", "location", "source", "server", "canonical", "position", "relation_names"}
)


def structural_differences(before: Schema, after: Schema) -> tuple[str, ...]:
    """One line for each facet that differs; empty when the structure is the same.

    The place of a column is no structure: one that was dropped and added again stands last.
    """
    return tuple(_differences(before, after, ""))


def lacking(original: Table, copy: Table | None) -> Iterator[str]:
    """What the copy of a table lacks, by name: a column, a constraint, an index, a trigger, or all of it."""
    if copy is None:
        yield str(original.name)
        return
    # What a trigger without a function does is read when it runs: nothing rests on it.
    original = replace(original, triggers=tuple(t for t in original.triggers if t.function is not None))
    for kind in ("columns", "uniques", "foreign_keys", "checks", "exclusions", "indexes", "triggers"):
        there = {item.name for item in getattr(copy, kind)}
        yield from (f"{original.name} {item.name}" for item in getattr(original, kind) if item.name not in there)


def _differences(before: Any, after: Any, path: str) -> Iterator[str]:
    if before == after:
        return
    if is_dataclass(before) and type(before) is type(after) and not isinstance(before, QualifiedName):
        for field in fields(before):
            if field.name not in _NOT_STRUCTURE:
                yield from _differences(
                    getattr(before, field.name), getattr(after, field.name), _join(path, field.name)
                )
    elif isinstance(before, tuple) and isinstance(after, tuple) and _named((*before, *after)):
        old, new = ({str(item.name): item for item in side} for side in (before, after))
        for name in sorted(old.keys() | new.keys()):
            if name not in new:
                yield f"{path} {name}: gone"
            elif name not in old:
                yield f"{path} {name}: new"
            else:
                yield from _differences(old[name], new[name], f"{path} {name}")
    else:
        yield f"{path}: {_short(before)} became {_short(after)}"


def _named(items: tuple[Any, ...]) -> bool:
    return bool(items) and all(is_dataclass(item) and hasattr(item, "name") for item in items)


def _join(path: str, name: str) -> str:
    return f"{path} {name}".strip()


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) < 200 else f"{text[:197]}..."
