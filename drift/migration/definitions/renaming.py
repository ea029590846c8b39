"""Renaming a column, in each database's words."""

from __future__ import annotations

from collections.abc import Iterator

from drift.migration.ddl.quoting import Quoting, mentions
from drift.migration.definitions import mysql_words
from drift.schema import Table


def rename_column(before: Table, after: Table, old: str, new: str, quoting: Quoting) -> str:
    """One statement that renames a column, and says anew what speaks of it where the server does not do that itself.

    MySQL refuses to rename a column of which a generated column, a CHECK, or an index key speaks (errors 3108, 3959,
    3837); SQLite and MariaDB rewrite them.
    """
    changes = [f"RENAME COLUMN {quoting.name(old)} TO {quoting.name(new)}"]
    if quoting.dialect == "mysql":
        changes += _restated(before, after, old, quoting)
    return f"ALTER TABLE {quoting.qualified(before.name)} {', '.join(changes)}"


def _restated(before: Table, after: Table, old: str, quoting: Quoting) -> Iterator[str]:
    for left, right in zip(before.columns, after.columns, strict=True):
        if left.generated is not None and mentions(left.generated.sql, old):
            yield f"MODIFY COLUMN {mysql_words.column_definition(right, None, quoting)}"
    for check, restated in zip(before.checks, after.checks, strict=True):
        if mentions(check.expression.sql, old) and check.name is not None:
            yield f"DROP CHECK {quoting.name(check.name)}"
            yield f"ADD {mysql_words.check_definition(restated, check.name, quoting)}"
    for index, again in zip(before.indexes, after.indexes, strict=True):
        texts = [key.expression.sql for key in index.keys if key.expression is not None]
        if index.name is not None and any(mentions(text, old) for text in texts):
            yield f"DROP INDEX {quoting.name(index.name)}"
            yield f"ADD {mysql_words.index_definition(again, index.name, quoting)}"
