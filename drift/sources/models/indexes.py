"""Indexes of model tables, and the keys that indexes and exclusion constraints are made of."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from sqlalchemy import Column as NativeColumn
from sqlalchemy import Index as NativeIndex
from sqlalchemy import Table as NativeTable
from sqlalchemy import text
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import (
    BinaryExpression,
    ColumnClause,
    Grouping,
    Label,
    TextClause,
    UnaryExpression,
    _label_reference,
    _textual_label_reference,
)

from drift.dialects.text import unparenthesised
from drift.schema import Expression, Index, IndexKey
from drift.sources.models.spelling import Spelling

_NULLS = re.compile(r"\s+NULLS\s+(FIRST|LAST)\s*$", re.IGNORECASE)
_ORDER = re.compile(r"\s+(ASC|DESC)\s*$", re.IGNORECASE)
_COLLATED = re.compile(r'^(?P<rest>.+?)\s+COLLATE\s+(?P<name>"(?:[^"]|"")+"|\w+)\s*$', re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r'^(?:[A-Za-z_][\w$]*|"(?:[^"]|"")+"|`(?:[^`]|``)+`)$')
_PREFIXED = re.compile(r"^(?P<rest>[A-Za-z_][\w$]*|`(?:[^`]|``)+`)\s*\(\s*(?P<length>\d+)\s*\)$")
# Text may end in an operator class: behind a plain name, a closing bracket, or recognisable by its usual ending.
_OPCLASS = re.compile(
    r'^(?P<rest>(?:[A-Za-z_][\w$]*|"(?:[^"]|"")+"|.*\))(?:\s+COLLATE\s+(?:[\w$.]+|"(?:[^"]|"")+"))?)'
    r"\s+(?P<name>(?:[A-Za-z_][\w$]*\.)?[A-Za-z_][\w$]*)(?P<parameters>\s*\(\s*\w+\s*=[^()]*\))?$",
    re.DOTALL | re.IGNORECASE,
)
_NOT_AN_OPCLASS = frozenset({"and", "or", "is", "null", "in", "not", "end", "then", "else"})


def index(native: NativeIndex, spelling: Spelling) -> Index:
    """An index as the database should have it.

    Raises:
        CompileError: A key or the predicate cannot be expressed.
    """
    table = native.table
    assert table is not None  # an index of a table's collection always has it
    operator_classes = spelling.option(native, "ops") or {}
    lengths = spelling.option(native, "length") or {}
    predicate = spelling.option(native, "where")
    using = spelling.option(native, "using")
    if predicate is None and spelling.native.name == "sqlite":
        predicate = native.dialect_kwargs.get("sqlite_where")
    return Index(
        name=spelling.constraint_name(native),
        keys=tuple(key(item, table, operator_classes, lengths, spelling) for item in native.expressions),
        unique=bool(native.unique),
        method=str(using).lower() if using else _default_method(native, spelling),
        predicate=spelling.expression(predicate) if predicate is not None else None,
        include=column_names(spelling.option(native, "include"), table),
        nulls_not_distinct=spelling.option(native, "nulls_not_distinct") is True,
        options=storage_options(spelling.option(native, "with")),
    )


def key(item: Any, table: NativeTable, operator_classes: Any, lengths: Any, spelling: Spelling) -> IndexKey:
    """One key of an index or exclusion constraint.

    Args:
        item: A column or expression, with its modifiers.
        table: The table.
        operator_classes: By the key of the item (SQLAlchemy's ``postgresql_ops``).
        lengths: Prefix lengths by column name (``mysql_length``), or one for all.
        spelling: How the database spells.
    """
    if not operator_classes and not lengths and isinstance(item, NativeColumn):
        return IndexKey(spelling.name(item.name))
    opclass = operator_classes.get(getattr(item, "key", None))
    bare, descending, nulls_first, collation = _without_modifiers(item, table)
    if isinstance(bare, NativeColumn):
        # A column that was replaced after the index was declared keeps its name only.
        length = lengths.get(bare.name) if isinstance(lengths, dict) else lengths
        found = IndexKey(column=spelling.name(bare.name), length=length)
    elif isinstance(bare, (TextClause, ColumnClause)):
        found = _from_text(spelling.expression(bare).sql, table, spelling)
    else:
        found = IndexKey(expression=spelling.expression(bare))
    descending = descending or found.descending
    textual = isinstance(bare, (TextClause, ColumnClause)) and not isinstance(bare, NativeColumn)
    if nulls_first is None and textual:
        nulls_first = found.nulls_first or None
    # Where NULLs have no place of their own, they stand where the direction puts them, as in PostgreSQL.
    effective = nulls_first if nulls_first is not None else descending
    if textual and _says_nulls_last(spelling.expression(bare).sql):
        effective = False
    return replace(
        found,
        opclass=opclass or found.opclass,
        collation=collation or found.collation,
        descending=descending,
        nulls_first=effective,
    )


def column_names(names: Any, table: NativeTable) -> tuple[str, ...]:
    """Names in the database of columns given as keys, names or columns (``postgresql_include``)."""
    if not names:
        return ()
    found = []
    for name in names:
        if isinstance(name, str):
            found.append(str(table.c[name].name) if name in table.c else name)
        else:
            found.append(str(name.name))
    return tuple(found)


def storage_options(given: Any) -> tuple[tuple[str, str], ...]:
    """Storage parameters as sorted pairs of text."""
    from drift.dialects.postgresql.normal import storage_parameters

    return storage_parameters(given.items()) if given else ()


def _default_method(native: NativeIndex, spelling: Spelling) -> str:
    """What the index is without a method; MySQL's FULLTEXT and SPATIAL come as prefixes."""
    prefix = spelling.option(native, "prefix")
    return str(prefix).lower() if prefix else "btree"


def _without_modifiers(item: Any, table: NativeTable) -> tuple[Any, bool, bool | None, str | None]:
    """The bare item, whether it descends, whether NULLs come first (``None``: not said), and its collation."""
    descending, nulls_first, collation = False, None, None
    while True:
        if isinstance(item, UnaryExpression) and item.modifier in (operators.desc_op, operators.asc_op):
            descending = item.modifier is operators.desc_op
            item = item.element
        elif isinstance(item, UnaryExpression) and item.modifier in (operators.nulls_first_op, operators.nulls_last_op):
            nulls_first = item.modifier is operators.nulls_first_op
            item = item.element
        elif isinstance(item, BinaryExpression) and item.operator is operators.collate:
            # A CollationClause; its text is a quoted or plain name.
            collation = str(getattr(item.right, "collation", item.right)).strip('"')
            item = item.left
        elif isinstance(item, (Label, Grouping, _label_reference)):
            item = item.element
        elif isinstance(item, _textual_label_reference):
            # desc("created_at"): the name of a column, or else SQL.
            named = item.element
            item = next((column for column in table.columns if named in (column.key, column.name)), text(named))
        else:
            return item, descending, nulls_first, collation


def _from_text(sql: str, table: NativeTable, spelling: Spelling) -> IndexKey:
    """A key from SQL text such as ``created_at DESC NULLS LAST`` or ``lower(name) text_pattern_ops``."""
    rest = sql.strip()
    nulls = _NULLS.search(rest)
    rest = _NULLS.sub("", rest)
    order = _ORDER.search(rest)
    rest = _ORDER.sub("", rest).strip()
    opclass = collation = None
    match = _OPCLASS.match(rest)
    if match is not None and match["name"].lower() not in _NOT_AN_OPCLASS and not _ends_in_collate(match["rest"]):
        opclass, rest = match["name"] + (match["parameters"] or ""), match["rest"].strip()
    match = _COLLATED.match(rest)
    if match is not None:
        collation, rest = match["name"].strip('"'), match["rest"].strip()
    descending = order is not None and order[1].upper() == "DESC"
    found = IndexKey(
        opclass=opclass,
        collation=collation,
        descending=descending,
        nulls_first=nulls is not None and nulls[1].upper() == "FIRST",
    )
    if spelling.native.name in ("mysql", "mariadb") and (prefixed := _PREFIXED.match(rest)) is not None:
        found, rest = replace(found, length=int(prefixed["length"])), prefixed["rest"]
    column = _named(unparenthesised(rest), table)
    return replace(found, expression=Expression(rest)) if column is None else replace(found, column=column)


def _named(sql: str, table: NativeTable) -> str | None:
    """The column that the text names; without quotes it may be spelled in any letter case."""
    if _NAME.match(sql) is None:
        return None
    names = [str(column.name) for column in table.columns]
    if sql[0] in '"`':
        plain = sql[1:-1].replace(sql[0] * 2, sql[0])
        return plain if plain in names else None
    return next((name for name in (sql, sql.lower()) if name in names), None)


def _ends_in_collate(text: str) -> bool:
    return text.upper().split()[-1:] == ["COLLATE"]


def _says_nulls_last(sql: str) -> bool:
    match = _NULLS.search(sql)
    return match is not None and match[1].upper() == "LAST"
