"""Where schemas and their fields are written, and what is ignored there.

Sources are parsed once; a class is found by its module and qualified name. Classes without source (``create_model``,
``type(...)``) have no place.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drift.schema import Location
from drift.sources.models.blame import relative

_IGNORE = re.compile(r"#\s*drift:\s*ignore(?:\[([^\]]*)\])?")


@dataclass(frozen=True, slots=True)
class Span:
    """First and last line of a statement, from 1."""

    first: int
    last: int


@dataclass(slots=True)
class ClassPlace:
    """A class statement and the statements of its fields."""

    path: str
    header: Span
    fields: dict[str, Span] = field(default_factory=dict)


class Places:
    """Looks up source places of classes; one parse for each file."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: dict[str, tuple[dict[str, ClassPlace], list[str]]] = {}
        self._shown: dict[str, str] = {}

    def of_class(self, cls: type) -> Location | None:
        """The line of the class statement."""
        found = self._place(cls)
        return Location(self._relative(found.path), found.header.first) if found else None

    def of_field(self, cls: type, name: str) -> Location | None:
        """The line of the field's annotation, in the nearest class of the MRO that has it; else the class's line."""
        found = self._field(cls, name)
        if found is None:
            return self.of_class(cls)
        place, span = found
        return Location(self._relative(place.path), span.first)

    def ignored(self, cls: type, name: str | None) -> tuple[str, ...]:
        """Codes in ``# drift: ignore[...]`` on the field (or, for ``None``, on the class statement).

        A comment without brackets ignores everything and is given as ``ALL``.
        """
        if name is None:
            place = self._place(cls)
            span = place.header if place else None
        else:
            found = self._field(cls, name)
            place, span = found if found is not None else (None, None)
        if place is None or span is None:
            return ()
        codes: list[str] = []
        for line in self._files[place.path][1][span.first - 1 : span.last]:
            for match in _IGNORE.finditer(line):
                codes.extend(code.strip() for code in (match[1] or "ALL").split(","))
        return tuple(codes)

    def _relative(self, path: str) -> str:
        if path not in self._shown:
            self._shown[path] = relative(path, self._directory)
        return self._shown[path]

    def _field(self, cls: type, name: str) -> tuple[ClassPlace, Span] | None:
        for base in cls.__mro__:
            place = self._place(base)
            if place is not None and name in place.fields:
                return place, place.fields[name]
        return None

    def _place(self, cls: type) -> ClassPlace | None:
        module = sys.modules.get(cls.__module__)
        path = getattr(module, "__file__", None)
        if not path:
            return None
        if path not in self._files:
            self._files[path] = _parse(path)
        # `Page[UserOut]` is a class of its own without a statement; its origin has one.
        origin = getattr(cls, "__pydantic_generic_metadata__", {}).get("origin")
        name = (origin or cls).__qualname__.replace("<locals>.", "")
        return self._files[path][0].get(name)


def _parse(path: str) -> tuple[dict[str, ClassPlace], list[str]]:
    try:
        text = Path(path).read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError):
        return {}, []
    found: dict[str, ClassPlace] = {}
    _collect(tree.body, "", path, found)
    return found, text.splitlines()


def _collect(body: list[Any], prefix: str, path: str, found: dict[str, ClassPlace]) -> None:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            last = statement.body[0].lineno - 1 if statement.body else statement.lineno
            place = ClassPlace(path, Span(statement.lineno, max(statement.lineno, last)))
            for inner in statement.body:
                span = Span(inner.lineno, inner.end_lineno or inner.lineno)
                if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                    place.fields[inner.target.id] = span
                elif isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    place.fields.setdefault(inner.name, Span(inner.lineno, inner.body[0].lineno - 1))
            found[prefix + statement.name] = place
            _collect(statement.body, f"{prefix}{statement.name}.", path, found)
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            _collect(statement.body, f"{prefix}{statement.name}.", path, found)
        else:
            for part in ("body", "orelse", "finalbody"):
                inner_body = getattr(statement, part, None)
                if isinstance(inner_body, list):
                    _collect(inner_body, prefix, path, found)
