"""What a check never compares: said once, for those who ask for more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drift.dialects import Dialect
from drift.schema import Schema

_SHOWN = 8


def not_compared(expected: Schema, actual: Schema, dialect: Dialect) -> tuple[tuple[str, str], ...]:
    """Pairs of what it is and why: what lies there and models cannot say, and what the dialect cannot see at all."""
    return (*_there(expected, actual), *dialect.cannot_see())


def _there(expected: Schema, actual: Schema) -> Iterator[tuple[str, str]]:
    events = _few(event.place for event in expected.events)
    if events:
        yield f"made by events of the models: {events}", "only whether the database has something that they name"
    mapped = {table.name for table in expected.tables}
    triggers = _few(
        f"{table.name}.{one.name}" for table in actual.tables if table.name in mapped for one in table.triggers
    )
    if triggers:
        yield f"triggers: {triggers}", "only whether they are enabled; `drift diff migrations: database` compares them"
    functions = _few(str(function.name) for function in actual.functions)
    if functions:
        yield f"functions: {functions}", "models cannot say them; `drift diff migrations: database` compares them"
    extensions = _few(extension.name for extension in actual.extensions)
    if extensions:
        yield f"extensions: {extensions}", "models cannot say them; `drift diff migrations: database` compares them"


def _few(names: Iterable[str]) -> str:
    found = tuple(dict.fromkeys(names))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more
