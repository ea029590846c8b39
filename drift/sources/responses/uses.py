"""How the code of a route fills a schema: from rows, by hand, from a mapping."""

from __future__ import annotations

import collections.abc
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, get_args, get_origin

from pydantic import BaseModel, RootModel

from drift.sources.responses.reading import reads_of
from drift.sources.responses.unwrap import is_schema, schemas_in
from drift.sources.responses.values import (
    Cell,
    Foreign,
    Instance,
    Keyed,
    Made,
    Record,
    Rows,
    Series,
    Several,
    Value,
    Values,
    Word,
    join,
)

Place = tuple[str, int]


class How(Enum):
    """How a schema is filled, told apart by what can be said about it."""

    READ = "gives it"
    BUILT = "builds it itself"
    RECORD = "fills it from a mapping"
    ANSWER = "answers without it"
    UNKNOWN = "gives it something unknown"


@dataclass(frozen=True, slots=True)
class Use:
    """One way in which an endpoint fills a schema.

    Attributes:
        model: The mapped class whose rows it is filled from, where that is known.
        certain: The rows themselves are given, not something that was made of them.
        alone: No other member of a union could take them.
        passed: For what is built by hand: pairs of a field and the column attribute whose value it gets as it is.
        place: File and line.
        caught: The code catches what validating raises.
    """

    schema: type[BaseModel]
    how: How
    model: type | None = None
    certain: bool = True
    alone: bool = True
    passed: tuple[tuple[str, Cell], ...] = ()
    place: Place | None = None
    caught: bool = False


@dataclass(slots=True)
class Uses:
    """Notes what flows into schemas.

    Attributes:
        handlers: How many handlers stand around the code being read that catch what validating raises.
    """

    found: dict[Use, None] = field(default_factory=dict)
    handlers: int = 0

    def note(self, use: Use) -> None:
        """One more use."""
        self.found[replace(use, caught=self.handlers > 0)] = None

    def flow(self, values: Values, annotation: Any, place: Place) -> None:
        """``values`` are given to something of the type ``annotation``, and validated."""
        for value in values:
            self._flow(value, annotation, place)

    def _flow(self, value: Value, annotation: Any, place: Place) -> None:
        match value:
            case Rows(cls, many, sure):
                targets = _able(_readers(annotation, many), cls)
                for schema in targets:
                    self.note(Use(schema, How.READ, cls, certain=sure, alone=len(targets) == 1, place=place))
                if not targets or not sure:
                    for schema in _enclosed(annotation):
                        self.note(Use(schema, How.READ, cls, certain=False, place=place))
            case Series(items):
                self._through(items, annotation, place)
            case Several(items):
                self._through(join(items), annotation, place)
            case Keyed(fields, whole, where):
                for schema in _singles(annotation):
                    if set(fields) & set(schema.model_fields):
                        self.built(schema, fields, whole=whole, place=where)
            case Made(schema, fields, whole, where):
                for target in _same(schema, annotation):
                    self.built(target, fields, whole=whole, place=where)
            case Record(cls):
                for schema in _singles(annotation):
                    self.note(Use(schema, How.RECORD, cls, place=place))
            case Word.ANSWER:
                for schema in schemas_in(annotation):
                    self.note(Use(schema, How.ANSWER, place=place))
            case Word.UNKNOWN | Instance() | Foreign():
                for schema in schemas_in(annotation):
                    self.note(Use(schema, How.UNKNOWN, place=place))
            case _:
                pass

    def _through(self, items: Values, annotation: Any, place: Place) -> None:
        for inner in _element_types(annotation):
            self.flow(items, inner, place)

    def built(self, schema: type[BaseModel], fields: typing.Mapping[str, Values], *, whole: bool, place: Place) -> None:
        """A schema is filled field by field."""
        passed: list[tuple[str, Cell]] = []
        names = {info.alias: name for name, info in schema.model_fields.items() if info.alias}
        for key, values in fields.items():
            name = names.get(key, key)
            info = schema.model_fields.get(name)
            if info is None:
                continue
            passed += [(name, value) for value in values if isinstance(value, Cell)]
            self.flow(values, info.annotation, place)
        if schema.__pydantic_generic_metadata__["parameters"]:
            # A page of no kind yet: the one that is served says of which.
            return
        unknown = not whole or any(isinstance(value, Record) for values in fields.values() for value in values)
        self.note(Use(schema, How.RECORD if unknown else How.BUILT, passed=tuple(passed), place=place))


def _members(annotation: Any) -> Iterator[Any]:
    """The members of a union, opened; a root model stands for its type."""
    value = getattr(annotation, "__value__", None)
    if value is not None and type(annotation).__name__ == "TypeAliasType":
        annotation = value
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in (typing.Union, types.UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    elif is_schema(annotation) and issubclass(annotation, RootModel):
        yield from _members(annotation.model_fields["root"].annotation)
    else:
        yield annotation


def _element_types(annotation: Any) -> Iterator[Any]:
    for member in _members(annotation):
        origin = get_origin(member)
        if isinstance(origin, type) and issubclass(origin, collections.abc.Mapping):
            continue
        if isinstance(origin, type) and issubclass(origin, collections.abc.Iterable) and not is_schema(member):
            yield from (part for part in get_args(member) if part is not ...)


def _singles(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The schemas that one object can be read by."""
    return tuple(dict.fromkeys(member for member in _members(annotation) if is_schema(member)))


def _readers(annotation: Any, many: bool | None) -> tuple[type[BaseModel], ...]:
    """The schemas that rows can be read by: the elements of a list for several, else the schema itself."""
    inside = tuple(dict.fromkeys(schema for inner in _element_types(annotation) for schema in _singles(inner)))
    if many or (many is None and inside):
        return inside
    return _singles(annotation)


def _able(schemas: tuple[type[BaseModel], ...], cls: type) -> tuple[type[BaseModel], ...]:
    """Of several schemas those that the class has something for in every required field, all where it has for none."""
    if len(schemas) < 2:
        return schemas
    names = frozenset(dir(cls))
    able = tuple(
        schema
        for schema in schemas
        if not any(
            schema.model_fields[field].is_required() and names.isdisjoint(read)
            for field, read in reads_of(schema).items()
        )
    )
    return able or schemas


def _enclosed(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The schemas that a generic page is made for: ``Page[UserOut]``."""
    found: dict[type[BaseModel], None] = {}
    for member in _singles(annotation):
        arguments = getattr(member, "__pydantic_generic_metadata__", {}).get("args", ())
        found.update(dict.fromkeys(schema for argument in arguments for schema in schemas_in(argument)))
    return tuple(found)


def _same(schema: type, annotation: Any) -> tuple[type[BaseModel], ...]:
    """The schema that an instance of ``schema`` is served by: itself, or the page of its kind."""
    members = _singles(annotation)
    own = tuple(member for member in members if issubclass(schema, member) or _origin(member) is _origin(schema))
    return own or members


def _origin(schema: Any) -> Any:
    return getattr(schema, "__pydantic_generic_metadata__", {}).get("origin") or schema
