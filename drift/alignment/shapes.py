"""What a constraint or index *is*, apart from its name. Two things with the same shape do the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from drift.alignment.normal import operator_class
from drift.alignment.renaming import Renaming
from drift.schema import Exclusion, Expression, ForeignKey, Index, QualifiedName, Unique

Form = Callable[[Expression], str]
"""The spelling by which two expressions are compared."""


def text_of(expression: Expression) -> str:
    """The simplest form: the text as it is."""
    return expression.sql


def unique_shape(unique: Unique, table: QualifiedName, names: Renaming) -> Hashable:
    """Columns as a set: their order changes nothing that a UNIQUE promises."""
    return (
        frozenset(names.of_columns(table, unique.columns)),
        unique.nulls_not_distinct,
        unique.deferrable,
        unique.initially_deferred,
    )


def foreign_key_shape(key: ForeignKey, table: QualifiedName, names: Renaming) -> Hashable:
    """Columns with their targets, as a set."""
    return _links(key, table, names), names.table(key.target)


def foreign_key_full_shape(key: ForeignKey, table: QualifiedName, names: Renaming) -> Hashable:
    """Everything but the name."""
    return (
        foreign_key_shape(key, table, names),
        key.on_delete,
        frozenset(names.of_columns(table, key.delete_columns)),
        key.on_update,
        key.deferrable,
        key.initially_deferred,
        key.match,
    )


def _links(key: ForeignKey, table: QualifiedName, names: Renaming) -> frozenset[tuple[str, str]]:
    own = names.of_columns(table, key.columns)
    theirs = names.of_columns(key.target, key.target_columns)
    return frozenset(zip(own, theirs, strict=False))


def index_keys(index: Index, table: QualifiedName, names: Renaming, form: Form = text_of) -> tuple[str, ...]:
    """What is indexed, in order."""
    return tuple(
        names.of_columns(table, (key.column,))[0]
        if key.column is not None
        else names.expression(table, form(key.expression) if key.expression is not None else "")
        for key in index.keys
    )


def index_shape(index: Index, table: QualifiedName, names: Renaming, form: Form = text_of) -> Hashable:
    """Everything that decides what an index does."""
    return (
        index_keys(index, table, names, form),
        tuple(
            (operator_class(key.opclass), key.collation, key.descending, key.nulls_first, key.length)
            for key in index.keys
        ),
        index.unique,
        index.method,
        None if index.predicate is None else names.expression(table, form(index.predicate)),
        frozenset(names.of_columns(table, index.include)),
        index.nulls_not_distinct,
    )


def exclusion_shape(exclusion: Exclusion, table: QualifiedName, names: Renaming, form: Form = text_of) -> Hashable:
    """Everything but the name and deferrability."""
    return (
        tuple(
            (
                names.of_columns(table, (element.column,))[0]
                if element.column is not None
                else names.expression(table, form(element.expression) if element.expression is not None else ""),
                element.operator,
            )
            for element in exclusion.elements
        ),
        exclusion.method,
        None if exclusion.predicate is None else names.expression(table, form(exclusion.predicate)),
    )


def plain_unique_columns(index: Index) -> tuple[str, ...] | None:
    """The columns of an index that promises just what ``UNIQUE (columns)`` does, else ``None``."""
    if not index.unique or index.predicate is not None or not index.valid:
        return None
    columns = tuple(key.column for key in index.keys if key.column is not None and key.length is None)
    return columns if len(columns) == len(index.keys) else None
