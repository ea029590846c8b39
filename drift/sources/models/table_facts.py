"""What a model says of a table beyond its columns and constraints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table as NativeTable

from drift.schema import Expression, Persistence, QualifiedName, TableKind
from drift.sources.models.columns import first_line
from drift.sources.models.indexes import storage_options
from drift.sources.models.spelling import Spelling
from drift.sources.models.type_facts import character_set

# Arguments that a comparison can see, by dialect.
_OPTIONS = {
    "mysql": ("engine", "row_format", "default_charset", "charset", "collate"),
    "sqlite": ("autoincrement", "strict", "with_rowid"),
}


@dataclass(frozen=True, slots=True)
class TableFacts:
    """Fields of :class:`drift.schema.Table` that come from the table's arguments and ``info``."""

    kind: TableKind
    comment: str | None
    persistence: Persistence
    partition_key: Expression | None
    inherits: tuple[QualifiedName, ...]
    definition: Expression | None
    options: tuple[tuple[str, str], ...]


def table_facts(native: NativeTable, spelling: Spelling, complain: Callable[[str, str], None]) -> TableFacts:
    """Read the table's arguments, prefixes and ``info``."""
    partition_by = spelling.option(native, "partition_by") if spelling.native.name == "postgresql" else None
    prefixes = {str(prefix).upper() for prefix in native._prefixes}
    inherits = spelling.option(native, "inherits") or ()
    parents = (inherits,) if isinstance(inherits, str) else tuple(inherits)
    kind = _kind(native, prefixes, partition_by is not None)
    return TableFacts(
        kind,
        native.comment or None,
        Persistence.UNLOGGED if "UNLOGGED" in prefixes else Persistence.PERMANENT,
        Expression(str(partition_by).strip()) if partition_by else None,
        tuple(spelling.qualified(None, str(parent)) for parent in parents),
        _definition(native, spelling, complain),
        _options(native, spelling),
    )


def _kind(native: NativeTable, prefixes: set[str], partitioned: bool) -> TableKind:
    info = native.__dict__.get("info") or {}
    creator: Any = getattr(native, "_creator_ddl", None)
    if getattr(native, "is_view", False) or info.get("is_view"):
        materialized = getattr(creator, "materialized", False) or info.get("materialized")
        return TableKind.MATERIALIZED_VIEW if materialized else TableKind.VIEW
    if info.get("is_materialized_view"):
        return TableKind.MATERIALIZED_VIEW
    if "FOREIGN" in prefixes:
        return TableKind.FOREIGN
    return TableKind.PARTITIONED if partitioned else TableKind.TABLE


def _definition(native: NativeTable, spelling: Spelling, complain: Callable[[str, str], None]) -> Expression | None:
    """The query of a view declared by ``CreateView`` (SQLAlchemy 2.1); other mapped views do not carry theirs."""
    if not getattr(native, "is_view", False):
        return None
    creator: Any = native._creator_ddl
    try:
        return Expression(str(spelling.ddl.sql_compiler.process(creator.selectable, literal_binds=True)))
    except Exception as error:
        complain(spelling.label(native), f"the view's query cannot be expressed: {first_line(error)}")
        return None


_NAMES = {"default_charset": "charset", "collate": "collation"}
"""MySQL's table options as its reader calls them."""


def _options(native: NativeTable, spelling: Spelling) -> tuple[tuple[str, str], ...]:
    dialect = spelling.native.name
    if dialect == "postgresql":
        return storage_options(spelling.option(native, "with"))
    family = "mysql" if dialect == "mariadb" else dialect
    found: dict[str, str] = {}
    for key in _OPTIONS.get(family, ()):
        value = spelling.option(native, key)
        if value is None:
            continue
        if family == "sqlite":
            # SQLite's reader speaks of what is unusual only.
            name, on = ("without_rowid", value is False) if key == "with_rowid" else (key, value is True)
            if on:
                found[name] = "true"
        else:
            name = _NAMES.get(key, key)
            found[name] = character_set(str(value)) if name in ("charset", "collation") else str(value)
    return tuple(sorted(found.items()))
