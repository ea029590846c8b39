"""What a mapped class has to offer to a schema that reads it: columns, relationships, and other names."""

from __future__ import annotations

import sys
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from sqlalchemy import Table
from sqlalchemy.exc import NoInspectionAvailable
from sqlalchemy.inspection import inspect
from sqlalchemy.orm import ColumnProperty, Mapped, Mapper, RelationshipDirection, RelationshipProperty
from sqlalchemy.schema import Column
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList
from sqlalchemy.types import TypeEngine

from drift.schema import QualifiedName
from drift.sources.responses.unwrap import without_optional


@dataclass(frozen=True, slots=True)
class ColumnAttribute:
    """An attribute that holds a column's value.

    Attributes:
        hint: The type inside ``Mapped[...]``, ``None`` when it is not written or cannot be evaluated.
        promises: The annotation is there and has no ``None``.
        computed: An SQL expression, or a column of something that is not a table.
        narrowed: Declared by a single-table subclass.
        circular: A foreign key that is added after its table (``use_alter``), because two tables refer to each other.
    """

    key: str
    column: Any
    type: TypeEngine[Any]
    table: QualifiedName | None
    hint: Any
    promises: bool
    nullable: bool
    primary_key: bool
    computed: bool
    narrowed: bool
    circular: bool = False

    @property
    def column_name(self) -> str:
        """The column's name in the database."""
        return str(getattr(self.column, "name", self.key))


@dataclass(frozen=True, slots=True)
class RelationAttribute:
    """An attribute that holds related rows."""

    key: str
    target: type
    collection: bool
    empty: Any
    many_to_one: bool
    enforced: bool
    table: QualifiedName | None
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappedClass:
    """A mapped class, inspected once.

    Attributes:
        names: Every name that reading may find, by looking at the classes only: a property's code never runs.
        annotated: Names that are annotated only; they may be set at run time.
        dynamic: The class answers for unknown names by itself.
    """

    cls: type
    mapper: Mapper[Any]
    table: QualifiedName
    columns: Mapping[str, ColumnAttribute]
    relations: Mapping[str, RelationAttribute]
    names: frozenset[str]
    annotated: frozenset[str]
    dynamic: bool

    @property
    def dotted(self) -> str:
        """``app.models.User``."""
        return dotted(self.cls)


def dotted(cls: type) -> str:
    """Module and qualified name."""
    return f"{cls.__module__}.{cls.__qualname__}"


def mapper_of(value: object) -> Mapper[Any] | None:
    """The mapper of a class, ``None`` for everything else."""
    if not isinstance(value, type):
        return None
    try:
        found: object = inspect(value, raiseerr=False)
    except NoInspectionAvailable:
        return None
    return found if isinstance(found, Mapper) else None


def qualified(table: Any) -> QualifiedName | None:
    """The name of a ``Table``; ``None`` for joins, aliases, and subqueries."""
    return QualifiedName(table.schema, table.name) if isinstance(table, Table) else None


def describe(mapper: Mapper[Any]) -> MappedClass | None:
    """Inspect a mapped class. ``None`` when it has no table of its own."""
    table = qualified(mapper.local_table)
    if table is None:
        return None
    hints = _hints(mapper.class_)
    single = mapper.single
    inherited = set(mapper.inherits.attrs.keys()) if mapper.inherits is not None else set()
    columns: dict[str, ColumnAttribute] = {}
    relations: dict[str, RelationAttribute] = {}
    for attribute in mapper.attrs:
        if isinstance(attribute, ColumnProperty):
            narrowed = bool(single) and attribute.key not in inherited
            columns[attribute.key] = _column(attribute, hints.get(attribute.key), narrowed=narrowed)
        elif isinstance(attribute, RelationshipProperty):
            relations[attribute.key] = _relation(attribute)
    names: set[str] = set(mapper.all_orm_descriptors.keys())
    annotated: set[str] = set()
    for base in mapper.class_.__mro__:
        names.update(vars(base))
        annotated.update(vars(base).get("__annotations__", ()))
    dynamic = any("__getattr__" in vars(base) for base in mapper.class_.__mro__)
    return MappedClass(
        mapper.class_, mapper, table, columns, relations, frozenset(names), frozenset(annotated - names), dynamic
    )


def _column(attribute: ColumnProperty[Any], hint: Any, *, narrowed: bool) -> ColumnAttribute:
    column = attribute.columns[0]
    table = qualified(getattr(column, "table", None))
    stored = isinstance(column, Column) and table is not None
    inner, optional = without_optional(hint) if hint is not None else (None, True)
    return ColumnAttribute(
        key=attribute.key,
        column=column,
        type=column.type,
        table=table if stored else None,
        hint=inner,
        promises=hint is not None and not optional and inner is not Any,
        nullable=bool(getattr(column, "nullable", True)),
        primary_key=bool(getattr(column, "primary_key", False)),
        computed=not stored,
        narrowed=narrowed,
        circular=any(key.use_alter for key in getattr(column, "foreign_keys", ())),
    )


def _relation(attribute: RelationshipProperty[Any]) -> RelationAttribute:
    local = [column for column in attribute.local_columns if isinstance(column, Column)]
    many_to_one = attribute.direction is RelationshipDirection.MANYTOONE
    enforced = (
        many_to_one
        and not attribute.viewonly
        and attribute.secondary is None
        and all(column.foreign_keys for column in local)
        and _plain(attribute)
    )
    collection = bool(attribute.uselist)
    return RelationAttribute(
        key=attribute.key,
        target=attribute.mapper.class_,
        collection=collection,
        empty=attribute.collection_class or list,
        many_to_one=many_to_one,
        enforced=enforced,
        table=qualified(local[0].table) if local else None,
        columns=tuple(column.name for column in local),
    )


def _plain(attribute: RelationshipProperty[Any]) -> bool:
    """Whether the join is nothing but the foreign key: a further condition can hide the related row."""
    join = attribute.primaryjoin
    if isinstance(join, BooleanClauseList):
        return len(join.clauses) == len(attribute.local_remote_pairs or ())
    return isinstance(join, BinaryExpression)


def _hints(cls: type) -> dict[str, Any]:
    """The types inside the class's annotations, ``Mapped[...]`` opened. What cannot be evaluated is left out."""
    try:
        found = typing.get_type_hints(cls, include_extras=True)
    except Exception:  # noqa: BLE001, RUF100 - one name that exists for type checkers only spoils all of them
        found = _hints_one_by_one(cls)
    return {name: _inside(hint) for name, hint in found.items()}


def _hints_one_by_one(cls: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        scope = dict(vars(sys.modules.get(base.__module__, typing)))
        scope.setdefault("Mapped", Mapped)
        for name, written in (vars(base).get("__annotations__") or {}).items():
            try:
                found[name] = eval(written, scope) if isinstance(written, str) else written  # noqa: S307, RUF100
            except Exception:  # noqa: BLE001, RUF100
                found.pop(name, None)
    return found


def _inside(hint: Any) -> Any:
    origin = get_origin(hint)
    if isinstance(origin, type) and issubclass(origin, Mapped):
        return get_args(hint)[0]
    return hint
