"""Columns as Alembic's operations take them: copies of the user's own, or made from nouns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from drift.alignment import TablePair
from drift.migration.types import sqlalchemy_type
from drift.schema import Column, Identity

if TYPE_CHECKING:
    from drift.migration.context import PlanContext


def expected_type(context: PlanContext, pair: TablePair, column: Column) -> Any:
    """The expected type as an SQLAlchemy object; ``None`` where SQLAlchemy has none."""
    native = native_column(context, pair, column)
    if native is not None:
        return without_create(native.type, context.dialect)
    return sqlalchemy_type(column, context.dialect, context.expected_enums, context.default_schema)


def actual_type(context: PlanContext, column: Column) -> Any:
    """The type that the database has as an SQLAlchemy object; ``None`` where SQLAlchemy has none."""
    return sqlalchemy_type(column, context.dialect, context.actual_enums, context.default_schema)


def native_column(context: PlanContext, pair: TablePair, column: Column) -> sa.Column[Any] | None:
    """The user's own column."""
    table = context.native(pair)
    if table is None:
        return None
    return next((c for c in table.columns if column.name in (c.name, context.truncate(str(c.name)))), None)


def without_create(type_: Any, dialect: str) -> Any:
    """The same type, but creating no enum or domain by itself: types are made in steps of their own."""
    if dialect != "postgresql":
        return type_
    from sqlalchemy.dialects import postgresql

    dialect_class: Any = postgresql.dialect
    concrete = type_.dialect_impl(dialect_class())
    while isinstance(concrete, sa.types.TypeDecorator):
        concrete = concrete.impl_instance
    if isinstance(concrete, sa.ARRAY):
        item = without_create(type_.item_type, dialect) if isinstance(type_, sa.ARRAY) else None
        if item is None or item is type_.item_type:
            return type_
        return postgresql.ARRAY(item, dimensions=type_.dimensions)
    if isinstance(concrete, postgresql.ENUM):
        return postgresql.ENUM(*concrete.enums, name=concrete.name, schema=concrete.schema, create_type=False)
    if isinstance(concrete, postgresql.DOMAIN):
        # Its checks and default belong to the domain's own step.
        return postgresql.DOMAIN(str(concrete.name), concrete.data_type, schema=concrete.schema, create_type=False)
    return type_


def server_default(default: Any) -> Any:
    """A default that survives Alembic's rendering, which strips quotes from plain strings."""
    if isinstance(default, sa.DefaultClause) and isinstance(default.arg, str):
        text = default.arg
        if text.startswith("'") or text.endswith("'"):
            return sa.DefaultClause(sa.text("'" + text.replace("'", "''") + "'"))
    return default


def copy_native(column: sa.Column[Any], dialect: str) -> sa.Column[Any]:
    """A detached copy of the user's column, without keys and constraints."""
    copy = sa.Column(
        column.name,
        without_create(column.type, dialect),
        nullable=column.nullable,
        comment=column.comment,
        autoincrement=column.autoincrement,
    )
    default = column.server_default
    if isinstance(default, sa.Computed):
        copy = sa.Column(
            column.name,
            without_create(column.type, dialect),
            sa.Computed(default.sqltext, persisted=default.persisted),
            nullable=column.nullable,
            comment=column.comment,
        )
    elif isinstance(default, sa.Identity):
        copy = sa.Column(
            column.name, without_create(column.type, dialect), default._copy(), nullable=False, comment=column.comment
        )
    elif default is not None:
        copy.server_default = server_default(default)
    return copy


def column_from_noun(context: PlanContext, column: Column, type_: Any) -> sa.Column[Any]:
    """A column read from the database."""
    arguments: list[Any] = []
    default: Any = None
    if column.generated is not None:
        arguments.append(sa.Computed(column.generated.sql, persisted=column.generated_stored))
    elif column.identity is not None:
        arguments.append(identity_from_noun(column.identity))
    else:
        text = context.ddl.default(column)
        default = sa.text(text.replace(":", "\\:")) if text is not None else None
    return sa.Column(
        column.name, type_, *arguments, nullable=column.nullable, server_default=default, comment=column.comment
    )


def identity_from_noun(identity: Identity) -> sa.Identity:
    """An identity with the options that are given."""
    options: dict[str, Any] = {
        "start": identity.start,
        "increment": identity.increment,
        "minvalue": identity.minimum,
        "maxvalue": identity.maximum,
        "cache": identity.cache,
        "cycle": identity.cycle,
    }
    return sa.Identity(always=identity.always, **{key: value for key, value in options.items() if value is not None})
