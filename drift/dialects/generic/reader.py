"""Reading through SQLAlchemy's bulk Inspector: one call for each kind of thing and schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from drift.dialects.base import Scope, ServerInfo
from drift.dialects.generic.spelling import spell_type
from drift.dialects.text import unparenthesised
from drift.schema import (
    Check,
    Column,
    Expression,
    ForeignKey,
    Identity,
    Index,
    IndexKey,
    PrimaryKey,
    QualifiedName,
    Schema,
    Table,
    TableKind,
    Unique,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Inspector

_MULTI = {
    "columns": "get_multi_columns",
    "primary keys": "get_multi_pk_constraint",
    "unique constraints": "get_multi_unique_constraints",
    "foreign keys": "get_multi_foreign_keys",
    "check constraints": "get_multi_check_constraints",
    "indexes": "get_multi_indexes",
    "comments": "get_multi_table_comment",
}
Facets = Mapping[str, Mapping[str, Any]]
"""Facet -> table name -> what the Inspector reports."""


def read(connection: Connection, scope: Scope, info: ServerInfo) -> Schema:
    """Everything in ``scope`` that the Inspector reports; what it cannot report is listed as unreadable."""
    from sqlalchemy import inspect

    inspector = inspect(connection)
    schemas: tuple[str | None, ...] = scope.schemas or (info.default_schema,)
    tables: list[Table] = []
    names: list[QualifiedName] = []
    unreadable: set[tuple[str, str]] = set()
    for schema in schemas:
        facets = _facets(inspector, schema, unreadable)
        views = set(_asked(partial(inspector.get_view_names, schema), "views", unreadable))
        for name in facets["columns"]:
            qualified = QualifiedName(schema, name)
            names.append(qualified)
            if scope.include_name is None or scope.include_name(schema, name):
                kind = TableKind.VIEW if name in views else TableKind.TABLE
                tables.append(_table(qualified, kind, facets, connection, info))
    return Schema(
        source=connection.engine.url.render_as_string(hide_password=True),
        dialect=info.dialect,
        server=info.version or None,
        default_schema=info.default_schema,
        schemas=tuple(schema for schema in schemas if schema is not None),
        tables=tuple(sorted(tables, key=lambda table: (table.name.schema or "", table.name.name))),
        relation_names=tuple(sorted(names, key=lambda name: (name.schema or "", name.name))),
        unreadable=tuple(sorted(unreadable)),
    )


def _facets(inspector: Inspector, schema: str | None, unreadable: set[tuple[str, str]]) -> Facets:
    from sqlalchemy.engine.reflection import ObjectKind

    return {
        facet: {
            name: value
            for (_, name), value in dict(
                _asked(
                    partial(getattr(inspector, method), schema=schema, kind=ObjectKind.ANY),
                    facet,
                    unreadable,
                )
            ).items()
        }
        for facet, method in _MULTI.items()
    }


def _asked(ask: Callable[[], Any], facet: str, unreadable: set[tuple[str, str]]) -> Any:
    """The answer, or nothing where the dialect does not implement the question."""
    try:
        return ask()
    except NotImplementedError:
        unreadable.add((facet, "SQLAlchemy's dialect does not report them"))
        if facet == "comments":
            unreadable.add(("comments of columns", "SQLAlchemy's dialect does not report them"))
        return ()


def _table(name: QualifiedName, kind: TableKind, facets: Facets, connection: Connection, info: ServerInfo) -> Table:
    def of(facet: str) -> Any:
        return facets[facet].get(name.name) or ()

    key: Mapping[str, Any] = dict(of("primary keys"))
    columns = of("columns")
    constraint_names = {unique["name"] for unique in of("unique constraints")}
    return Table(
        name,
        kind,
        tuple(_column(place, column, key, connection) for place, column in enumerate(columns, start=1)),
        PrimaryKey(key.get("name"), tuple(key["constrained_columns"])) if key.get("constrained_columns") else None,
        tuple(
            Unique(unique["name"], tuple(unique["column_names"]), *_deferral(unique))
            for unique in of("unique constraints")
        ),
        tuple(_foreign_key(foreign_key, name, info) for foreign_key in of("foreign keys")),
        tuple(Check(check["name"], Expression(unparenthesised(check["sqltext"]))) for check in of("check constraints")),
        indexes=tuple(_indexes(of("indexes"), constraint_names)),
        comment=dict(of("comments")).get("text"),
    )


def _column(place: int, column: Mapping[str, Any], key: Mapping[str, Any], connection: Connection) -> Column:
    identity, computed = column.get("identity"), column.get("computed")
    default = column.get("default")
    numbers = identity is not None or (
        column.get("autoincrement") is True and column["name"] in key.get("constrained_columns", ())
    )
    return Column(
        name=column["name"],
        type=_type(column["type"], connection),
        nullable=bool(column.get("nullable", True)),
        default=None if default is None or computed or numbers else Expression(str(default)),
        auto_increment=numbers,
        identity=None if identity is None else _identity(identity),
        generated=Expression(unparenthesised(computed["sqltext"])) if computed else None,
        generated_stored=bool(computed.get("persisted", True)) if computed else True,
        collation=getattr(column["type"], "collation", None),
        comment=column.get("comment"),
        position=place,
    )


def _type(type_: Any, connection: Connection) -> str:
    from sqlalchemy.exc import CompileError

    try:
        return spell_type(type_.compile(dialect=connection.dialect))
    except CompileError:
        return "unknown"


def _identity(options: Mapping[str, Any]) -> Identity:
    """Options that differ from what a plain ``IDENTITY`` has."""
    start, increment = options.get("start"), options.get("increment")
    return Identity(
        always=bool(options.get("always")),
        start=None if start == 1 else start,
        increment=None if increment == 1 else increment,
        cycle=True if options.get("cycle") else None,
    )


def _foreign_key(foreign_key: Mapping[str, Any], table: QualifiedName, info: ServerInfo) -> ForeignKey:
    options = foreign_key.get("options") or {}
    schema = foreign_key.get("referred_schema") or (info.default_schema if table.schema is not None else None)
    return ForeignKey(
        foreign_key.get("name"),
        tuple(foreign_key["constrained_columns"]),
        QualifiedName(schema, foreign_key["referred_table"]),
        tuple(foreign_key["referred_columns"]),
        (options.get("ondelete") or "NO ACTION").upper(),
        (options.get("onupdate") or "NO ACTION").upper(),
        *_deferral(options),
        match=(options.get("match") or "SIMPLE").upper(),
    )


def _deferral(options: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether it is deferrable, and initially deferred."""
    return bool(options.get("deferrable")), str(options.get("initially") or "").upper() == "DEFERRED"


def _indexes(indexes: Sequence[Mapping[str, Any]], constraint_names: set[str | None]) -> list[Index]:
    """Indexes that do not merely implement a unique constraint."""
    return [
        Index(index["name"], tuple(_keys(index)), unique=bool(index.get("unique")))
        for index in indexes
        if not index.get("duplicates_constraint") and not (index.get("unique") and index["name"] in constraint_names)
    ]


def _keys(index: Mapping[str, Any]) -> list[IndexKey]:
    names = index["column_names"]
    expressions = index.get("expressions") or names
    sorting = index.get("column_sorting") or {}
    keys: list[IndexKey] = []
    for name, text in zip(names, expressions, strict=False):
        order = sorting.get(text, ())
        descending = "desc" in order
        nulls_first = "nulls_first" in order or (descending and "nulls_last" not in order)
        expression = Expression(unparenthesised(text)) if name is None else None
        keys.append(IndexKey(name, expression, descending=descending, nulls_first=nulls_first))
    return keys
