"""What installed functions make of what they are given: queries hand out rows, everything else may do anything."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType

from drift.sources.responses.functions import is_own
from drift.sources.responses.mapped import mapper_of
from drift.sources.responses.statements import Arguments
from drift.sources.responses.values import (
    PLAIN,
    UNKNOWN,
    ColumnOf,
    Foreign,
    Method,
    Record,
    Rows,
    Series,
    Several,
    Thing,
    Value,
    Values,
    Word,
)

_DATABASE = frozenset({"sqlalchemy", "sqlmodel", "flask_sqlalchemy"})
"""Packages whose functions hand out the rows that they are asked for."""

ONE = frozenset({"get", "get_one", "first", "one", "one_or_none", "scalar", "scalar_one", "scalar_one_or_none"})
ALL = frozenset({"all", "fetchall", "fetchmany", "partitions"})
AS_MAPPINGS = frozenset({"mappings", "_asdict", "tuples"})
_CHOOSES = frozenset({"select", "query"})
"""Functions whose every argument is a column of the result."""

_OPEN = frozenset({"getattr", "eval", "__import__"})
"""Built-in functions that hand out anything."""

_SESSION = frozenset({"get", "get_one", "query", "execute", "scalar", "scalars", "exec", "merge"})
"""Methods of sessions: a session without a written type is known by them."""


def foreign(package: str, name: str, arguments: Arguments, apply: Callable[[Values, Arguments], Values]) -> Values:
    """What an installed function makes of its arguments: rows where it is a database's, else perhaps rows.

    Args:
        package: Top package of the function, empty where it is not known.
        name: The function's name.
        arguments: What it is given.
        apply: Calls a function of the project with arguments.
    """
    given = arguments.all()
    first = arguments.positional[0] if arguments.positional else ()
    for value in first:
        if _is_code(value):
            # `run_in_threadpool(load_user, 1)`: it calls what it is given.
            return apply((value,), Arguments(arguments.positional[1:], arguments.keywords))
    classes = {_entity(value) for value in given} - {None}
    columns = any(isinstance(value, ColumnOf) for value in given)
    if name in _CHOOSES and (len(arguments.positional) != 1 or not classes):
        return (Record(),) if columns or classes else PLAIN
    if name in AS_MAPPINGS or any(isinstance(value, Record) for value in first):
        return (Record(),)
    if columns or (Word.PLAIN in first and package in _DATABASE):
        # An expression of the database, or what a query for one brings: a number most often.
        return PLAIN
    if package == "builtins" and name != "vars":
        return UNKNOWN if name in _OPEN else PLAIN
    if len(classes) == 1:
        cls = classes.pop()
        assert cls is not None
        if package == "fastapi" or name == "vars":
            return (Record(cls),)
        many = next((value.many for value in first if isinstance(value, Rows)), None)
        sure = package in _DATABASE or (not package and name in _SESSION)
        return (Rows(cls, name in ALL if name in ONE | ALL else many, sure),)
    return (Foreign(package),) if package and Word.UNKNOWN not in given else UNKNOWN


def _is_code(value: Value) -> bool:
    """Whether a value is a function of the project."""
    match value:
        case Method(function, _):
            return is_own(function)
        case Thing(FunctionType() as function):
            return is_own(function)
        case _:
            return False


def _entity(value: Value) -> type | None:
    match value:
        case Rows(cls):
            return cls
        case Thing(type() as cls) if mapper_of(cls) is not None:
            return cls
        case Series(items) | Several((items, *_)):
            return next((found for item in items if (found := _entity(item)) is not None), None)
        case _:
            return None
