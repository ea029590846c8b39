"""Enum types and domains."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.types import Enum as NativeEnum
from sqlalchemy.types import SchemaType, TypeEngine

from drift.schema import Check, Domain, Enum, Location
from drift.sources.models.spelling import Spelling
from drift.sources.models.type_facts import TypeSpeller, collation_name


def enum(native: Any, spelling: Spelling, location: Location | None) -> Enum:
    """A native enum type; ``location`` is where the first column of that type is written."""
    return Enum(
        spelling.qualified(native.schema, native.name), tuple(str(label) for label in native.enums), location=location
    )


def domain(native: Any, spelling: Spelling, types: TypeSpeller) -> Domain:
    """A domain.

    Raises:
        CompileError: Its base type, default or condition cannot be expressed.
    """
    checks: tuple[Check, ...] = ()
    if native.check is not None:
        name = str(native.constraint_name) if native.constraint_name else None
        checks = (Check(name, spelling.expression(native.check)),)
    base = types.facts(native.data_type)
    return Domain(
        spelling.qualified(native.schema, native.name),
        base.type,
        nullable=not native.not_null,
        default=spelling.default(native.default) if native.default is not None else None,
        collation=collation_name(native.collation, spelling) if native.collation else base.collation,
        checks=checks,
    )


def named_types_of_metadata(metadata: MetaData) -> tuple[TypeEngine[Any], ...]:
    """Enum types and domains that ``create_all()`` makes although no column has to use them (``metadata=...``).

    They listen to the metadata's creation; no list holds them in every version of SQLAlchemy, whatever their schema.
    """
    found: list[Any] = []
    for listener in metadata.dispatch.before_create:
        # 2.0 wraps the method; the wrapper keeps its object in ``target``.
        native: Any = getattr(listener, "__self__", None) or getattr(listener, "target", None)
        if not isinstance(native, SchemaType):
            continue
        is_enum = isinstance(native, NativeEnum) and native.native_enum
        if (is_enum or getattr(native, "__visit_name__", "") == "DOMAIN") and native.name and native not in found:
            found.append(native)
    return tuple(sorted(found, key=lambda native: str(native.name)))
