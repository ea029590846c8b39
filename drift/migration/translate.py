"""Actual nouns in the words that hold after the plan's renames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from drift.alignment import TablePair
from drift.alignment.renaming import with_other_name
from drift.migration.context import PlanContext
from drift.migration.ddl.quoting import rename_identifiers
from drift.schema import (
    Check,
    Column,
    Exclusion,
    Expression,
    ForeignKey,
    Index,
    PrimaryKey,
    QualifiedName,
    Sequence,
    Unique,
)

NounT = TypeVar("NounT", bound=PrimaryKey | Unique | ForeignKey | Check | Exclusion | Index)


def after_renames(context: PlanContext, pair: TablePair, noun: NounT) -> NounT:
    """A key, constraint or index of the actual table, with the column and table names of after the renames."""
    renamed = with_columns(context, noun, context.column_names(pair))
    if isinstance(renamed, ForeignKey):
        target, target_columns = target_after_renames(context, renamed)
        return replace(renamed, target=target, target_columns=target_columns)
    return renamed


def with_columns(context: PlanContext, noun: NounT, names: Mapping[str, str]) -> NounT:
    """A key, constraint or index over columns that are called otherwise; what a foreign key refers to stays."""
    if not names and not context.enum_names:
        return noun
    if isinstance(noun, ForeignKey):
        emptied = _columns(noun.delete_columns, names)
        return replace(noun, columns=_columns(noun.columns, names), delete_columns=emptied)
    if isinstance(noun, Check):
        expression = _expression(context, noun.expression, names)
        assert expression is not None
        return replace(noun, columns=_columns(noun.columns, names), expression=expression)
    if isinstance(noun, Index):
        keys = tuple(
            replace(key, column=_column(key.column, names), expression=_expression(context, key.expression, names))
            for key in noun.keys
        )
        return replace(
            noun,
            keys=keys,
            include=_columns(noun.include, names),
            predicate=_expression(context, noun.predicate, names),
        )
    if isinstance(noun, Exclusion):
        elements = tuple(
            replace(
                element,
                column=_column(element.column, names),
                expression=_expression(context, element.expression, names),
            )
            for element in noun.elements
        )
        return replace(noun, elements=elements, predicate=_expression(context, noun.predicate, names))
    return replace(noun, columns=_columns(noun.columns, names), include=_columns(noun.include, names))


def sequence_after_renames(context: PlanContext, sequence: Sequence) -> QualifiedName:
    """What a sequence that belongs to a column is called after its table was renamed or moved."""
    owner = sequence.owned_by
    for pair in context.alignment.tables:
        if owner is None or pair.actual is None or pair.actual.name != owner[0]:
            continue
        old, new = pair.actual.name, context.table_name(pair)
        columns = context.column_pair(pair, owner[1])
        column = columns.expected if columns is not None else None
        name = sequence.name.name
        if old.name == new.name or not name.startswith(f"{old.name}_"):
            return QualifiedName(new.schema, name)
        following = QualifiedName(new.schema, context.truncate(new.name + name[len(old.name) :]))
        # One whose column is dropped, or numbered otherwise, goes under its old name.
        serial = column is not None and column.auto_increment and column.identity is None
        named = any(p.expected is not None and p.expected.name == following for p in context.alignment.sequences)
        return following if serial or named else QualifiedName(new.schema, name)
    return sequence.name


def column_after_renames(context: PlanContext, column: Column) -> Column:
    """An actual column that keeps its own name, in terms of what enums are called after the renames."""
    for old, new in context.enum_names.items():
        column = replace(
            column,
            enum=new if column.enum == old else column.enum,
            type=with_other_name(column.type, old, new),
            default=_with_enum(column.default, old, new),
            generated=_with_enum(column.generated, old, new),
        )
    return column


def _with_enum(expression: Expression | None, old: QualifiedName, new: QualifiedName) -> Expression | None:
    return None if expression is None else Expression(with_other_name(expression.sql, old, new))


def target_after_renames(context: PlanContext, key: ForeignKey) -> tuple[QualifiedName, tuple[str, ...]]:
    """The table and the columns that a foreign key refers to, as they are called after the renames."""
    for pair in context.alignment.tables:
        if pair.actual is not None and pair.actual.name == key.target:
            return context.table_name(pair), _columns(key.target_columns, context.column_names(pair))
    return key.target, key.target_columns


def _column(name: str | None, names: Mapping[str, str]) -> str | None:
    return None if name is None else names.get(name, name)


def _columns(columns: tuple[str, ...], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(names.get(column, column) for column in columns)


def _expression(context: PlanContext, expression: Expression | None, names: Mapping[str, str]) -> Expression | None:
    if expression is None:
        return None
    sql = expression.sql
    for old, new in context.enum_names.items():
        sql = with_other_name(sql, old, new)
    return Expression(rename_identifiers(sql, names, context.quoting))
