"""Pairing what is inside two tables once their columns are paired."""

from __future__ import annotations

from collections.abc import Hashable

from drift.alignment.matching import N, Shape, Truncate, match, named_otherwise, rejoin
from drift.alignment.pairs import UNIQUE_CONSTRAINT, UNIQUE_INDEX, Pair, TablePair
from drift.alignment.renaming import Renaming
from drift.alignment.shapes import (
    exclusion_shape,
    foreign_key_full_shape,
    foreign_key_shape,
    index_shape,
    plain_unique_columns,
    unique_shape,
)
from drift.schema import Check, Exclusion, ForeignKey, Index, IndexKey, PrimaryKey, QualifiedName, Table, Unique

_NONE = Renaming()


def pair_interior(pair: TablePair, names: Renaming, truncate: Truncate) -> TablePair:
    """The pair with its keys, constraints and indexes paired. Both tables must be there."""
    expected, actual = pair.expected, pair.actual
    assert expected is not None
    assert actual is not None
    uniques, indexes = _uniques_and_indexes(expected, actual, names, truncate)
    return TablePair(
        expected,
        actual,
        pair.renamed,
        pair.evidence,
        pair.columns,
        _primary_key(expected.primary_key, actual.primary_key, truncate),
        uniques,
        _foreign_keys(expected, actual, names, truncate),
        _checks(expected, actual, names, truncate),
        _exclusions(expected, actual, names, truncate),
        indexes,
    )


def _primary_key(expected: PrimaryKey | None, actual: PrimaryKey | None, truncate: Truncate) -> Pair[PrimaryKey]:
    renamed = expected is not None and actual is not None and named_otherwise(expected, actual, truncate)
    return Pair(expected, actual, renamed)


def _uniques_and_indexes(
    expected: Table, actual: Table, names: Renaming, truncate: Truncate
) -> tuple[tuple[Pair[Unique], ...], tuple[Pair[Index], ...]]:
    table = expected.name

    def wanted_unique(unique: Unique) -> Hashable:
        return unique_shape(unique, table, names)

    def wanted_index(index: Index) -> Hashable:
        return index_shape(index, table, names)

    uniques = match(
        expected.uniques, actual.uniques, wanted_unique, lambda thing: unique_shape(thing, table, _NONE), truncate
    )
    indexes = match(
        expected.indexes, actual.indexes, wanted_index, lambda thing: index_shape(thing, table, _NONE), truncate
    )
    if not (_complete(uniques) and _complete(indexes)):
        uniques = rejoin(uniques, lambda left, right: _same_columns(left, right, table, names))
        uniques, indexes = _constraint_for_index(uniques, indexes, table, names)
        uniques = rejoin(
            uniques, lambda left, right: _overlap(left, right, table, names), only=True, evidence="the columns overlap"
        )
        uniques = _without_copies(uniques, wanted_unique)
        indexes = _without_copies(indexes, lambda index: (index.name, wanted_index(index)))
        indexes = tuple(
            pair for pair in indexes if pair.expected is not None or pair.actual is None or not pair.actual.implicit
        )
    return uniques, indexes


def _complete(pairs: tuple[Pair[N], ...]) -> bool:
    return all(pair.expected is not None and pair.actual is not None for pair in pairs)


def _same_columns(left: Unique, right: Unique, table: QualifiedName, names: Renaming) -> bool:
    return set(names.of_columns(table, left.columns)) == set(right.columns)


def _overlap(left: Unique, right: Unique, table: QualifiedName, names: Renaming) -> bool:
    """An unnamed constraint that gained or lost a column."""
    columns = set(names.of_columns(table, left.columns))
    return left.name is None and (columns < set(right.columns) or columns > set(right.columns))


