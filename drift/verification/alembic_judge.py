"""Alembic's own comparison as a second judge."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

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
    return tuple(_word(difference) for difference in found)


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
