"""What the models make by events of their own: ``event.listen(table, "after_create", DDL("CREATE INDEX ..."))``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

from sqlalchemy.schema import ExecutableDDLElement, SchemaItem

from drift.alignment.renaming import identifiers
from drift.schema import MadeByEvent
from drift.sources.models.blame import is_of_project
from drift.sources.models.loaded import Models
from drift.sources.models.spelling import Spelling

_MOMENTS = ("before_create", "after_create")


def made_by_events(models: Models, spelling: Spelling) -> tuple[MadeByEvent, ...]:
    """One for each statement, or function of the project, that is run when tables or the whole metadata are created.

    The text of a function is that of its constants: nothing is run to find out.
    """
    found: list[MadeByEvent] = []
    for target, label in _targets(models, spelling):
        for moment in _MOMENTS:
            for listener in getattr(target.dispatch, moment):
                text = _text(listener, target, spelling, models.directory)
                if text is not None:
                    names = tuple(sorted(name.lower() for name in identifiers(text)))
                    found.append(MadeByEvent(f"{label}.{moment}", " ".join(text.split()), names))
    return tuple(found)


def _targets(models: Models, spelling: Spelling) -> Iterator[tuple[Any, str]]:
    for metadata in models.metadata:
        yield metadata, "metadata"
        for table in metadata.tables.values():
            yield table, str(spelling.qualified(table.schema, table.name))


def _text(listener: Any, target: SchemaItem, spelling: Spelling, directory: Path) -> str | None:
    """What it runs; ``None`` where it does nothing on this database, or is a library's."""
    if isinstance(listener, ExecutableDDLElement):
        condition = listener._ddl_if
        if condition is not None and not condition._should_execute(listener, target, None, compiler=spelling.ddl):
            return None
        return str(listener.against(target).compile(dialect=spelling.native))
    function = inspect.unwrap(listener)
    while isinstance(function, functools.partial):
        function = function.func
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None or not is_of_project(code.co_filename, directory):
        return None
    return "\n".join(_constants(code))


def _constants(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, CodeType):
            yield from _constants(constant)
