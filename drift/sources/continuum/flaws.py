"""Versioned models that ask for something which cannot work: found in the models, whatever the database holds.

Each rule is one small function over what Continuum built. The facts behind them are Continuum's own: names that it
hard-codes, column facets that it copies although the version table cannot live with them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any

from drift.schema import FlawKind, VersioningFlaw
from drift.sources.continuum.managers import (
    Versioned,
    declared_classes,
    mapped_classes,
    mod_suffix,
    transaction_table,
)
from drift.sources.continuum.naming import Naming

if TYPE_CHECKING:
    from sqlalchemy import MetaData

Rule = Callable[[Versioned, Naming], Iterator[VersioningFlaw]]


def table_flaws(one: Versioned, naming: Naming) -> Iterator[VersioningFlaw]:
    """Everything wrong with one versioned table."""
    for rule in _RULES:
        yield from rule(one, naming)


def unversioned_models(
    managers: Collection[Any], metadata: Collection[MetaData], naming: Naming
) -> Iterator[VersioningFlaw]:
    """Classes that declare ``__versioned__`` and yet are not versioned: ``make_versioned()`` came too late."""
    if _switched_off():
        return
    internal: set[Any] = set()
    done: set[int] = set()
    for manager in managers:
        internal.update(manager.parent_class_map)
        internal.add(manager.transaction_cls)
        for plugin in manager.plugins:
            internal.update({getattr(plugin, "model_class", None), getattr(plugin, "activity_cls", None)})
        done.update(id(model.__table__) for model in manager.tables)
        done.update(id(model.__table__) for model in manager.version_class_map)
    reported: set[int] = set()
    for model in declared_classes(metadata):
        table = getattr(model, "__table__", None)
        if (
            table is None
            or id(table) in done | reported
            or model in internal
            or hasattr(model, "__versioning_manager__")
        ):
            continue
        if managers and not any(_would_build(manager, model) for manager in managers):
            continue
        reported.add(id(table))
        yield VersioningFlaw(
            FlawKind.NOT_VERSIONED,
            naming.table(table),
            fact=f"{model.__module__}.{model.__qualname__} declares __versioned__, and no manager knows it",
        )


def transaction_flaws(manager: Any, naming: Naming) -> Iterator[VersioningFlaw]:
    """What is wrong with a manager's transaction class."""
    from sqlalchemy_continuum.transaction import TransactionBase

    table = transaction_table(manager)
    if table is None:
        return
    cls = manager.transaction_cls
    if not issubclass(cls, TransactionBase) and not hasattr(cls, "issued_at"):
        yield VersioningFlaw(
            FlawKind.TRANSACTION_HIJACKED,
            naming.table(table),
            fact=f"Continuum writes its transactions into {cls.__module__}.{cls.__qualname__}",
        )
    sequence = (
        getattr(table.primary_key.columns.values()[0], "default", None) if len(table.primary_key.columns) else None
    )
    if sequence is None or not sequence.is_sequence:
        return
    home = naming.qualified(sequence.schema, sequence.name)
    if home.schema != naming.table(table).schema:
        yield VersioningFlaw(
            FlawKind.SEQUENCE_SCHEMA,
            naming.table(table),
            fact=f"the table is in schema {naming.table(table).schema}, its sequence {home.name} in {home.schema}",
        )


def _would_build(manager: Any, model: type[Any]) -> bool:
    return bool(manager.option(model, "create_tables"))


def _switched_off() -> bool:
    """Whether the application turned versioning off on purpose (``options={'versioning': False}``)."""
    import gc

    from sqlalchemy_continuum.manager import VersioningManager

    return any(
        issubclass(type(one), VersioningManager) and not one.options.get("versioning", True) for one in gc.get_objects()
    )


def _index_names(one: Versioned, naming: Naming) -> Iterator[VersioningFlaw]:
    """The names of the two composite indexes are literal, so SQLAlchemy refuses them when they are too long."""
    if one.table is None:
        return
    long = sorted(
        str(index.name)
        for index in one.table.indexes
        if str(index.name) in (f"ix_{one.table.name}_pk_transaction_id", f"ix_{one.table.name}_pk_validity")
        and naming.truncate(str(index.name)) != str(index.name)
    )
    if long:
        yield VersioningFlaw(FlawKind.INDEX_NAME_TOO_LONG, naming.table(one.parent), fact=", ".join(long))


