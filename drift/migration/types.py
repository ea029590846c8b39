"""SQLAlchemy types from canonical type texts, so that what a database holds can be rendered as Alembic does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from drift.schema import Column, Enum, QualifiedName

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

_SHAPE = re.compile(r"^(?P<name>[^()\[\]]+)(?:\((?P<args>[\d\s,-]*)\))?(?P<rest>[^()\[\]]*)(?P<dims>(?:\[\])*)$")

Maker = Callable[..., Any]


def _postgresql() -> dict[str, Maker]:
    from sqlalchemy import types as sa
    from sqlalchemy.dialects import postgresql as pg

    def stamp(precision: int | None = None, *, zone: bool) -> Any:
        if precision is None:
            return sa.TIMESTAMP(timezone=zone)
        return pg.TIMESTAMP(timezone=zone, precision=precision)

    def time(precision: int | None = None, *, zone: bool) -> Any:
        return sa.TIME(timezone=zone) if precision is None else pg.TIME(timezone=zone, precision=precision)

    makers: dict[str, Maker] = {
        "smallint": sa.SMALLINT,
        "integer": sa.INTEGER,
        "bigint": sa.BIGINT,
        "numeric": sa.NUMERIC,
        "real": sa.REAL,
        "double precision": lambda: pg.DOUBLE_PRECISION(),
        "boolean": sa.BOOLEAN,
        "text": sa.TEXT,
        "varchar": sa.VARCHAR,
        "char": sa.CHAR,
        "date": sa.DATE,
        "timestamp": lambda p=None: stamp(p, zone=False),
        "timestamptz": lambda p=None: stamp(p, zone=True),
        "time": lambda p=None: time(p, zone=False),
        "timetz": lambda p=None: time(p, zone=True),
        "interval": lambda p=None: pg.INTERVAL(precision=p) if p is not None else pg.INTERVAL(),
        "bytea": pg.BYTEA,
        "uuid": sa.UUID,
        "json": lambda: pg.JSON(astext_type=sa.Text()),
        "jsonb": lambda: pg.JSONB(astext_type=sa.Text()),
        "inet": pg.INET,
        "cidr": pg.CIDR,
        "macaddr": pg.MACADDR,
        "macaddr8": pg.MACADDR8,
        "money": pg.MONEY,
        "oid": pg.OID,
        "tsvector": pg.TSVECTOR,
        "tsquery": pg.TSQUERY,
        "hstore": lambda: pg.HSTORE(text_type=sa.Text()),
        "citext": pg.CITEXT,
        "int4range": pg.INT4RANGE,
        "int8range": pg.INT8RANGE,
        "numrange": pg.NUMRANGE,
        "daterange": pg.DATERANGE,
        "tsrange": pg.TSRANGE,
        "tstzrange": pg.TSTZRANGE,
        "bit": lambda n=None: pg.BIT(n) if n is not None else pg.BIT(),
        "varbit": lambda n=None: pg.BIT(n, varying=True) if n is not None else pg.BIT(varying=True),
    }
    makers |= {"float8": makers["double precision"], "float4": makers["real"], "bool": makers["boolean"]}
    makers |= {"int2": sa.SMALLINT, "int4": sa.INTEGER, "int8": sa.BIGINT, "decimal": sa.NUMERIC, "bpchar": sa.CHAR}
    return makers


def _generic(dialect: str) -> dict[str, Maker]:
    from drift.migration.native_dialect import native_dialect

    names: dict[str, Any] = native_dialect(dialect).ischema_names  # type: ignore[attr-defined]
    return {name.lower(): maker for name, maker in names.items()}


def sqlalchemy_type(
    column: Column, dialect: str, enums: dict[QualifiedName, Enum], default_schema: str | None = None
) -> TypeEngine[Any] | None:
    """The SQLAlchemy type of a column read from a database; ``None`` where SQLAlchemy has none.

    A native enum comes with its labels and ``create_type=False``: a migration makes types in steps of their own.
    """
    if dialect == "postgresql":
        return _postgresql_type(column, enums, default_schema)
    match = _SHAPE.match(column.type)
    if match is None or match["rest"].strip() or column.enum_labels or column.charset:
        return None
    maker = _generic(dialect).get(match["name"].strip().lower())
    if maker is None:
        return None
    arguments = [int(argument) for argument in (match["args"] or "").split(",") if argument.strip()]
    collation = {"collation": column.collation} if column.collation else {}
    try:
        made: TypeEngine[Any] = maker(*arguments, **collation)
    except TypeError:
        return None
    return made


def _postgresql_type(
    column: Column, enums: dict[QualifiedName, Enum], default_schema: str | None
) -> TypeEngine[Any] | None:
    from sqlalchemy.dialects import postgresql as pg

    dimensions = (len(column.type) - len(column.type.rstrip("[]"))) // 2
    made: Any
    if column.domain is not None:
        return None
    if column.enum is not None:
        enum = enums.get(column.enum)
        if enum is None:
            return None
        schema = None if enum.name.schema == default_schema else enum.name.schema
        made = pg.ENUM(*enum.labels, name=enum.name.name, schema=schema, create_type=False)
    else:
        match = _SHAPE.match(column.type)
        if match is None or match["rest"].strip():
            return None
        maker = _postgresql().get(match["name"].strip())
        if maker is None:
            return None
        arguments: list[Any] = [int(argument) for argument in (match["args"] or "").split(",") if argument.strip()]
        if column.collation is not None:
            if match["name"] not in ("text", "varchar", "char", "bpchar"):
                return None
            made = maker(*(arguments or [None]), collation=column.collation)
        else:
            made = maker(*arguments)
    return pg.ARRAY(made, dimensions=None if dimensions == 1 else dimensions) if dimensions else made
