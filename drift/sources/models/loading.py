"""Loading models: import, configure the mappers, and see that there is something to compare."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.orm import configure_mappers, mapperlib, registry

from drift.errors import DriftError
from drift.schema import Location
from drift.sources.models.blame import blame, relative
from drift.sources.models.importing import describe, project_on_path
from drift.sources.models.loaded import Models
from drift.sources.models.references import label, resolve
from drift.sources.models.source_index import source_index

_MAPPER = re.compile(r"[Mm]apper\[(\w+)[(\]]")
_ATTRIBUTE = re.compile(r"\b([A-Z]\w*)\.([a-z_]\w*)\b")


def load(references: Sequence[object], *, directory: Path) -> Models:
    """Import the models and configure their mappers.

    Args:
        references: Strings such as ``app.models:Base``, ``app.models`` or ``app.models.*``, or the objects themselves:
            base classes, MetaData, registries, lists of them, functions without arguments that return one.
        directory: The project's directory; it and its ``src`` are importable meanwhile.

    Raises:
        DriftError: Nothing of that name, an import failure, a mapper that cannot be configured, or no tables.
    """
    if not references:
        raise DriftError("no models are named", help=("Name them: --models app.models:Base",))
    with project_on_path(directory):
        found: list[MetaData] = []
        skipped: list[str] = []
        for reference in references:
            named = resolve(reference, directory=directory, skipped=skipped)
            found.extend(metadata for metadata in named if metadata not in found)
    source = ", ".join(label(reference) for reference in references)
    return replace(from_metadata(found, source=source, directory=directory), skipped=tuple(skipped))


def from_metadata(metadata: Sequence[MetaData], *, source: str, directory: Path) -> Models:
    """Models from metadata that is already imported (an ``env.py`` handed it over); configures their mappers.

    Raises:
        DriftError: A mapper cannot be configured, or there is no table.
    """
    with project_on_path(directory):
        configure(directory)
    if not any(collection.tables for collection in metadata):
        raise DriftError(
            "the models hold no table",
            details=(f"looked at {source}",),
            help=(
                "The modules that define the tables must be imported: name one that imports them all,",
                "or a whole package with everything below it: --models 'app.models.*'",
            ),
        )
    wanted = {id(collection) for collection in metadata}
    classes: list[type[Any]] = []
    registries: list[registry] = []
    for known in mapperlib._all_registries():
        mapped = [
            mapper
            for mapper in known.mappers
            if any(id(getattr(table, "metadata", None)) in wanted for table in mapper.tables)
        ]
        if mapped or id(known.metadata) in wanted:
            registries.append(known)
        classes.extend(mapper.class_ for mapper in mapped)
    classes.sort(key=lambda cls: (len(cls.__mro__), cls.__module__, cls.__qualname__))
    return Models(tuple(metadata), source, directory, tuple(registries), tuple(classes))


def configure(directory: Path) -> None:
    """Configure all mappers, as the application's first query would.

    Raises:
        DriftError: SQLAlchemy refuses one of them; the original exception is the cause.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            configure_mappers()
    except Exception as error:
        original = getattr(error, "__cause__", None)
        place = _place_of_mapper_error(error, directory) or blame(error, directory)
        raise DriftError(
            "the mappers cannot be configured; the application's first query would fail the same way",
            place=str(place) if place is not None else None,
            details=(describe(error), *((describe(original),) if original is not None else ())),
            help=("Correct the relationship or attribute named above; a class given by name must have been imported.",),
        ) from error


def _place_of_mapper_error(error: Exception, directory: Path) -> Location | None:
    """The class, or the attribute of it, that SQLAlchemy's message speaks of.

    SQLAlchemy configures mappers long after the class body ran, so no line of the user's is in the traceback.
    """
    message = str(error)
    attributes = _ATTRIBUTE.findall(message)
    names = {*_MAPPER.findall(message), *(name for name, _ in attributes)}
    managers = [manager for known in mapperlib._all_registries() for manager in known._managers]
    # What failed may have left a class half made, for which SQLAlchemy raises an error of its own.
    found = [manager.mapper for manager in managers if manager.is_mapped]
    # Classes of one name may exist in several modules; the mapper that failed is marked.
    suspects = [mapper for mapper in found if mapper._configure_failed] or [
        mapper for mapper in found if mapper.class_.__name__ in names
    ]
    for mapper in suspects:
        cls = mapper.class_
        wanted = [attribute for name, attribute in attributes if name == cls.__name__]
        wanted += [key for key, prop in mapper._init_properties.items() if _is_named(prop, key, message)]
        for attribute in wanted:
            place = _line(cls, attribute, directory)
            if place is not None:
                return place
    places = (_line(mapper.class_, None, directory) for mapper in suspects)
    return next((place for place in places if place is not None), None)


def _is_named(prop: Any, key: str, message: str) -> bool:
    """Whether the message names a relationship or what it points to."""
    words = (key, getattr(prop, "argument", None))
    return any(isinstance(word, str) and f"'{word}'" in message for word in words)


def _line(cls: type[Any], attribute: str | None, directory: Path) -> Location | None:
    path = getattr(sys.modules.get(cls.__module__), "__file__", None)
    index = source_index(path) if path else None
    entry = index.classes.get(cls.__qualname__) if index is not None else None
    if path is None or entry is None:
        return None
    line = entry.line if attribute is None else entry.attributes.get(attribute)
    return None if line is None else Location(relative(path, directory), line)