def _copied_identity(one: Versioned, naming: Naming) -> Iterator[VersioningFlaw]:
    for column in one.parent.c:
        if column.identity is not None and column.identity.always and not one.excludes(column):
            yield VersioningFlaw(
                FlawKind.IDENTITY_COPIED, naming.table(one.parent), column.name, "GENERATED ALWAYS AS IDENTITY"
            )


def _copied_computed(one: Versioned, naming: Naming) -> Iterator[VersioningFlaw]:
    for column in one.parent.c:
        if column.computed is not None and not one.excludes(column):
            yield VersioningFlaw(
                FlawKind.COMPUTED_COPIED,
                naming.table(one.parent),
                column.name,
                f"GENERATED ALWAYS AS ({column.computed.sqltext})",
            )


def _association_key(one: Versioned, naming: Naming) -> Iterator[VersioningFlaw]:
    if one.model is not None or one.table is None:
        return
    key = [column.name for column in one.parent.primary_key.columns]
    links = {column.name for column in one.parent.c if column.foreign_keys}
    if not key:
        fact = "it has no primary key, so the version table's key is the transaction alone"
    elif links and not set(key) <= links:
        unwritten = [name for name in key if name not in links]
        fact = f"{', '.join(unwritten)} is part of its key, and Continuum writes the linked columns only"
    else:
        return
    yield VersioningFlaw(FlawKind.ASSOCIATION_KEY, naming.table(one.parent), fact=fact)


def _operation_type(one: Versioned, naming: Naming) -> Iterator[VersioningFlaw]:
    name = one.option("operation_type_column_name")
    if name != "operation_type" and not one.option("native_versioning"):
        yield VersioningFlaw(FlawKind.OPERATION_TYPE_RENAMED, naming.table(one.parent), fact=f"it is called {name}")


def _hard_coded_name(one: Versioned, naming: Naming) -> Iterator[VersioningFlaw]:
    """``_version`` is hard-coded where association tables are written and joined inheritance is resolved."""
    if one.model is None and one.option("table_name") != "%s_version":
        yield VersioningFlaw(
            FlawKind.NAME_HARD_CODED, naming.table(one.parent), fact=f"table_name is {one.option('table_name')!r}"
        )


def _aliased_flag(one: Versioned, naming: Naming) -> Iterator[VersioningFlaw]:
    """The flag is called after the column, and set through the attribute: with an alias it never becomes true."""
    from sqlalchemy import inspect

    if one.model is None or mod_suffix(one.manager) is None:
        return
    for key, column in inspect(one.model).columns.items():
        if column.table is one.parent and key != column.name and not column.primary_key and not one.excludes(column):
            yield VersioningFlaw(
                FlawKind.ALIASED_MOD_COLUMN, naming.table(one.parent), column.name, f"the attribute is called {key}"
            )


def _native_name(one: Versioned, naming: Naming) -> Iterator[VersioningFlaw]:
    if one.model is None or not one.option("native_versioning"):
        return
    if one.parent.name != one.parent.name.lower():
        yield VersioningFlaw(
            FlawKind.NATIVE_NAME,
            naming.table(one.parent),
            fact="the function names the version table without quotes, so the server looks for a lower-case name",
        )
    namesakes = [
        cls.__table__
        for cls in mapped_classes([one.parent.metadata])
        if hasattr(cls, "__versioned__")
        and cls.__table__.name.lower() == one.parent.name.lower()
        and cls.__table__.schema != one.parent.schema
    ]
    if namesakes:
        yield VersioningFlaw(
            FlawKind.NATIVE_NAME,
            naming.table(one.parent),
            fact=f"{naming.table(namesakes[0])} has the same name, and both share one trigger function",
        )


_RULES: tuple[Rule, ...] = (
    _index_names,
    _copied_identity,
    _copied_computed,
    _association_key,
    _operation_type,
    _hard_coded_name,
    _aliased_flag,
    _native_name,
)
