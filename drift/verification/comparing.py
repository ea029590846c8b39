"""Where two readings of a schema differ, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from sqlalchemy import Engine

from drift.alignment import Settlement, align, settle
from drift.dialects.registry import dialect_for
from drift.schema import Expression, QualifiedName, Schema, Table

_NOT_STRUCTURE = frozenset(
    {"estimated_rows", "written", "location", "source", "server", "canonical", "position", "relation_names"}
)


def structural_differences(before: Schema, after: Schema, engine: Engine) -> tuple[str, ...]:
    """One line for each facet that differs; empty when the structure is the same.

    The place of a column is no structure: one that was dropped and added again stands last. Nor is the spelling of an
    expression: a server may print the same one otherwise after its column had another type for a while, and is asked.

    Args:
        engine: To the database of which ``after`` is a reading.
    """
    if before == after:
        return ()
    dialect = dialect_for(after.dialect)
    with dialect.read_only(engine) as connection:
        alignment = settle(align(before, after), dialect.canonicaliser(connection), spell=dialect.spell_expression)
    return tuple(_differences(before, after, "", _Spellings(alignment.settlement)))


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


class _Spellings:
    """Which texts the server takes for the same."""

    def __init__(self, settlement: Settlement) -> None:
        self._same = settlement.same
        self._forms: defaultdict[str, set[str]] = defaultdict(set)
        for question, answer in settlement.answers.items():
            if isinstance(answer, str):
                self._forms[question.sql].add(answer)

    def agree(self, before: Any, after: Any) -> bool:
        """Whether both are expressions, and the same one."""
        if not isinstance(before, Expression) or not isinstance(after, Expression):
            return False
        texts = (before.sql, after.sql)
        return texts in self._same or not self._forms[before.sql].isdisjoint(self._forms[after.sql])


def _differences(before: Any, after: Any, path: str, spellings: _Spellings) -> Iterator[str]:
    if before == after or spellings.agree(before, after):
        return
    if is_dataclass(before) and type(before) is type(after) and not isinstance(before, QualifiedName):
        for field in fields(before):
            if field.name not in _NOT_STRUCTURE:
                yield from _differences(
                    getattr(before, field.name), getattr(after, field.name), _join(path, field.name), spellings
                )
    elif isinstance(before, tuple) and isinstance(after, tuple) and _named((*before, *after)):
        old, new = ({str(item.name): item for item in side} for side in (before, after))
        for name in sorted(old.keys() | new.keys()):
            if name not in new:
                yield f"{path} {name}: gone"
            elif name not in old:
                yield f"{path} {name}: new"
            else:
                yield from _differences(old[name], new[name], f"{path} {name}", spellings)
    else:
        yield f"{path}: {_short(before)} became {_short(after)}"


def _named(items: tuple[Any, ...]) -> bool:
    return bool(items) and all(is_dataclass(item) and hasattr(item, "name") for item in items)


def _join(path: str, name: str) -> str:
    return f"{path} {name}".strip()


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) < 200 else f"{text[:197]}..."
