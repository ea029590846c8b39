"""Who else takes part in a field: classes that inherit it, and requests that would be loosened with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from inspect import get_annotations
from typing import Any

from pydantic import BaseModel

from drift.sources.responses.discovery import Discovery
from drift.sources.responses.unwrap import reachable

Schema = type[BaseModel]


def requests_of(discovery: Discovery, is_request: Callable[[Schema], bool]) -> frozenset[Schema]:
    """Every schema that a request is read by, nested ones included: routes say so, else the name does."""
    found: set[Schema] = set()
    for schema, entry in discovery.schemas.items():
        if entry.takes or (is_request(schema) and not entry.routes):
            found.update(reachable(schema))
    return frozenset(found)


def shared_with(schema: Schema, field: str, responses: Collection[Schema]) -> tuple[str, ...]:
    """What inherits the field from the class that declares it, and is no response; empty where it is the schema's own.

    A class with classes below it counts by those: it may be nothing but their base.
    """
    owner = _owner(schema, field)
    if owner is None or owner is schema:
        return ()
    heirs = (cls for cls in _below(owner) if not cls.__subclasses__() and _owner(cls, field) is owner)
    return tuple(sorted({cls.__name__ for cls in heirs if cls not in responses}))


def loosened_by(schema: Schema, field: str, requests: Collection[Schema]) -> tuple[str, ...]:
    """The requests that read the field as the schema has it: itself, or classes below it."""
    heirs = (cls for cls in (schema, *_below(schema)) if _owner(cls, field) in schema.__mro__)
    return tuple(sorted({cls.__name__ for cls in heirs if cls in requests}))


def _owner(schema: Schema, field: str) -> type | None:
    """The class whose body declares the field."""
    return _owners(schema).get(field)


@lru_cache(maxsize=256)
def _owners(schema: Schema) -> dict[str, type]:
    return {field: cls for cls in reversed(schema.__mro__) for field in get_annotations(cls)}


def _below(cls: type) -> Iterator[Schema]:
    children: list[type[Any]] = cls.__subclasses__()
    for child in children:
        yield child
        yield from _below(child)
