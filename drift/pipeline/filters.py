"""The project's filters on what was found in the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from drift.alignment import Alignment, Pair, TablePair
from drift.dialects import ServerInfo
from drift.schema import Enum, QualifiedName, Schema, Sequence, Table

if TYPE_CHECKING:
    from drift.pipeline.targets import Target


def reflected_filter(actual: Schema, target: Target, info: ServerInfo) -> Schema:
    """The actual side without the tables that ``include_name`` and ``include_object`` leave out, and their sequences.

    Alembic calls the latter with a reflected ``Table``; it gets one with the same name, schema and columns.
    """
    name_hook = target.include_name(info)
    if name_hook is not None:
        actual = _only(actual, lambda table: name_hook(table.name.schema, table.name.name))
    hooks = [e.include_object for e in target.environments if e.include_object is not None]
    if not hooks:
        return actual
    known = _known(target)

    def wanted(table: Table) -> bool:
        if (table.name.schema, table.name.name) in known:
            # Whether a mapped table takes part was asked with the model's own object.
            return True
        native = _reflected(table, actual.default_schema)
        return all(hook(native, table.name.name, "table", True, None) for hook in hooks)

    return _only(actual, wanted)


def _only(actual: Schema, wanted: Callable[[Table], bool]) -> Schema:
    """The schema with the tables that are wanted; a sequence that belongs to a table goes with it."""
    kept, left_out = [], set[QualifiedName]()
    for table in actual.tables:
        if wanted(table):
            kept.append(table)
        else:
            left_out.add(table.name)
    if not left_out:
        return actual
    sequences = (s for s in actual.sequences if s.owned_by is None or s.owned_by[0] not in left_out)
    return replace(actual, tables=tuple(kept), sequences=tuple(sequences))


def paired_filter(alignment: Alignment, target: Target, info: ServerInfo) -> Alignment:
    """The alignment without the columns, indexes and constraints that the project's hooks leave out."""
    from drift.sources.models import without_filtered

    for environment in target.environments:
        if environment.include_object is not None or environment.include_name is not None:
            alignment = without_filtered(
                alignment,
                target.natives(info),
                info,
                include_object=environment.include_object,
                include_name=environment.include_name,
            )
    return alignment


def without_others(alignment: Alignment) -> Alignment:
    """The alignment without unexpected objects of the default schema, where the models keep their tables in others.

    The default schema is always read, since a table may have been made there by mistake. What else lies there belongs
    to somebody else. (A schema that the user names is the user's: do not call this then.)
    """
    homes = {table.name.schema for table in alignment.expected.tables}
    default = alignment.actual.default_schema
    if not homes or default in homes:
        return alignment

    def kept(pair: TablePair | Pair[Enum] | Pair[Sequence]) -> bool:
        return pair.expected is not None or pair.actual is None or pair.actual.name.schema != default

    return replace(
        alignment,
        tables=tuple(filter(kept, alignment.tables)),
        enums=tuple(filter(kept, alignment.enums)),
        sequences=tuple(filter(kept, alignment.sequences)),
    )


def _known(target: Target) -> set[tuple[str | None, str]]:
    return {(table.schema, table.name) for metadata in target.models.metadata for table in metadata.tables.values()}


def _reflected(table: Table, default_schema: str | None) -> object:
    from sqlalchemy import Column, MetaData
    from sqlalchemy import Table as NativeTable
    from sqlalchemy.types import NullType

    schema = None if table.name.schema == default_schema else table.name.schema
    return NativeTable(table.name.name, MetaData(), *(Column(c.name, NullType()) for c in table.columns), schema=schema)
