"""Indexes of SQLite, from the pragma rows and the text that made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

from drift.dialects.sqlite.tokens import Token, closing, split_commas, tokenize
from drift.schema import Expression, Index, IndexKey

Row = tuple[Any, ...]


def assemble_indexes(
    rows: list[Row], statements: Mapping[str, str], collations: Mapping[str, str]
) -> tuple[tuple[Index, ...], list[tuple[str, ...]]]:
    """Split the indexes of one table into real ones and the columns of UNIQUE constraints.

    ``rows`` are (table, index, unique, origin, partial, position, column, descending, collation, key), in index order.
    ``collations`` are those of the table's columns, upper case, by column in lower case.
    Indexes of origin ``u`` implement a UNIQUE constraint, those of origin ``pk`` the primary key.
    """
    indexes: list[Index] = []
    uniques: list[tuple[str, ...]] = []
    for (name, unique, origin), group in groupby(rows, key=lambda row: (row[1], row[2], row[3])):
        keys = list(group)
        if origin == "u":
            uniques.append(tuple(row[6] for row in keys))
        elif origin == "c":
            texts, predicate = parse_create_index(statements.get(name, ""))
            indexes.append(
                Index(
                    name,
                    tuple(_key(row, texts, collations) for row in keys),
                    unique=bool(unique),
                    predicate=Expression(predicate) if predicate is not None else None,
                )
            )
    return tuple(indexes), uniques


def _key(row: Row, texts: tuple[str, ...], collations: Mapping[str, str]) -> IndexKey:
    position, column, descending = row[5], row[6], bool(row[7])
    collation = None if row[8] is None or row[8].upper() == collations.get((column or "").lower(), "BINARY") else row[8]
    if column is not None:
        return IndexKey(column, collation=collation, descending=descending, nulls_first=descending)
    text = texts[position] if position < len(texts) else ""
    key = IndexKey(expression=Expression(text), collation=collation)
    return replace(key, descending=descending, nulls_first=descending)


def parse_create_index(sql: str) -> tuple[tuple[str, ...], str | None]:
    """The texts of the keys, without ``ASC``/``DESC``/``COLLATE``, and the text of the WHERE clause."""
    tokens = tokenize(sql)
    on = next((i for i, token in enumerate(tokens) if token.keyword == "ON"), None)
    opening = next((i for i in range(on or 0, len(tokens)) if tokens[i].text == "("), None)
    if on is None or opening is None:
        return (), None
    end = closing(tokens, opening)
    keys = tuple(_key_text(sql, part) for part in split_commas(tokens[opening + 1 : end]))
    where = next((i for i in range(end, len(tokens)) if tokens[i].keyword == "WHERE"), None)
    return keys, sql[tokens[where].end :].strip() if where is not None else None


def _key_text(sql: str, part: tuple[Token, ...]) -> str:
    end = len(part)
    if part[end - 1].keyword in ("ASC", "DESC"):
        end -= 1
    if end > 2 and part[end - 2].keyword == "COLLATE":
        end -= 2
    return sql[part[0].start : part[end - 1].end]
