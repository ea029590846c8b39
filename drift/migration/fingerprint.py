"""A fingerprint of a whole schema: which state a plan was made for."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from enum import Enum as PythonEnum
from typing import Any

from drift.schema import Schema

_NOT_STRUCTURE = frozenset({"estimated_rows", "written", "location", "source", "server", "canonical", "position"})


def schema_fingerprint(schema: Schema) -> str:
    """16 hex digits that change when the structure does, and not with sizes, sources, or column order."""
    content = [_plain(part) for part in (schema.tables, schema.enums, schema.domains, schema.sequences)]
    return hashlib.sha256(repr(content).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(_plain(getattr(value, f.name)) for f in fields(value) if f.name not in _NOT_STRUCTURE)
    if isinstance(value, PythonEnum):
        return value.value
    if isinstance(value, tuple):
        items = [_plain(item) for item in value]
        named = value and all(hasattr(item, "name") for item in value)
        return tuple(sorted(items, key=repr) if named else items)
    return value
