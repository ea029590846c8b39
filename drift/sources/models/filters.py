"""The project's own filters: Alembic's ``include_object`` and ``include_name``, and ``info["skip_autogenerate"]``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table as NativeTable

from drift.sources.models.loaded import ExpectOptions, IncludeName


def is_name_wanted(
    hook: IncludeName, name: str, kind: str, schema: str | None, table: str, *, default_schema: str | None
) -> bool:
    """Ask ``include_name`` as Alembic does: the default schema is ``None``, and tables there have bare names.

    Args:
        hook: The project's.
        name: What is asked about.
        kind: Alembic's word for it.
        schema: The schema of its table.
        table: Its table, or the table itself.
        default_schema: The connection's.
    """
    bare = None if schema == default_schema else schema
    parents: dict[str, str | None] = {"schema_name": bare}
    if kind != "table":
        parents["table_name"] = table
    parents["schema_qualified_table_name"] = table if bare is None else f"{bare}.{table}"
    return bool(hook(name, kind, parents))


def is_table_wanted(
    hook: IncludeName, schema: str | None, table: str, *, default_schema: str | None, include_schemas: bool
) -> bool:
    """Ask ``include_name`` about a table and, where Alembic reads several schemas, about its schema."""
    bare = None if schema == default_schema else schema
    return (not include_schemas or bool(hook(bare, "schema", {}))) and is_name_wanted(
        hook, table, "table", schema, table, default_schema=default_schema
    )


class Filter:
    """Decides which objects of the models take part.

    Attributes:
        excluded_types: Identities of column types of excluded tables.
        active: The project filters at all.
    """

    def __init__(self, options: ExpectOptions, default_schema: str | None) -> None:
        include_object, include_name = options.include_object, options.include_name
        self._include_object = include_object
        self._include_name = include_name
        self._include_schemas = options.include_schemas
        self._default_schema = default_schema
        self.excluded_types: set[int] = set()
        self.active = include_object is not None or include_name is not None

    def wants_table(self, table: NativeTable) -> bool:
        """Whether a table takes part."""
        # The attribute itself would make a dictionary for every table that has none.
        info = table.__dict__.get("info")
        if info and info.get("skip_autogenerate"):
            return False
        if self._include_name is not None and not is_table_wanted(
            self._include_name,
            table.schema,
            table.name,
            default_schema=self._default_schema,
            include_schemas=self._include_schemas,
        ):
            return False
        return self._include_object is None or bool(self._include_object(table, table.name, "table", False, None))

    def wants(self, item: Any, name: str | None, kind: str, table: NativeTable) -> bool:
        """Whether a column, index or constraint of a table that takes part does so, too.

        Args:
            item: SQLAlchemy's object.
            name: Its name in the database.
            kind: Alembic's word: column, index, unique_constraint, foreign_key_constraint, check_constraint.
            table: Its table.
        """
        info = item.__dict__.get("info")
        if info and info.get("skip_autogenerate"):
            return False
        if (
            self._include_name is not None
            and name is not None
            and not is_name_wanted(
                self._include_name, name, kind, table.schema, table.name, default_schema=self._default_schema
            )
        ):
            return False
        return self._include_object is None or bool(self._include_object(item, name, kind, False, None))
