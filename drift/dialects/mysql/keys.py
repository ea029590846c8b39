"""Keys, indexes, and foreign keys of MySQL and MariaDB, from the rows of ``information_schema``."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from drift.dialects.mysql.printed import as_written
from drift.schema import Expression, ForeignKey, Index, IndexKey, QualifiedName, Unique

Row = tuple[Any, ...]


def assemble_foreign_keys(rows: list[Row]) -> tuple[ForeignKey, ...]:
    """Foreign keys of one table. RESTRICT and NO ACTION do the same in InnoDB, so only NO ACTION is used."""
    found: list[ForeignKey] = []
    for name, group in groupby(rows, key=lambda row: row[2]):
        columns = list(group)
        _, _, _, _, schema, table, _, on_update, on_delete = columns[0]
        found.append(
            ForeignKey(
                name,
                tuple(row[3] for row in columns),
                QualifiedName(schema, table),
                tuple(row[6] for row in columns),
                on_delete="NO ACTION" if on_delete == "RESTRICT" else on_delete,
                on_update="NO ACTION" if on_update == "RESTRICT" else on_update,
            )
        )
    return tuple(found)


def assemble_indexes(
    rows: list[Row], foreign_keys: tuple[ForeignKey, ...], *, mariadb: bool
) -> tuple[tuple[str, ...], tuple[Unique, ...], tuple[Index, ...]]:
    """The primary key's columns, the UNIQUE constraints, and the other indexes of one table.

    A unique index over whole columns in ascending order is what a UNIQUE constraint makes; there is no difference.
    """
    primary_key: tuple[str, ...] = ()
    uniques: list[Unique] = []
    indexes: list[Index] = []
    for name, group in groupby(rows, key=lambda row: row[2]):
        parts = list(group)
        keys = tuple(_key(row, mariadb=mariadb) for row in parts)
        _, _, _, not_unique, _, _, _, _, kind, comment, _, visible = parts[0]
        plain = all(key.column is not None and key.length is None and not key.descending for key in keys)
        if name == "PRIMARY":
            primary_key = tuple(row[5] for row in parts)
        elif not int(not_unique) and plain and kind == "BTREE" and visible == "YES":
            uniques.append(Unique(name, tuple(row[5] for row in parts), comment=comment or None))
        else:
            indexes.append(
                Index(
                    name,
                    keys,
                    unique=not int(not_unique),
                    method=kind.lower(),
                    visible=visible == "YES",
                    implicit=plain and kind == "BTREE" and bool(int(not_unique)) and _backs(name, keys, foreign_keys),
                    comment=comment or None,
                )
            )
    return primary_key, tuple(uniques), tuple(indexes)


def _key(row: Row, *, mariadb: bool) -> IndexKey:
    _, _, _, _, _, column, order, length, kind, _, expression, _ = row
    descending = order == "D"
    # SPATIAL and FULLTEXT keys report a prefix length that nobody gave.
    prefix = int(length) if length is not None and kind == "BTREE" else None
    if column is None:
        text = expression or ""
        text = text if mariadb else as_written(text)
        return IndexKey(expression=Expression(text), descending=descending, nulls_first=descending)
    return IndexKey(column, descending=descending, nulls_first=descending, length=prefix)


def _backs(name: str, keys: tuple[IndexKey, ...], foreign_keys: tuple[ForeignKey, ...]) -> bool:
    """Whether InnoDB would have made this index by itself: it covers a foreign key and bears its name or its column's.

    Source: https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html
    """
    columns = tuple(key.column for key in keys)
    return any(columns == fk.columns and name in (fk.name, fk.columns[0]) for fk in foreign_keys)
