"""Which Pydantic models stand inside a type: ``list[UserOut] | None``, ``Page[UserOut]``, ``dict[str, UserOut]``."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel


def parts(annotation: Any) -> Iterator[Any]:
    """The leaves of a type: what is left after unions, containers, and ``Annotated`` are opened."""
    stack = [annotation]
    while stack:
        current = stack.pop()
        value = getattr(current, "__value__", None)
        if value is not None and type(current).__name__ == "TypeAliasType":
            stack.append(value)
            continue
        origin = get_origin(current)
        if origin is None:
            yield current
        elif origin is typing.Annotated:
            stack.append(get_args(current)[0])
        elif origin is not typing.Literal:
            if isinstance(origin, type):
                yield origin
            stack.extend(reversed(get_args(current)))


def is_schema(value: Any) -> bool:
    """Whether it is a Pydantic model class."""
    return issubclass(type(value), type) and issubclass(value, BaseModel) and value is not BaseModel


def schemas_in(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The Pydantic models that stand directly in a type, in order."""
    return tuple(dict.fromkeys(part for part in parts(annotation) if is_schema(part)))


def reachable(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The Pydantic models in a type and, through their fields, in those."""
    found: dict[type[BaseModel], None] = {}
    queue = list(schemas_in(annotation))
    while queue:
        schema = queue.pop(0)
        if schema in found:
            continue
        found[schema] = None
        for field in schema.model_fields.values():
            queue.extend(nested for nested in schemas_in(field.annotation) if nested not in found)
    return tuple(found)


def without_optional(annotation: Any) -> tuple[Any, bool]:
    """A type without its ``None``, and whether it had one. A union of several others stays a union."""
    if get_origin(annotation) is typing.Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) not in (typing.Union, types.UnionType):
        return annotation, annotation is None or annotation is type(None)
    rest = tuple(part for part in get_args(annotation) if part is not type(None))
    optional = len(rest) < len(get_args(annotation))
    if len(rest) == 1:
        return rest[0], optional
    return (typing.Union[rest] if rest else type(None)), optional  # noqa: UP007 - built from values


def spell(annotation: Any) -> str:
    """A type as people write it: ``str | None`` instead of ``typing.Optional[str]``."""
    if annotation is None or annotation is type(None):
        return "None"
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        return spell(get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return " | ".join(spell(part) for part in get_args(annotation))
    if origin is typing.Literal:
        return f"Literal[{', '.join(repr(value) for value in get_args(annotation))}]"
    if origin is not None:
        name = getattr(origin, "__name__", str(origin))
        arguments = ", ".join("..." if part is ... else spell(part) for part in get_args(annotation))
        return f"{name}[{arguments}]" if arguments else name
    return getattr(annotation, "__name__", None) or str(annotation).replace("typing.", "")
