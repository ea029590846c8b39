"""What an expression of the project's code can stand for, as far as reading tells: objects, rows, schemas, values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias


class Word(Enum):
    """A value of which nothing more is known."""

    UNKNOWN = "unknown"
    PLAIN = "plain"
    """A number, a text, the outcome of a computation: no row, and no NULL straight from one."""
    ANSWER = "answer"
    """A response object: nothing is validated."""


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """An object that exists: a module, a class, a function, an instance in a module's namespace."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Thing) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


@dataclass(frozen=True, slots=True)
class Rows:
    """Objects of a mapped class, or a query for them.

    Attributes:
        many: Several (``True``), one (``False``), or not known.
        sure: It is the rows themselves; else something that was made of them, a page for example.
    """

    cls: type
    many: bool | None = None
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping or a tuple of a row's columns."""

    cls: type | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """The value of a column attribute, NULL included."""

    cls: type
    key: str


@dataclass(frozen=True, slots=True)
class ColumnOf:
    """A column attribute of the class itself, as queries name it."""

    cls: type
    key: str


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """An instance of a schema that the code builds by hand.

    Attributes:
        fields: The values that it names.
        whole: It names all of them; else a mapping was spread.
        place: File and line.
    """

    schema: type
    fields: Mapping[str, Values]
    whole: bool
    place: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Validated:
    """An instance of a schema that the code validated; what it read is noted already."""

    schema: type


@dataclass(frozen=True, slots=True, eq=False)
class Keyed:
    """A dictionary of which the keys are written."""

    fields: dict[str, Values]
    whole: bool
    place: tuple[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A list, or anything else that is gone through."""

    items: Values


@dataclass(frozen=True, slots=True, eq=False)
class Several:
    """A tuple that is written out."""

    items: tuple[Values, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """An instance of one of the project's own classes, with the attributes that its ``__init__`` sets."""

    cls: type
    attributes: dict[str, Values] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Foreign:
    """An object of an installed package."""

    package: str


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """A function that is bound to a value, its first argument."""

    function: Any
    owner: Value


@dataclass(frozen=True, slots=True, eq=False)
class Parent:
    """``super()``: a value whose methods are looked up from the class after ``cls`` on."""

    value: Value
    cls: type | None


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """A ``TypeAdapter``, with its type."""

    annotation: Any


Value: TypeAlias = (
    Word | Thing | Rows | Record | Cell | ColumnOf | Made | Validated | Keyed | Series | Several | Instance | Foreign
    | Method | Parent | Adapter
)  # fmt: skip
Values: TypeAlias = tuple[Value, ...]

UNKNOWN: Values = (Word.UNKNOWN,)
PLAIN: Values = (Word.PLAIN,)
_MOST = 16
"""Alternatives that are followed; past them nothing is known."""


def join(groups: Iterable[Values]) -> Values:
    """All alternatives, each once."""
    found = tuple(dict.fromkeys(value for group in groups for value in group))
    return found if len(found) <= _MOST else UNKNOWN


def elements(values: Values) -> Values:
    """What is met when the values are gone through."""
    return join(_elements(value) for value in values)


def _elements(value: Value) -> Values:
    match value:
        case Series(items):
            return items
        case Several(items):
            return join(items)
        case Rows(cls, _, sure):
            return (Rows(cls, False, sure),)
        case Record() | Word.PLAIN:
            return (value,)
        case _:
            return UNKNOWN
