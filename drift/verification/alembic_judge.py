"""Alembic's own comparison as a second judge."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from drift.dialects import dialect_for
from drift.schema import Schema

if TYPE_CHECKING:
    from drift.sources.models import Natives


def alembic_differences(engine: Engine, natives: Natives | None, actual: Schema) -> tuple[str, ...]:
    """What Alembic sees, one line each; empty where there are no models, or where it gives up on them.

    Types are compared, defaults are not: Alembic compares defaults by running them.
    """
    metadata = list(dict.fromkeys(table.metadata for table in natives.tables.values())) if natives is not None else []
    if not metadata:
        return ()
    schemas = {table.schema for collection in metadata for table in collection.tables.values()}

    def include(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "schema" or name in schemas or (name == actual.default_schema and None in schemas)

    options: dict[str, Any] = {
        "compare_type": True,
        "include_schemas": bool(schemas - {None}),
        "include_name": include,
        "target_metadata": metadata,
    }
    try:
        with engine.connect() as connection, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context = MigrationContext.configure(connection, opts=options)
            found = compare_metadata(context, metadata)  # type: ignore[arg-type]
    except (SQLAlchemyError, ValueError, TypeError, NotImplementedError, AssertionError, AttributeError):
        return ()
    # It compares whole names, of which the server keeps the first bytes: those say nothing.
    truncate = dialect_for(actual.dialect).truncate
    cut = {truncate(name) for difference in found for name in _names(difference) if truncate(name) != name}
    return tuple(_word(one) for one in found if cut.isdisjoint(truncate(name) for name in _names(one)))


def _names(difference: Any) -> Iterator[str]:
    for part in difference:
        if isinstance(part, tuple):
            yield from _names(part)
        name = getattr(part, "name", None)
        if isinstance(name, str):
            yield str(name)


def _word(difference: Any) -> str:
    """A stable short form: the kind and the names of what it is about."""
    if isinstance(difference, list):
        return "; ".join(_word(part) for part in difference)
    words = [str(difference[0])]
    for part in difference[1:]:
        name = getattr(part, "name", None)
        table = getattr(part, "table", None)
        if name is not None or table is not None:
            words.append(f"{getattr(table, 'fullname', '')} {name or ''}".strip())
        elif isinstance(part, str):
            words.append(part)
    return " ".join(words)
