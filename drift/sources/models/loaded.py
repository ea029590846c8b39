"""What loading models yields, and what one may ask of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drift.schema import QualifiedName

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Sequence, Table
    from sqlalchemy.orm import registry
    from sqlalchemy.types import TypeEngine

IncludeObject = Callable[[Any, "str | None", str, bool, Any], bool]
"""Alembic's ``include_object(object, name, type, reflected, compare_to)``."""

IncludeName = Callable[["str | None", str, Mapping[str, "str | None"]], bool]
"""Alembic's ``include_name(name, type, parent_names)``."""


@dataclass(frozen=True, slots=True)
class Models:
    """The project's models, imported and configured.

    Attributes:
        metadata: All collections of tables, each once, in the order in which they were named.
        source: Where they were found, for people: ``app.models:Base``.
        directory: The working directory, to which places in source code are relative.
        registries: The registries whose classes are mapped to these tables.
        classes: The mapped classes, base classes first.
        skipped: Modules of a whole package that were left out because they run only inside of Alembic.
    """

    metadata: tuple[MetaData, ...]
    source: str
    directory: Path
    registries: tuple[registry, ...] = ()
    classes: tuple[type[Any], ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpectOptions:
    """How the models are read.

    Attributes:
        include_object: Alembic's filter on model objects.
        include_name: Alembic's filter on names.
        include_schemas: Whether Alembic reads other schemas than the default one, and asks for their names.
        schema_translate_map: As in SQLAlchemy's execution option; ``None`` stands for tables without schema.
        locations: Look up files and lines; costs one parse for each source file.
    """

    include_object: IncludeObject | None = None
    include_name: IncludeName | None = None
    include_schemas: bool = False
    schema_translate_map: Mapping[str | None, str | None] = field(default_factory=dict)
    locations: bool = True


@dataclass(frozen=True, slots=True)
class Natives:
    """SQLAlchemy's own objects behind the expected side, by the names that the expected side uses."""

    tables: Mapping[QualifiedName, Table] = field(default_factory=dict)
    enums: Mapping[QualifiedName, TypeEngine[Any]] = field(default_factory=dict)
    domains: Mapping[QualifiedName, TypeEngine[Any]] = field(default_factory=dict)
    sequences: Mapping[QualifiedName, Sequence] = field(default_factory=dict)