def _constraint_for_index(
    uniques: tuple[Pair[Unique], ...], indexes: tuple[Pair[Index], ...], table: QualifiedName, names: Renaming
) -> tuple[tuple[Pair[Unique], ...], tuple[Pair[Index], ...]]:
    """A UNIQUE constraint and a plain unique index on the same columns promise the same: pair them."""
    free_indexes = {
        frozenset(columns): pair.actual
        for pair in indexes
        if pair.expected is None
        and pair.actual is not None
        and (columns := plain_unique_columns(pair.actual)) is not None
    }
    free_uniques = {
        frozenset(pair.actual.columns): pair.actual
        for pair in uniques
        if pair.expected is None and pair.actual is not None
    }
    if not free_indexes and not free_uniques:
        return uniques, indexes
    used_indexes: set[int] = set()
    used_uniques: set[int] = set()
    new_uniques: list[Pair[Unique]] = []
    for unique in uniques:
        if unique.expected is not None and unique.actual is None:
            found = free_indexes.pop(frozenset(names.of_columns(table, unique.expected.columns)), None)
            if found is not None:
                used_indexes.add(id(found))
                renamed = named_otherwise(unique.expected, found)
                new_uniques.append(Pair(unique.expected, _as_unique(found), renamed, UNIQUE_INDEX))
                continue
        new_uniques.append(unique)
    new_indexes: list[Pair[Index]] = []
    for index in indexes:
        if index.expected is not None and index.actual is None:
            columns = plain_unique_columns(index.expected)
            twin = free_uniques.pop(frozenset(names.of_columns(table, columns)), None) if columns is not None else None
            if twin is not None:
                used_uniques.add(id(twin))
                renamed = named_otherwise(index.expected, twin)
                new_indexes.append(Pair(index.expected, _as_index(twin), renamed, UNIQUE_CONSTRAINT))
                continue
        new_indexes.append(index)
    return (
        tuple(pair for pair in new_uniques if pair.expected is not None or id(pair.actual) not in used_uniques),
        tuple(pair for pair in new_indexes if pair.expected is not None or id(pair.actual) not in used_indexes),
    )


def _as_unique(index: Index) -> Unique:
    return Unique(
        index.name,
        index.columns,
        nulls_not_distinct=index.nulls_not_distinct,
        include=index.include,
        comment=index.comment,
    )


def _as_index(unique: Unique) -> Index:
    return Index(
        unique.name,
        tuple(IndexKey(column) for column in unique.columns),
        unique=True,
        include=unique.include,
        nulls_not_distinct=unique.nulls_not_distinct,
        comment=unique.comment,
    )


def _foreign_keys(expected: Table, actual: Table, names: Renaming, truncate: Truncate) -> tuple[Pair[ForeignKey], ...]:
    table = expected.name

    def full(key: ForeignKey) -> Hashable:
        return foreign_key_full_shape(key, table, names)

    pairs = match(
        expected.foreign_keys,
        actual.foreign_keys,
        full,
        lambda key: foreign_key_full_shape(key, table, _NONE),
        truncate,
    )
    if _complete(pairs):
        return pairs
    pairs = rejoin(
        pairs,
        lambda left, right: foreign_key_shape(left, table, names) == foreign_key_shape(right, table, _NONE),
    )
    pairs = _without_copies(pairs, lambda key: foreign_key_shape(key, table, names))
    return rejoin(
        pairs,
        lambda left, right: set(names.of_columns(table, left.columns)) == set(right.columns),
        only=True,
        evidence="the same columns",
    )


def _without_copies(pairs: tuple[Pair[N], ...], shape: Shape[N]) -> tuple[Pair[N], ...]:
    """Drop a missing constraint that repeats one that is there: the models state it twice, once is enough."""
    present = {shape(pair.expected) for pair in pairs if pair.expected is not None and pair.actual is not None}
    return tuple(
        pair
        for pair in pairs
        if pair.expected is None or pair.actual is not None or shape(pair.expected) not in present
    )


def _checks(expected: Table, actual: Table, names: Renaming, truncate: Truncate) -> tuple[Pair[Check], ...]:
    table = expected.name
    return match(
        expected.checks,
        actual.checks,
        lambda check: names.expression(table, check.expression.sql),
        lambda check: check.expression.sql,
        truncate,
    )


def _exclusions(expected: Table, actual: Table, names: Renaming, truncate: Truncate) -> tuple[Pair[Exclusion], ...]:
    table = expected.name
    return match(
        expected.exclusions,
        actual.exclusions,
        lambda thing: exclusion_shape(thing, table, names),
        lambda thing: exclusion_shape(thing, table, _NONE),
        truncate,
    )
