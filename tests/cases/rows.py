"""What every table holds, so that a repair can be held to keeping it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, inspect, quoted_name, select, table, text

Name = tuple[str | None, str]


@dataclass(frozen=True)
class Rows:
    """All rows of one table, as text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def only(self, columns: Iterable[str]) -> Counter[tuple[str, ...]]:
        """The rows reduced to some columns, as a multiset."""
        places = [self.columns.index(name) for name in columns]
        return Counter(tuple(row[place] for place in places) for row in self.rows)


def read_rows(connection: Connection) -> dict[Name, Rows]:
    """Read every table of every schema that is not the server's own."""
    inspector = inspect(connection)
    found: dict[Name, Rows] = {}
    for schema in _schemas(connection):
        for name in inspector.get_table_names(schema=schema):
            relation = table(quoted_name(name, quote=True), schema=quoted_name(schema, quote=True) if schema else None)
            # A parent's rows only: those of its children and partitions are read where they are.
            statement = select(text("*")).select_from(relation).with_hint(relation, "ONLY", "postgresql")
            result = connection.execute(statement)
            found[(schema, name)] = Rows(
                tuple(result.keys()), tuple(tuple(_as_text(value) for value in row) for row in result)
            )
    return found


def lost(
    before: Mapping[Name, Rows],
    after: Mapping[Name, Rows],
    *,
    renamed_tables: Mapping[Name, Name],
    renamed_columns: Mapping[tuple[str, str], str],
    dropped_tables: frozenset[str],
    changed_columns: frozenset[str],
) -> list[str]:
    """What is no longer there, in words.

    Args:
        renamed_tables: Old name to new name.
        renamed_columns: (New table, old column) to new column.
        dropped_tables: Tables that the repair was meant to drop.
        changed_columns: ``table.column`` whose values the repair was meant to change.
    """
    losses: list[str] = []
    for name, old in before.items():
        if name[1] in dropped_tables:
            continue
        new_name = renamed_tables.get(name, name)
        new = after.get(new_name)
        if new is None:
            losses.append(f"table {name} has gone")
            continue
        pairs = [(column, renamed_columns.get((new_name[1], column), column)) for column in old.columns]
        kept = [
            (before_name, after_name)
            for before_name, after_name in pairs
            if after_name in new.columns and f"{new_name[1]}.{after_name}" not in changed_columns
        ]
        was, now = old.only(c for c, _ in kept), new.only(c for _, c in kept)
        if was != now:
            losses.append(f"{name}: {was - now} became {now - was}")
    return losses


def _schemas(connection: Connection) -> list[str | None]:
    if connection.dialect.name != "postgresql":
        return [inspect(connection).default_schema_name]
    names = inspect(connection).get_schema_names()
    return [name for name in names if name != "information_schema" and not name.startswith("pg_")]


def _as_text(value: object) -> str:
    return "NULL" if value is None else str(value)
