"""What a written type says of a value."""

from __future__ import annotations

import collections.abc
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar, get_args, get_origin

from drift.sources.responses.functions import is_own, package_of
from drift.sources.responses.mapped import mapper_of
from drift.sources.responses.unwrap import is_schema
from drift.sources.responses.values import PLAIN, UNKNOWN, Foreign, Instance, Rows, Series, Several, Values, Word, join


def values_of_type(hint: Any, bound: Mapping[TypeVar, Any] | None = None) -> Values:
    """Rows for a mapped class, a list of them for a list; unknown for a schema, which may be filled in any way."""
    if isinstance(hint, TypeVar):
        known = (bound or {}).get(hint)
        return values_of_type(known) if known is not None else UNKNOWN
    origin = get_origin(hint)
    if origin is typing.Annotated:
        return values_of_type(get_args(hint)[0], bound)
    if origin in (typing.Union, types.UnionType):
        return join(values_of_type(part, bound) for part in get_args(hint) if part is not type(None))
    if isinstance(origin, type):
        return _of_generic(origin, get_args(hint), bound)
    return _of_class(hint)


def _of_generic(origin: type, arguments: tuple[Any, ...], bound: Mapping[TypeVar, Any] | None) -> Values:
    if issubclass(origin, collections.abc.Mapping):
        return UNKNOWN
    if issubclass(origin, (collections.abc.Generator, collections.abc.AsyncGenerator)):
        return values_of_type(arguments[0], bound) if arguments else UNKNOWN
    if origin is tuple and ... not in arguments:
        return (Several(tuple(values_of_type(part, bound) for part in arguments)),)
    if issubclass(origin, (collections.abc.Iterable, collections.abc.AsyncIterable)) and not is_schema(origin):
        return (Series(join(values_of_type(part, bound) for part in arguments if part is not ...)),)
    if origin in (collections.abc.Awaitable, collections.abc.Coroutine):
        return values_of_type(arguments[-1], bound) if arguments else UNKNOWN
    return _of_class(origin)


def _of_class(cls: Any) -> Values:
    if cls is None or cls is type(None):
        return PLAIN
    if not isinstance(cls, type) or cls in (object, Any) or (is_schema(cls) and mapper_of(cls) is None):
        return UNKNOWN
    if mapper_of(cls) is not None:
        return (Rows(cls, False),)
    if is_answer(cls):
        return (Word.ANSWER,)
    if cls in (str, int, float, bool, bytes):
        return PLAIN
    if is_own(cls):
        return (Instance(cls),)
    return (Foreign(package_of(cls)),) if cls.__module__ != "builtins" else UNKNOWN


def is_answer(cls: type) -> bool:
    """Whether instances are responses that a framework sends as they are."""
    return any(base.__name__ == "Response" and not is_own(base) for base in cls.__mro__)
