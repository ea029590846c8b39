"""The project's own filters: Alembic's ``include_object`` and ``include_name``, and ``info["skip_autogenerate"]``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table as NativeTable

from drift.sources.models.loaded import IncludeName, IncludeObject


class Filter:
    """Decides which objects of the models take part.

    Attributes:
        excluded_types: Identities of column types of excluded tables.
        active: The project filters at all.
    """

    def __init__(self, include_object: IncludeObject | None, include_name: IncludeName | None) -> None:
        self._include_object = include_object
        self._include_name = include_name
        self.excluded_types: set[int] = set()
        self.active = include_object is not None or include_name is not None

    def wants_table(self, table: NativeTable) -> bool:
        """Whether a table takes part."""
        # The attribute itself would make a dictionary for every table that has none.
        info = table.__dict__.get("info")
        if info and info.get("skip_autogenerate"):
            return False
        parents = {"schema_name": table.schema, "schema_qualified_table_name": table.fullname}
        if self._include_name is not None and not (
            self._include_name(table.schema, "schema", {}) and self._include_name(table.name, "table", parents)
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
        if self._include_name is not None and name is not None:
            parents = {
                "schema_name": table.schema,
                "table_name": table.name,
                "schema_qualified_table_name": table.fullname,
            }
            if not self._include_name(name, kind, parents):
                return False
        return self._include_object is None or bool(self._include_object(item, name, kind, False, None))
