"""Actual nouns in the words that hold after the plan's renames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from drift.alignment import TablePair
from drift.migration.context import PlanContext
from drift.migration.ddl.quoting import rename_identifiers
from drift.schema import Check, Column, Exclusion, Expression, ForeignKey, Index, PrimaryKey, QualifiedName, Unique

NounT = TypeVar("NounT", bound=PrimaryKey | Unique | ForeignKey | Check | Exclusion | Index)


def after_renames(context: PlanContext, pair: TablePair, noun: NounT) -> NounT:
    """A key, constraint or index of the actual table, with the column and table names of after the renames."""
    names = context.column_names(pair)
    if isinstance(noun, ForeignKey):
        target, target_columns = _target(context, noun)
        return replace(noun, columns=_columns(noun.columns, names), target=target, target_columns=target_columns)
    if not names:
        return noun
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


def column_after_renames(context: PlanContext, column: Column) -> Column:
    """A column of a table that keeps its name, with the name that its enum has after the renames."""
    for pair in context.alignment.enums:
        if pair.actual is not None and pair.expected is not None and pair.actual.name == column.enum:
            name = pair.expected.name
            return replace(column, enum=name, type=column.type.replace(str(column.enum), str(name), 1))
    return column


def _target(context: PlanContext, key: ForeignKey) -> tuple[QualifiedName, tuple[str, ...]]:
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
    return Expression(rename_identifiers(expression.sql, names, context.quoting))
