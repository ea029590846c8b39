"""Constraint and index rows become nouns."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from drift.dialects.postgresql.catalog import Catalog
from drift.dialects.postgresql.normal import storage_parameters
from drift.dialects.postgresql.support import DEFAULT_COLLATION, PG_CLASS, PG_CONSTRAINT, Support
from drift.dialects.text import enclosed, outermost, split, tokens, unparenthesised
from drift.schema import (
    Check,
    Exclusion,
    ExclusionElement,
    Expression,
    ForeignKey,
    Index,
    IndexKey,
    PrimaryKey,
    QualifiedName,
    Unique,
)

_ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_MATCHES = {"s": "SIMPLE", "f": "FULL", "p": "PARTIAL"}
_DESCENDING, _NULLS_FIRST = 1, 2
"""Bits of ``pg_index.indoption``."""

ColumnNames = Mapping[int, Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class Constraints:
    """Constraints and indexes by the number of their relation; ``vanished``: relations that were dropped meanwhile."""

    primary_keys: dict[int, PrimaryKey] = field(default_factory=dict)
    uniques: defaultdict[int, list[Unique]] = field(default_factory=lambda: defaultdict(list))
    foreign_keys: defaultdict[int, list[ForeignKey]] = field(default_factory=lambda: defaultdict(list))
    checks: defaultdict[int, list[Check]] = field(default_factory=lambda: defaultdict(list))
    exclusions: defaultdict[int, list[Exclusion]] = field(default_factory=lambda: defaultdict(list))
    indexes: defaultdict[int, list[Index]] = field(default_factory=lambda: defaultdict(list))
    vanished: set[int] = field(default_factory=set)


class _IndexRow(NamedTuple):
    """A row of ``indexes.sql``."""

    number: int
    relation: int
    name: str
    method: str
    unique: bool
    valid: bool
    nulls_not_distinct: bool
    key_count: int
    columns: str
    flags: str
    opclasses: str
    collations: str
    partial: bool
    predicate: str | None
    expressions: str | None
    definition: str | None
    options: str | None
    parameters: str | None


class _ConstraintRow(NamedTuple):
    """A row of ``constraints.sql``."""

    number: int
    relation: int
    name: str
    kind: str
    deferrable: bool
    deferred: bool
    validated: bool
    enforced: bool
    no_inherit: bool
    index_number: int
    columns: str | None
    target: int
    target_namespace: int | None
    target_schema: str | None
    target_name: str | None
    target_columns: str | None
    target_column_names: str | None
    on_delete: str
    delete_columns: str | None
    on_update: str
    match: str
    expression: str | None
    operators: str | None


def assemble_constraints(
    catalog: Catalog, support: Support, names: Mapping[int, QualifiedName], columns: ColumnNames
) -> Constraints:
    """Constraints and indexes of every relation; an index behind a constraint is part of the constraint."""
    result = Constraints()
    indexes = {row[0]: _IndexRow(*row) for row in catalog.indexes}
    behind: set[int] = set()
    collations = {(row[0], row[1]): row[10] for row in catalog.columns if row[10]}
    for raw in catalog.constraints:
        row = _ConstraintRow(*raw)
        comment = support.comments.get((PG_CONSTRAINT, row.number, 0))
        if row.kind == "f":
            key = _foreign_key(row, names, columns, comment)
            if key is None:
                result.vanished.add(row.relation)
            else:
                result.foreign_keys[row.relation].append(key)
        elif row.kind == "c":
            if row.expression is None:
                result.vanished.add(row.relation)
            else:
                result.checks[row.relation].append(_check(row, row.expression, columns, comment))
        else:
            behind.add(row.index_number)
            index = indexes.get(row.index_number)
            if index is None:
                result.vanished.add(row.relation)
            elif row.kind == "x":
                result.exclusions[row.relation].append(_exclusion(row, index, support, columns, collations, comment))
            elif row.kind == "u":
                result.uniques[row.relation].append(
                    Unique(
                        row.name,
                        _column_names(row.columns, columns[row.relation]),
                        row.deferrable,
                        row.deferred,
                        index.nulls_not_distinct,
                        _included(index, columns),
                        comment,
                    )
                )
            else:
                result.primary_keys[row.relation] = PrimaryKey(
                    row.name,
                    _column_names(row.columns, columns[row.relation]),
                    row.deferrable,
                    row.deferred,
                    _included(index, columns),
                    comment,
                )
    for index in indexes.values():
        if index.number in behind:
            continue
        made = _index(index, support, columns, collations)
        if made is None:
            result.vanished.add(index.relation)
        else:
            result.indexes[index.relation].append(made)
    return result


def _foreign_key(
    row: _ConstraintRow, names: Mapping[int, QualifiedName], columns: ColumnNames, comment: str | None
) -> ForeignKey | None:
    target = names.get(row.target)
    if target is not None:
        target_columns = _column_names(row.target_columns, columns[row.target])
    elif row.target_schema is not None and row.target_name is not None:
        target = QualifiedName(row.target_schema, row.target_name)
        target_columns = tuple(json.loads(row.target_column_names or "[]"))
    else:
        return None
    own = _column_names(row.columns, columns[row.relation])
    emptied = _column_names(row.delete_columns, columns[row.relation]) if row.delete_columns else ()
    return ForeignKey(
        row.name,
        own,
        target,
        target_columns,
        _ACTIONS[row.on_delete],
        _ACTIONS[row.on_update],
        row.deferrable,
        row.deferred,
        _MATCHES[row.match],
        row.validated,
        row.enforced,
        comment,
        emptied if set(emptied) != set(own) else (),
    )


def _check(row: _ConstraintRow, expression: str, columns: ColumnNames, comment: str | None) -> Check:
    return Check(
        row.name,
        Expression(unparenthesised(expression)),
        _column_names(row.columns, columns[row.relation]),
        row.validated,
        row.no_inherit,
        row.enforced,
        comment,
    )


def _exclusion(
    row: _ConstraintRow,
    index: _IndexRow,
    support: Support,
    columns: ColumnNames,
    collations: Mapping[tuple[int, int], int],
    comment: str | None,
) -> Exclusion:
    keys = _keys(index, support, columns, collations) or ()
    elements = tuple(
        ExclusionElement(operator, key.column, key.expression, key.opclass)
        for operator, key in zip(json.loads(row.operators or "[]"), keys, strict=False)
    )
    return Exclusion(
        row.name,
        elements,
        index.method,
        None if index.predicate is None else Expression(unparenthesised(index.predicate)),
        row.deferrable,
        row.deferred,
        comment,
    )


def _index(
    row: _IndexRow, support: Support, columns: ColumnNames, collations: Mapping[tuple[int, int], int]
) -> Index | None:
    keys = _keys(row, support, columns, collations)
    if keys is None or (row.partial and row.predicate is None):
        return None
    options = json.loads(row.options) if row.options else None
    return Index(
        row.name,
        keys,
        row.unique,
        row.method,
        None if row.predicate is None else Expression(unparenthesised(row.predicate)),
        _included(row, columns),
        row.nulls_not_distinct,
        row.valid,
        True,
        False,
        support.comments.get((PG_CLASS, row.number, 0)),
        storage_parameters(_options(options)) if options else (),
    )


def _options(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """``fillfactor=70`` as a pair."""
    for text in texts:
        name, _, value = text.partition("=")
        yield name, value


def _keys(
    row: _IndexRow, support: Support, columns: ColumnNames, collations: Mapping[tuple[int, int], int]
) -> tuple[IndexKey, ...] | None:
    """The keys without INCLUDE columns; ``None`` when an expression could not be read any more."""
    names = columns[row.relation]
    expressions = iter(json.loads(row.expressions) if row.expressions else ())
    keys: list[IndexKey] = []
    parameters = json.loads(row.parameters) if row.parameters else {}
    parts = zip(
        _numbers(row.columns)[: row.key_count],
        _numbers(row.flags),
        _numbers(row.opclasses),
        _numbers(row.collations),
        strict=False,
    )
    for number, flags, opclass, collation in parts:
        expression: Expression | None = None
        column: str | None = None
        if number:
            column = names.get(number)
            usual = collations.get((row.relation, number), DEFAULT_COLLATION)
        else:
            text = next(expressions, None)
            if text is None:
                return None
            expression = Expression(unparenthesised(text))
            usual = DEFAULT_COLLATION if len(keys) in _collated(row.definition) else collation
        keys.append(
            IndexKey(
                column,
                expression,
                _operator_class(opclass, parameters.get(str(len(keys) + 1), ()), support),
                None if collation in (0, usual) else support.collations.get(collation),
                bool(flags & _DESCENDING),
                bool(flags & _NULLS_FIRST),
            )
        )
    return tuple(keys)


def _operator_class(number: int, parameters: Iterable[str], support: Support) -> str | None:
    """The class as it would have to be written: the usual one only for the sake of its parameters."""
    if not parameters:
        return None if number in support.usual_opclasses else support.opclasses.get(number)
    return f"{support.opclasses[number]}({','.join(parameters)})"


@lru_cache(maxsize=4096)
def _numbers(text: str) -> tuple[int, ...]:
    """Numbers with spaces between them, as the catalog prints its vectors; the same few over and over."""
    return tuple(map(int, text.split()))


def _collated(definition: str | None) -> frozenset[int]:
    """Places of the keys that ``CREATE INDEX ... USING method (keys)`` gives a collation behind the expression."""
    if definition is None:
        return frozenset()
    parts = tokens(definition)
    start = next(place for place, part in enumerate(parts) if part.text == "USING") + 2
    return frozenset(
        number
        for number, key in enumerate(split(enclosed(parts, start)))
        if any(part.text == "COLLATE" for part in outermost(key))
    )


def _included(row: _IndexRow, columns: ColumnNames) -> tuple[str, ...]:
    numbers = _numbers(row.columns)[row.key_count :]
    if not numbers:
        return ()
    names = columns[row.relation]
    return tuple(names[number] for number in numbers)


def _column_names(numbers: str | None, names: Mapping[int, str]) -> tuple[str, ...]:
    """Names by attribute number; system columns have negative numbers and no name here."""
    return tuple([names[number] for number in _numbers(numbers or "") if number in names])
