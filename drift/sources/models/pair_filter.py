"""The project's ``include_object`` and ``include_name`` on what stands in pairs.

Alembic asks ``include_object`` three ways: with the model's object alone where the database has none, with the
reflected object alone where the models have none, and with both where they differ. Only pairs can tell which it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, MetaData, Table, UniqueConstraint
from sqlalchemy import Column as NativeColumn
from sqlalchemy import Index as NativeIndex
from sqlalchemy.types import NullType

from drift.alignment import Alignment, Pair, TablePair
from drift.dialects.base import ServerInfo
from drift.dialects.registry import dialect_for
from drift.schema import Check, Column, ForeignKey, Index, QualifiedName, Unique
from drift.sources.models.filters import is_name_wanted
from drift.sources.models.loaded import IncludeName, IncludeObject, Natives
from drift.sources.models.spelling import Spelling

T = TypeVar("T", Column, Index, Unique, ForeignKey, Check)


def without_filtered(
    alignment: Alignment,
    natives: Natives,
    info: ServerInfo,
    *,
    include_object: IncludeObject | None,
    include_name: IncludeName | None,
) -> Alignment:
    """The alignment without the pairs of columns, indexes and constraints that the project leaves out.

    Args:
        alignment: Both sides, paired.
        natives: SQLAlchemy's objects behind the expected side.
        info: The server that the actual side was read from.
        include_object: Alembic's filter on objects. Reflected ones have names and columns, but no column types.
        include_name: Alembic's filter on the names of what was reflected.
    """
    if include_object is None and include_name is None:
        return alignment
    spelling = Spelling(dialect_for(info.dialect), info, {})
    tables = []
    for pair in alignment.tables:
        if pair.actual is None or pair.expected is None:
            tables.append(pair)
        else:
            found = _Table(pair, natives.tables.get(pair.expected.name), spelling, include_object, include_name)
            tables.append(found.filtered())
    return replace(alignment, tables=tuple(tables))


class _Table:
    """A pair of tables, with the objects to ask about."""

    def __init__(
        self,
        pair: TablePair,
        native: Table | None,
        spelling: Spelling,
        include_object: IncludeObject | None,
        include_name: IncludeName | None,
    ) -> None:
        assert pair.actual is not None
        self._pair = pair
        self._native = native
        self._spelling = spelling
        self._include_object = include_object
        self._include_name = include_name
        name = pair.actual.name
        self._schema = None if name.schema == spelling.info.default_schema else name.schema
        columns = (NativeColumn(column.name, NullType(), nullable=column.nullable) for column in pair.actual.columns)
        self._reflected = Table(name.name, MetaData(), *columns, schema=self._schema)

    def filtered(self) -> TablePair:
        """The pair without what is left out."""
        return replace(
            self._pair,
            columns=self._kept(self._pair.columns, "column", self._reflected_column),
            indexes=self._kept(self._pair.indexes, "index", self._reflected_index),
            uniques=self._kept(self._pair.uniques, "unique_constraint", self._reflected_unique),
            foreign_keys=self._kept(self._pair.foreign_keys, "foreign_key_constraint", self._reflected_foreign_key),
            checks=self._kept(self._pair.checks, "check_constraint", self._reflected_check),
        )

    def _kept(self, pairs: tuple[Pair[T], ...], kind: str, reflect: Callable[[T], Any]) -> tuple[Pair[T], ...]:
        return tuple(pair for pair in pairs if self._is_wanted(pair, kind, reflect))

    def _is_wanted(self, pair: Pair[T], kind: str, reflect: Callable[[T], Any]) -> bool:
        expected, actual = pair.expected, pair.actual
        if (
            self._include_name is not None
            and actual is not None
            and actual.name is not None
            and not is_name_wanted(
                self._include_name, actual.name, kind, self._schema, self._reflected.name, default_schema=None
            )
        ):
            return False
        if self._include_object is None:
            return True
        if expected is None:
            return actual is None or bool(self._include_object(reflect(actual), actual.name, kind, True, None))
        native = self._native_of(expected, kind)
        if native is None or actual is None:
            # What the models have and the database lacks was asked when the models were read.
            return True
        return bool(self._include_object(native, expected.name, kind, False, reflect(actual)))

    def _native_of(self, noun: T, kind: str) -> Any:
        """The model's own object behind a noun."""
        if self._native is None:
            return None
        if kind == "column":
            return next((c for c in self._native.columns if self._spelling.name(c.name) == noun.name), None)
        candidates = self._native.indexes if kind == "index" else self._native.constraints
        return next((c for c in candidates if noun.name and self._spelling.constraint_name(c) == noun.name), None)

    def _reflected_column(self, noun: Column) -> NativeColumn[Any]:
        return self._reflected.c[noun.name]

    def _reflected_index(self, noun: Index) -> NativeIndex:
        return NativeIndex(noun.name, *self._known(noun.columns), unique=noun.unique, _table=self._reflected)

    def _reflected_unique(self, noun: Unique) -> UniqueConstraint:
        return UniqueConstraint(*self._known(noun.columns), name=noun.name)

    def _reflected_foreign_key(self, noun: ForeignKey) -> ForeignKeyConstraint:
        targets = [
            ".".join(_path(noun.target, self._spelling.info.default_schema, name)) for name in noun.target_columns
        ]
        constraint = ForeignKeyConstraint(noun.columns, targets, name=noun.name)
        self._reflected.append_constraint(constraint)
        return constraint

    def _reflected_check(self, noun: Check) -> CheckConstraint:
        constraint = CheckConstraint(noun.expression.sql, name=noun.name)
        self._reflected.append_constraint(constraint)
        return constraint

    def _known(self, names: tuple[str, ...]) -> list[NativeColumn[Any]]:
        """Plain columns; expressions are left out."""
        return [self._reflected.c[name] for name in names if name in self._reflected.c]


def _path(table: QualifiedName, default_schema: str | None, column: str) -> list[str]:
    schema = [] if table.schema in (None, default_schema) else [str(table.schema)]
    return [*schema, table.name, column]
