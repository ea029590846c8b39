"""Where tables and columns are written: file and line of classes, attributes, and ``Table(...)`` calls."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from types import ModuleType
from typing import Any

from sqlalchemy import Column as NativeColumn
from sqlalchemy import MetaData
from sqlalchemy import Table as NativeTable
from sqlalchemy.orm import Mapper

from drift.schema import Location
from drift.sources.models.blame import is_foreign, relative
from drift.sources.models.importing import is_a
from drift.sources.models.loaded import Models
from drift.sources.models.source_index import SourceIndex, calls_table, source_index


class Locations:
    """Answers for the tables and columns of some models. Each source file is parsed once, when first asked about."""

    def __init__(self, models: Models, *, lookup: bool = True) -> None:
        self._directory = models.directory
        self._lookup = lookup
        self._mappers: dict[NativeTable, list[Mapper[Any]]] = defaultdict(list)
        for cls in models.classes:
            mapper: Mapper[Any] = cls.__mapper__
            for table in mapper.tables:
                if isinstance(table, NativeTable):
                    self._mappers[table].append(mapper)
        self._attributes: dict[type[Any], Mapping[str, Location]] = {}
        self._homes: Mapping[int, tuple[str, ...]] | None = None
        self._calls: dict[NativeTable, tuple[Location, Mapping[str, int]] | None] = {}

    def table(self, table: NativeTable) -> tuple[Location | None, str | None]:
        """Where the table is written, and the dotted name of the class that is mapped to it."""
        mapper = self._owner(table)
        if mapper is None:
            call = self._call(table)
            return (call[0] if call is not None else None), None
        cls = mapper.class_
        model = f"{cls.__module__}.{cls.__qualname__}"
        location = self._class_location(cls)
        if location is None:
            call = self._call(table)
            location = call[0] if call is not None else None
        return location, model

    def columns(self, table: NativeTable) -> Callable[[NativeColumn[Any]], Location | None]:
        """Where each column of a table is written: the mapped attribute in the class or a mixin, or ``Column(...)``."""
        mappers = self._mappers.get(table, ())
        if not self._lookup or not (mappers or self._call(table)):
            return _nowhere

        def place(column: NativeColumn[Any]) -> Location | None:
            for mapper in mappers:
                found = self._attribute(mapper, column)
                if found is not None:
                    return found
            call = self._call(table)
            if call is not None:
                line = call[1].get(str(column.name))
                return Location(call[0].path, line) if line is not None else call[0]
            owner = self._owner(table)
            return self._class_location(owner.class_) if owner is not None else None

        return place

    def orm_supplied(self, table: NativeTable) -> Collection[NativeColumn[Any]]:
        """Columns that the mapper fills on INSERT by itself: discriminators and version counters."""
        found: set[Any] = set()
        for mapper in self._mappers.get(table, ()):
            if mapper.polymorphic_on is not None and mapper.polymorphic_identity is not None:
                found.add(mapper.polymorphic_on)
            if mapper.version_id_col is not None and mapper.version_id_generator:
                found.add(mapper.version_id_col)
        return found

    def _owner(self, table: NativeTable) -> Mapper[Any] | None:
        """The mapper whose class stands for the table: the one that is not a single-table subclass of another."""
        mappers = [mapper for mapper in self._mappers.get(table, ()) if mapper.local_table is table]
        for mapper in mappers:
            if mapper.inherits is None or mapper.inherits.local_table is not table:
                return mapper
        return None

    def _attribute(self, mapper: Mapper[Any], column: NativeColumn[Any]) -> Location | None:
        if mapper.local_table is not column.table:
            return None
        prop = mapper._columntoproperty.get(column)
        attributes = self._attributes_of(mapper.class_)
        for name in (getattr(prop, "key", None), str(column.key), f"column:{column.name}"):
            if name is not None and name in attributes:
                return attributes[name]
        return None

    def _attributes_of(self, cls: type[Any]) -> Mapping[str, Location]:
        """Attributes by name, and by column name as ``column:<name>``, of a class and its bases; the nearest counts."""
        known = self._attributes.get(cls)
        if known is not None:
            return known
        found: dict[str, Location] = {}
        # An attribute that an installed library's mixin brings is better shown at the user's own class.
        foreign_owner = self._path(cls) is None or is_foreign(self._path(cls) or "")
        for base in reversed(cls.__mro__):
            path = self._path(base)
            index = source_index(path) if path is not None else None
            entry = index.classes.get(base.__qualname__) if index is not None else None
            if path is None or entry is None or (is_foreign(path) and not foreign_owner):
                continue
            shown = relative(path, self._directory)
            for name, line in entry.columns.items():
                found[f"column:{name}"] = Location(shown, line)
            for name, line in entry.attributes.items():
                found[name] = Location(shown, line)
        self._attributes[cls] = found
        return found

    def _class_location(self, cls: type[Any]) -> Location | None:
        path = self._path(cls) if self._lookup else None
        index = source_index(path) if path is not None else None
        if path is None or index is None or cls.__qualname__ not in index.classes:
            return None
        return Location(relative(path, self._directory), index.classes[cls.__qualname__].line)

    @staticmethod
    def _path(cls: type[Any]) -> str | None:
        module = sys.modules.get(cls.__module__)
        path = getattr(module, "__file__", None)
        return path if isinstance(path, str) and path.endswith(".py") else None

    def _call(self, table: NativeTable) -> tuple[Location, Mapping[str, int]] | None:
        """The ``Table("name", ...)`` call that made the table, and the lines of its columns."""
        if not self._lookup:
            return None
        if table not in self._calls:
            self._calls[table] = self._find_call(table)
        return self._calls[table]

    def _find_call(self, table: NativeTable) -> tuple[Location, Mapping[str, int]] | None:
        if self._homes is None:
            self._homes = _homes()
        paths = list(self._homes.get(id(table), ()))
        paths += [path for path in self._homes.get(id(table.metadata), ()) if calls_table(path, table.name)]
        paths += [path for mapper in self._mappers.get(table, ()) if (path := self._path(mapper.class_)) is not None]
        for path in paths:
            index: SourceIndex | None = source_index(path)
            entry = index.tables.get(str(table.name)) if index is not None else None
            if entry is not None:
                return Location(relative(path, self._directory), entry.line), entry.columns
        return None


def _nowhere(_: NativeColumn[Any]) -> None:
    """The place of a column that nothing is known about."""


def _homes() -> Mapping[int, tuple[str, ...]]:
    """Source files of the user's modules that hold a table, or a collection of tables, as a global; by its identity."""
    found: dict[int, tuple[str, ...]] = defaultdict(tuple)
    for module in tuple(sys.modules.values()):
        held_by = vars(module) if is_a(module, ModuleType) else {}
        path, name = held_by.get("__file__"), held_by.get("__name__")
        if not isinstance(path, str) or not path.endswith(".py") or _is_library(str(name)):
            continue
        for value in tuple(held_by.values()):
            # A declarative base stands for its collection.
            held = vars(value).get("metadata") if is_a(value, type) else value
            if is_a(held, NativeTable, MetaData):
                found[id(held)] += (path,)
    return found


def _is_library(name: str) -> bool:
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names or top in ("sqlalchemy", "alembic", "drift")
