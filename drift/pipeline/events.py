"""What the models make by events: no false alarm where it is there, and *not checked* where it is not to be seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from drift.checks.registry import definition_of
from drift.findings import Finding, NotChecked, Outcome
from drift.schema import MadeByEvent, Schema, Table

_SHOWN = 100
_UNEXPECTED = "2"


def heard(outcomes: Iterable[Outcome], expected: Schema, actual: Schema) -> tuple[Outcome, ...]:
    """The outcomes without what is unexpected only because an event makes it, and with what no event can be asked.

    An event's text is not taken apart. Where it names something that the database has and nothing else in the models
    names, it is taken to have made that.
    """
    if not expected.events:
        return tuple(outcomes)
    mentioned = frozenset(name for event in expected.events for name in event.names)
    beside = _names(actual) - _names(expected)
    unseen = [event for event in expected.events if beside.isdisjoint(event.names)]
    kept = [item for item in outcomes if not (_is_unexpected(item) and _last(item).lower() in mentioned)]
    return (*kept, *_not_checked(unseen))


def _is_unexpected(item: Outcome) -> bool:
    return isinstance(item, Finding) and item.code[2] == _UNEXPECTED


def _last(item: Outcome) -> str:
    return item.subject.name if item.subject is not None else ""


def _not_checked(events: list[MadeByEvent]) -> Iterator[NotChecked]:
    for event in events:
        code = "TB313"
        text = event.text if len(event.text) <= _SHOWN else f"{event.text[:_SHOWN]}…"
        reason = (
            f"{event.place} (models): what an event makes is not compared, and nothing here goes by its name: {text}"
        )
        yield NotChecked(code, definition_of(code).name, None, reason, None)


def _names(schema: Schema) -> frozenset[str]:
    """All that is called something, in lower case."""
    things: list[Any] = [*schema.enums, *schema.domains, *schema.sequences, *schema.functions]
    names = [thing.name.name for thing in things]
    names += [extension.name for extension in schema.extensions]
    names += [name.name for name in schema.relation_names]
    for table in schema.tables:
        names += [table.name.name, *_inside(table)]
    return frozenset(name.lower() for name in names)


def _inside(table: Table) -> Iterator[str]:
    parts: tuple[Any, ...] = (
        *table.columns,
        *table.uniques,
        *table.foreign_keys,
        *table.checks,
        *table.exclusions,
        *table.indexes,
        *table.triggers,
    )
    yield from (part.name for part in parts if part.name is not None)
    if table.primary_key is not None and table.primary_key.name is not None:
        yield table.primary_key.name
