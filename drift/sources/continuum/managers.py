"""Find Continuum's managers and what they built, without ever importing Continuum first.

Continuum keeps its state in ``VersioningManager`` objects: the module's own one, custom ones, several at a time. A
class knows its manager only when version *classes* were built (``create_models``), so the objects themselves are
looked up too.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Column, MetaData, Table

PACKAGE = "sqlalchemy_continuum"


@dataclass(frozen=True, slots=True)
class Versioned:
    """One versioned table and how Continuum treats it.

    Attributes:
        manager: Its ``VersioningManager``.
        model: The versioned class; ``None`` for an association table.
        parent: The versioned table.
        table: The version table; ``None`` where Continuum was told not to build it (``create_tables=False``).
    """

    manager: Any
    model: type[Any] | None
    parent: Table
    table: Table | None

    def option(self, name: str) -> Any:
        """The option for this table: the model's own, else the manager's (``None`` in versions that lack it)."""
        own = getattr(self.model, "__versioned__", {}) if self.model is not None else {}
        return own.get(name, self.manager.options.get(name))

    def excludes(self, column: Column[Any]) -> bool:
        """Whether that column of the parent is not versioned."""
        return self.model is not None and bool(self.manager.is_excluded_column(self.model, column))


def in_use() -> bool:
    """Whether the application has imported Continuum."""
    return PACKAGE in sys.modules


def mapped_classes(metadata: Collection[MetaData]) -> tuple[type[Any], ...]:
    """Classes mapped to tables of ``metadata``, sorted by their dotted names."""
    from sqlalchemy.orm.mapper import _all_registries

    wanted = {id(one) for one in metadata}
    found = [
        mapper.class_
        for registry in _all_registries()
        for mapper in registry.mappers
        if id(getattr(mapper.local_table, "metadata", None)) in wanted
    ]
    return tuple(sorted(found, key=lambda cls: (cls.__module__, cls.__qualname__)))


def managers(metadata: Collection[MetaData]) -> tuple[Any, ...]:
    """Managers that version something in ``metadata``; idle ones and those of other metadata are left out."""
    if not in_use():
        return ()
    from sqlalchemy_continuum.manager import VersioningManager

    wanted = {id(one) for one in metadata}
    found: dict[int, Any] = {}
    for cls in mapped_classes(metadata):
        manager = getattr(cls, "__versioning_manager__", None)
        if isinstance(manager, VersioningManager):
            found.setdefault(id(manager), manager)
    for candidate in gc.get_objects():
        # type() and not isinstance(): proxies among all the objects of a process answer isinstance with side effects.
        if issubclass(type(candidate), VersioningManager):
            found.setdefault(id(candidate), candidate)
    busy = [manager for manager in found.values() if _works_on(manager, wanted)]
    return tuple(sorted(busy, key=_first_name))


def _first_name(manager: Any) -> str:
    """Sorts managers by what they version, so that the order does not depend on object addresses."""
    return min((str(table.fullname) for table in built_tables(manager)), default="")


def built_tables(manager: Any) -> tuple[Table, ...]:
    """Version tables, association version tables and the transaction table that the manager has built."""
    tables = [*manager.tables.values(), *manager.association_version_tables]
    tables += [cls.__table__ for cls in manager.version_class_map.values()]
    transaction = transaction_table(manager)
    return (*tables, transaction) if transaction is not None else tuple(tables)


def transaction_table(manager: Any) -> Table | None:
    """The table of the transaction class, ``None`` while the manager still holds the factory of that class."""
    table: Table | None = getattr(manager.transaction_cls, "__table__", None)
    return table


def plugin_tables(manager: Any) -> tuple[Table, ...]:
    """Tables that plugins have built: transaction changes, transaction metadata, activities, and those of others."""
    classes = [getattr(plugin, name, None) for plugin in manager.plugins for name in ("model_class", "activity_cls")]
    tables: list[Table | None] = [getattr(cls, "__table__", None) for cls in classes]
    return tuple({id(table): table for table in tables if table is not None}.values())


def mod_suffix(manager: Any) -> str | None:
    """Suffix of modification flags, from the plugin itself; ``None`` without that plugin."""
    from sqlalchemy_continuum.plugins import PropertyModTrackerPlugin

    for plugin in manager.plugins:
        if isinstance(plugin, PropertyModTrackerPlugin):
            return str(plugin.column_suffix)
    return None


def _works_on(manager: Any, wanted: set[int]) -> bool:
    return any(id(table.metadata) in wanted for table in built_tables(manager))


def declared_classes(metadata: Collection[MetaData]) -> tuple[type[Any], ...]:
    """Mapped classes that ask to be versioned with ``__versioned__``."""
    found = []
    for cls in mapped_classes(metadata):
        wishes = getattr(cls, "__versioned__", None)
        if isinstance(wishes, dict) and wishes.get("versioning", True) and not wishes.get("class"):
            found.append(cls)
    return tuple(found)


def versioned_tables(manager: Any, metadata: Collection[MetaData]) -> Iterator[Versioned]:
    """Everything that manager versions inside ``metadata``, each version table once."""
    wanted = {id(one) for one in metadata}
    seen: set[int] = set()

    def fresh(table: Table) -> bool:
        if id(table) in seen or id(table.metadata) not in wanted:
            return False
        seen.add(id(table))
        return True

    for model, table in manager.tables.items():
        if fresh(table):
            yield Versioned(manager, model, model.__table__, table)
    for model, version_class in manager.version_class_map.items():
        if fresh(version_class.__table__):
            yield Versioned(manager, model, model.__table__, version_class.__table__)
    for model in sorted(declared_classes(metadata), key=lambda cls: len(cls.__mro__)):
        # Continuum was told not to build these tables, but its triggers write to them.
        unbuilt = model not in manager.tables and not manager.option(model, "create_tables")
        if unbuilt and getattr(model, "__versioning_manager__", None) is manager and fresh(model.__table__):
            yield Versioned(manager, model, model.__table__, None)
    parents = {
        (parent.schema, manager.options["table_name"] % parent.name): parent for parent in manager.association_tables
    }
    for table in sorted(manager.association_version_tables, key=lambda one: str(one.fullname)):
        parent = parents.get((table.schema, table.name))
        if parent is not None and fresh(table):
            yield Versioned(manager, None, parent, table)
