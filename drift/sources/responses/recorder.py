"""Notes which mapped classes which schemas really met, while a project's own test suite runs.

The pytest plugin starts a :class:`Recorder` and writes what it saw; a check reads the file as evidence. Only class
names are kept, never values.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drift.errors import DriftError
from drift.files import only_writer, write_file
from drift.sources.responses.mapped import dotted, mapper_of
from drift.sources.responses.unwrap import schemas_in

FILE = ".drift-responses.json"
"""Where the pytest plugin writes, and a check looks, by default."""

_VERSION = 1


class Recorder:
    """Watches ``model_validate``, ``TypeAdapter.validate_python``, and FastAPI's serialisation of responses."""

    def __init__(self) -> None:
        self.met: set[tuple[str, str]] = set()
        self._undo: list[Callable[[], None]] = []
        self._mapped: dict[type, bool] = {}

    def start(self) -> None:
        """Begin to watch. Schemas behave as before."""
        from pydantic import BaseModel, TypeAdapter

        self._watch_class_method(BaseModel)
        try:
            from sqlmodel import SQLModel
        except ImportError:
            pass
        else:
            if "model_validate" in vars(SQLModel):
                self._watch_class_method(SQLModel)
        self._watch_adapter(TypeAdapter)
        self._watch_fastapi()

    def stop(self) -> None:
        """Put everything back."""
        while self._undo:
            self._undo.pop()()

    def write(self, path: Path) -> None:
        """Add what was seen to the file at ``path``: several test processes may write to it."""
        with only_writer(path.parent):
            met = self.met | set(read(path)) if path.exists() else self.met
            document = {"version": _VERSION, "pairs": [{"schema": s, "model": m} for s, m in sorted(met)]}
            write_file(path, json.dumps(document, indent=2) + "\n")

    def note(self, annotation: Any, value: Any) -> None:
        """A value is validated as ``annotation``."""
        values = value if isinstance(value, (list, tuple, set, frozenset)) else (value,)
        for item in values:
            cls = type(item)
            known = self._mapped.get(cls)
            if known is None:
                known = self._mapped[cls] = mapper_of(cls) is not None
            if known:
                for schema in schemas_in(annotation):
                    if schema is not cls:
                        self.met.add((dotted(schema), dotted(cls)))

    def _watch_class_method(self, owner: Any) -> None:
        original = vars(owner)["model_validate"]
        note = self.note

        def model_validate(cls: Any, obj: Any, *arguments: Any, **keywords: Any) -> Any:
            note(cls, obj)
            return original.__func__(cls, obj, *arguments, **keywords)

        owner.model_validate = classmethod(model_validate)
        self._undo.append(lambda: setattr(owner, "model_validate", original))

    def _watch_adapter(self, owner: Any) -> None:
        original = owner.validate_python
        note = self.note

        def validate_python(self: Any, obj: Any, /, *arguments: Any, **keywords: Any) -> Any:
            # FastAPI adapts Annotated[response_model, ...]; only recent versions keep the type.
            note(getattr(self, "_type", None), obj)
            return original(self, obj, *arguments, **keywords)

        owner.validate_python = validate_python
        self._undo.append(lambda: setattr(owner, "validate_python", original))

    def _watch_fastapi(self) -> None:
        try:
            from fastapi import routing
        except ImportError:
            return
        original = routing.serialize_response
        note = self.note

        async def serialize_response(*, field: Any = None, response_content: Any, **keywords: Any) -> Any:
            information = getattr(field, "field_info", None)
            annotation = getattr(information, "annotation", None) or getattr(field, "type_", None)
            note(annotation, response_content)
            return await original(field=field, response_content=response_content, **keywords)

        routing.serialize_response = serialize_response
        self._undo.append(lambda: setattr(routing, "serialize_response", original))


def read(path: Path) -> tuple[tuple[str, str], ...]:
    """The recorded pairs of (schema, mapped class).

    Raises:
        DriftError: The file is not one of these.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] != _VERSION:
            raise ValueError(document["version"])
        return tuple((str(pair["schema"]), str(pair["model"])) for pair in document["pairs"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DriftError(
            f"{path} is not a record of response schemas",
            details=(type(error).__name__,),
            help=("delete it and run the test suite again with --drift-record",),
        ) from error
