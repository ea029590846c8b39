"""One cause, one finding: which differences follow from another one that is reported.

A missing column takes its indexes and constraints with it, a missing table everything that refers to it. Such
consequences are not reported again; the finding of the cause lists them in ``details["also"]``, and its repair brings
them back. The pairs stay in the alignment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from drift.alignment import Pair
from drift.alignment.renaming import identifiers
from drift.checks.context import VIEWS, SchemaView, TableView
from drift.checks.wording import local
from drift.schema import Check, Exclusion, Expression, ForeignKey, Index, PrimaryKey, Table, Unique

Member = PrimaryKey | Unique | ForeignKey | Check | Exclusion | Index
_WORDS = {
    PrimaryKey: "primary key",
    Unique: "unique constraint",
    ForeignKey: "foreign key",
    Check: "check constraint",
    Exclusion: "exclusion constraint",
    Index: "index",
}


def columns_of(member: Member, table: Table) -> tuple[str, ...]:
    """Every column of ``table`` that a constraint or index involves, expressions and predicates included."""
    texts: list[Expression] = []
    if isinstance(member, (PrimaryKey, Unique)):
        return member.columns + member.include
    if isinstance(member, ForeignKey):
        return member.columns
    if isinstance(member, Check):
        if member.columns:
            return member.columns
        columns: tuple[str, ...] = ()
        texts.append(member.expression)
    else:
        parts = member.keys if isinstance(member, Index) else member.elements
        columns = tuple(part.column for part in parts if part.column is not None)
        texts.extend(part.expression for part in parts if part.expression is not None)
        if isinstance(member, Index):
            columns += member.include
        if member.predicate is not None:
            texts.append(member.predicate)
    if not texts:
        return columns
    mentioned = frozenset[str]().union(*(identifiers(text.sql) for text in texts))
    return columns + tuple(c.name for c in table.columns if c.name in mentioned and c.name not in columns)


def follows_from_column(table: TableView, pair: Pair[Member]) -> bool:
    """Whether a constraint or index differs because a column is missing, or is wholly about unexpected columns."""
    if pair.expected is not None:
        if not table.missing_columns:
            return False
        return not table.missing_columns.isdisjoint(columns_of(pair.expected, table.wanted))
    if pair.actual is not None and table.unexpected_columns:
        columns = columns_of(pair.actual, table.seen)
        return bool(columns) and table.unexpected_columns.issuperset(columns)
    return False


def follows_from_target(schema: SchemaView, key: ForeignKey) -> bool:
    """Whether a foreign key differs because its target is missing: the table, a column of it, or the key."""
    target = schema.pairs.get(key.target)
    if target is None:
        return False
    if target.actual is None or target.actual.kind in VIEWS:
        return True
    if not target.missing_columns.isdisjoint(key.target_columns):
        return True
    return lost_key(schema, target, key.target_columns)


def same_link(schema: SchemaView, table: TableView, wanted: ForeignKey, seen: ForeignKey) -> bool:
    """Whether a foreign key of both sides leads from the same columns to the same columns of the same table."""
    own = schema.actual_names(table, wanted.columns)
    theirs = schema.names.of_columns(wanted.target, wanted.target_columns)
    links = set(zip(own, theirs, strict=False)), set(zip(seen.columns, seen.target_columns, strict=False))
    return schema.names.table(wanted.target) == seen.target and links[0] == links[1]


def lost_key(schema: SchemaView, table: TableView, columns: tuple[str, ...]) -> bool:
    """Whether the models have a key on exactly these columns, and the database has none."""
    if not table.stored or not _has_key(table.wanted, frozenset(columns)):
        return False
    return not _has_key(table.seen, frozenset(schema.actual_names(table, columns)))


def _has_key(table: Table, columns: frozenset[str]) -> bool:
    if table.primary_key is not None and frozenset(table.primary_key.columns) == columns:
        return True
    if any(frozenset(unique.columns) == columns for unique in table.uniques):
        return True
    return any(
        index.unique and index.predicate is None and frozenset(index.columns) == columns for index in table.indexes
    )


def consequences_of_table(schema: SchemaView, table: TableView) -> tuple[str, ...]:
    """What is missing elsewhere because that table is."""
    return tuple(_inbound(schema, table, None))


def consequences_of_column(schema: SchemaView, table: TableView, column: str) -> tuple[str, ...]:
    """What is missing because that column is: keys, constraints and indexes it is part of."""
    return tuple(_members(table, column)) + tuple(_inbound(schema, table, frozenset({column})))


def consequences_of_key(schema: SchemaView, table: TableView, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Foreign keys that are missing because the key that they refer to is."""
    if not lost_key(schema, table, columns):
        return ()
    return tuple(
        name for name, key in _inbound_keys(schema, table) if frozenset(key.target_columns) == frozenset(columns)
    )


def _inbound(schema: SchemaView, table: TableView, columns: frozenset[str] | None) -> Iterator[str]:
    for name, key in _inbound_keys(schema, table):
        if columns is None or not columns.isdisjoint(key.target_columns):
            yield name


def _inbound_keys(schema: SchemaView, table: TableView) -> Iterator[tuple[str, ForeignKey]]:
    for view, pair in schema.inbound.get(table.wanted.name, ()):
        comes_along = table.actual is None and table.same_table(view)  # a key of a missing table to itself
        if pair.expected is None or comes_along:
            continue
        if pair.actual is None or not same_link(schema, view, pair.expected, pair.actual):
            owner = local(view.wanted.name, schema.actual.default_schema)
            yield f"{describe(pair.expected)} of {owner}", pair.expected


def _members(table: TableView, column: str) -> Iterator[str]:
    for pair in all_members(table):
        if pair.expected is not None and column in columns_of(pair.expected, table.wanted):
            yield describe(pair.expected)


def unexpected_members(table: TableView, column: str) -> tuple[str, ...]:
    """Constraints and indexes that nobody expects and that are wholly about unexpected columns, this one among them."""
    return tuple(
        describe(pair.actual)
        for pair in all_members(table)
        if pair.expected is None
        and pair.actual is not None
        and column in (columns := columns_of(pair.actual, table.seen))
        and table.unexpected_columns.issuperset(columns)
    )


def all_members(table: TableView) -> Iterator[Pair[Member]]:
    """Every pair of keys, constraints and indexes."""
    families: tuple[Iterable[Pair[Any]], ...] = (
        (table.primary_key,),
        table.uniques,
        table.foreign_keys,
        table.checks,
        table.exclusions,
        table.indexes,
    )
    for family in families:
        yield from family


def describe(member: Member) -> str:
    """A constraint or index in a few words: ``index ix_users_email``, ``foreign key (user_id)``."""
    word = _WORDS[type(member)]
    if member.name is not None:
        return f"{word} {member.name}"
    if isinstance(member, Check):
        return f"{word} ({member.expression.sql})"
    if isinstance(member, Exclusion):
        return f"{word} ({', '.join(element.column or str(element.expression) for element in member.elements)})"
    return f"{word} ({', '.join(member.columns)})"
