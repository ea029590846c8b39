"""What conditions say of the rows that meet them: where a column has a value, and where it may be without."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from drift.sources.responses.mapped import mapper_of
from drift.sources.responses.values import ColumnOf, Thing, Values

_PRESENT = frozenset({"is_not", "isnot", "in_", "between", "like", "ilike", "startswith", "endswith"})
"""Conditions on a column that NULL does not meet."""


def present(condition: ast.expr) -> Iterator[ast.expr]:
    """What has a value wherever a condition holds."""
    match condition:
        case ast.Attribute():
            yield condition
        case ast.Compare(left, [ast.Eq()], [ast.Constant(value)]) if value is not None:
            yield left
        case ast.Compare(left, [ast.IsNot()], [ast.Constant(None)]):
            yield left
        case ast.Compare(left, [ast.NotEq() | ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE()]):
            yield left
        case ast.Call(ast.Attribute(column, name)) if name in _PRESENT:
            yield column
        case ast.BinOp(left, ast.BitAnd(), right):
            yield from (*present(left), *present(right))
        case ast.BoolOp(ast.And(), parts) | ast.Call(ast.Name("and_") | ast.Attribute(attr="and_"), parts):
            yield from (found for part in parts for found in present(part))
        case _:
            pass


def absent(test: ast.expr) -> Iterator[ast.expr]:
    """What may be without a value only where a test passes."""
    match test:
        case ast.Compare(left, [ast.Is()], [ast.Constant(None)]) | ast.UnaryOp(ast.Not(), left):
            yield left
        case ast.BoolOp(ast.Or(), parts):
            yield from (found for part in parts for found in absent(part))
        case _:
            pass


def joined(cls: type, related: Values) -> Iterator[str]:
    """The attributes of a mapped class that have a value in every row joined with ``related``."""
    mapper = mapper_of(cls)
    for key, relation in mapper.relationships.items() if mapper is not None else ():
        meant = (ColumnOf(cls, key), Thing(relation.mapper.class_))
        if not relation.uselist and any(each in related for each in meant):
            yield key
            yield from (relation.parent.get_property_by_column(each).key for each in relation.local_columns)
