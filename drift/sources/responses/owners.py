"""What methods are bound to, and in which class they stand."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from drift.sources.responses.functions import is_own
from drift.sources.responses.values import Instance, Rows, Thing, Value


def underlying(found: Any) -> Any:
    """The function of a class or static method."""
    return getattr(found, "__func__", found)


def class_of(owner: Value | None) -> type:
    """The class of what a method is bound to."""
    match owner:
        case Instance(cls) | Rows(cls):
            return cls
        case Thing(type() as cls):
            return cls
        case Thing(value):
            return type(value)
        case _:
            return object


def defining_class(function: FunctionType, owner: Value | None) -> type | None:
    """The class whose body holds the function."""
    return next(
        (base for base in class_of(owner).__mro__ if underlying(vars(base).get(function.__name__)) is function), None
    )


def next_method(value: Value, cls: type | None, name: str) -> FunctionType | None:
    """The method that ``super()`` means inside ``cls``."""
    order: Iterator[type] = iter(class_of(value).__mro__)
    for base in order:
        if base is cls:
            break
    found = next((underlying(vars(base)[name]) for base in order if name in vars(base)), None)
    return found if isinstance(found, FunctionType) and is_own(found) else None
