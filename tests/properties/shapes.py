"""A random schema as plain values, and the ``MetaData`` that it describes.

Plain values shrink well, can be printed, and two of them can share tables: what a migration lies between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.types import TypeEngine


@dataclass(frozen=True)
class Kind:
    """A column type, with what can be said about a column of it.

    Attributes:
        make: Makes the SQLAlchemy type.
        defaults: Server defaults as SQL.
        check: A check's body over ``{c}``; empty where none is offered.
        method: The index method that takes it.
        sortable: Keys and unique constraints take it.
    """

    make: Callable[[], TypeEngine[object]]
    defaults: tuple[str, ...] = ()
    check: str = ""
    method: str = "btree"
    sortable: bool = True


KINDS: dict[str, Kind] = {
    "integer": Kind(sa.Integer, ("0", "-1", "1 + 1"), "{c} > 0"),
    "smallint": Kind(sa.SmallInteger, ("7",), "{c} BETWEEN 1 AND 9"),
    "bigint": Kind(sa.BigInteger, ("5000000000",), "{c} <> 3"),
    "numeric": Kind(lambda: sa.Numeric(10, 2), ("0", "1.50"), "{c} >= 0.5"),
    "numeric unbounded": Kind(sa.Numeric, ("0",)),
    "float": Kind(sa.Float, ("0.5",)),
    "real": Kind(sa.REAL, ("1",)),
    "float 24": Kind(lambda: sa.Float(24)),
    "text": Kind(sa.Text, ("''", "'it''s'", "'100%'"), "length({c}) > 1"),
    "varchar": Kind(lambda: sa.String(40), ("'abc'",), "{c} IN ('a', 'b')"),
    "varchar unbounded": Kind(sa.String, ("'x'",), "{c} LIKE 'a%'"),
    "char": Kind(lambda: sa.CHAR(3), ("'abc'",)),
    "boolean": Kind(sa.Boolean, ("true", "false"), "{c} IS NOT FALSE"),
    "date": Kind(sa.Date, ("CURRENT_DATE", "'2020-01-01'"), "{c} > '2000-01-01'"),
    "timestamp": Kind(sa.DateTime, ("now()", "CURRENT_TIMESTAMP", "timezone('utc', now())")),
    "timestamptz": Kind(lambda: sa.DateTime(timezone=True), ("now()", "'2020-01-01 00:00+00'")),
    "timestamp 3": Kind(lambda: pg.TIMESTAMP(precision=3)),
    "time": Kind(sa.Time, ("'12:00'",)),
    "interval": Kind(sa.Interval, ("'1 day'",)),
    "interval day": Kind(lambda: pg.INTERVAL(fields="DAY TO SECOND", precision=2)),
    "uuid": Kind(sa.Uuid, ("gen_random_uuid()",)),
    "bytea": Kind(sa.LargeBinary, (r"'\x00ff'",)),
    "json": Kind(sa.JSON, ("'{}'",), method="", sortable=False),
    "jsonb": Kind(pg.JSONB, ("'{}'", """'{"a": [1]}'"""), method="gin"),
    "text array": Kind(lambda: pg.ARRAY(sa.Text), ("'{}'", "ARRAY['a', 'b']"), method="gin"),
    "integer matrix": Kind(lambda: pg.ARRAY(sa.Integer, dimensions=2), ("'{{1},{2}}'",)),
    "inet": Kind(pg.INET, ("'10.0.0.1'",)),
    "cidr": Kind(pg.CIDR),
    "macaddr": Kind(pg.MACADDR),
    "bit": Kind(lambda: pg.BIT(4), ("B'0101'",)),
    "varbit": Kind(lambda: pg.BIT(8, varying=True)),
    "int4range": Kind(pg.INT4RANGE, ("'[1,5)'",), method="gist"),
    "tstzrange": Kind(pg.TSTZRANGE, method="gist"),
    "tsvector": Kind(pg.TSVECTOR, method="gin"),
    "money": Kind(pg.MONEY, method="", sortable=False),
    "oid": Kind(pg.OID),
}


@dataclass(frozen=True)
class ColumnShape:
    """A column; ``kind`` is a key of :data:`KINDS`, or ``enum:<name>`` or ``enums:<name>`` (an array)."""

    name: str
    kind: str
    nullable: bool = True
    default: str | None = None
    comment: str | None = None
    collation: str | None = None


@dataclass(frozen=True)
class IndexShape:
    """An index over columns; ``expression`` adds ``lower()`` around the first one where it is text."""

    name: str
    columns: tuple[str, ...]
    unique: bool = False
    descending: bool = False
    predicate: bool = False
    include: tuple[str, ...] = ()
    expression: bool = False


@dataclass(frozen=True)
class TableShape:
    """A table. Its primary key is ``key`` columns of its own: ``id``, or ``id`` and ``part``.

    A reference names its target by that table's number, so that cycles are possible.
    """

    number: int
    name: str
    schema: str | None
    key: str
    columns: tuple[ColumnShape, ...]
    uniques: tuple[tuple[str | None, tuple[str, ...], bool], ...] = ()
    checks: tuple[tuple[str | None, str], ...] = ()
    indexes: tuple[IndexShape, ...] = ()
    references: tuple[tuple[str, int, str | None, bool], ...] = ()
    computed: bool = False
    comment: str | None = None


@dataclass(frozen=True)
class Shape:
    """A whole schema."""

    tables: tuple[TableShape, ...]
    enums: tuple[tuple[str, str | None, tuple[str, ...]], ...] = ()

    def numbered(self, number: int) -> TableShape:
        """The table of that number."""
        return next(table for table in self.tables if table.number == number)

    @property
    def schemas(self) -> tuple[str, ...]:
        """Schemas that must exist before ``create_all()``."""
        names = {table.schema for table in self.tables} | {schema for _, schema, _ in self.enums}
        return tuple(sorted(name for name in names if name is not None))


KEYS = {
    "serial": (sa.Integer, {}),
    "identity": (sa.BigInteger, {"identity": True}),
    "uuid": (sa.Uuid, {"server_default": sa.text("gen_random_uuid()")}),
    "text": (lambda: sa.String(20), {}),
    "pair": (sa.Integer, {"autoincrement": False}),
}


def metadata_of(shape: Shape) -> sa.MetaData:
    """The models that a shape describes."""
    metadata = sa.MetaData()
    enums = {
        name: pg.ENUM(*labels, name=name, schema=schema, metadata=metadata) for name, schema, labels in shape.enums
    }
    for table in shape.tables:
        _table(table, shape, enums, metadata)
    return metadata


def _table(table: TableShape, shape: Shape, enums: dict[str, pg.ENUM], metadata: sa.MetaData) -> None:
    items: list[sa.schema.SchemaItem] = list(_key(table))
    items.extend(_column(column, enums) for column in table.columns)
    if table.computed:
        items.append(sa.Column("computed", sa.Text, sa.Computed("'v' || 'x'", persisted=True)))
    for name, columns, deferrable in table.uniques:
        items.append(sa.UniqueConstraint(*columns, name=name, deferrable=deferrable or None))
    for name, body in table.checks:
        items.append(sa.CheckConstraint(sa.text(body.replace(":", r"\:")), name=name))
    for column_name, target, action, deferrable in table.references:
        items += _reference(column_name, shape.numbered(target), action, deferrable)
    made = sa.Table(table.name, metadata, *items, schema=table.schema, comment=table.comment)
    for index in table.indexes:
        _index(index, made, table)


def _key(table: TableShape) -> list[sa.Column[object]]:
    make, options = KEYS[table.key]
    options = dict(options)
    arguments = [sa.Identity(always=True)] if options.pop("identity", False) else []
    columns = [sa.Column("id", make(), *arguments, primary_key=True, **options)]
    if table.key == "pair":
        columns.append(sa.Column("part", sa.String(10), primary_key=True))
    return columns


def _column(column: ColumnShape, enums: dict[str, pg.ENUM]) -> sa.Column[object]:
    kind, _, enum = column.kind.partition(":")
    made: TypeEngine[object] = enums[enum] if enum else KINDS[column.kind].make()
    if kind == "enums":
        made = pg.ARRAY(made)
    if column.collation is not None and isinstance(made, sa.String):
        made = type(made)(made.length, collation=column.collation)
    default = None if column.default is None else sa.text(column.default.replace(":", r"\:"))
    return sa.Column(column.name, made, nullable=column.nullable, server_default=default, comment=column.comment)


def _reference(name: str, target: TableShape, action: str | None, deferrable: bool) -> list[sa.schema.SchemaItem]:
    make, _ = KEYS[target.key]
    columns = [sa.Column(name, make())]
    remote = ["id"]
    if target.key == "pair":
        columns.append(sa.Column(f"{name[:20]}_part", sa.String(10)))
        remote.append("part")
    # Column objects are not made yet, and names with dots in them cannot be written as text.
    return [
        *columns,
        sa.ForeignKeyConstraint(
            [column.name for column in columns],
            [_path(target, column) for column in remote],
            ondelete=action,
            deferrable=deferrable or None,
        ),
    ]


def _path(target: TableShape, column: str) -> str:
    return ".".join(part for part in (target.schema, target.name, column) if part is not None)


def _index(index: IndexShape, table: sa.Table, shape: TableShape) -> None:
    columns = [table.c[name] for name in index.columns]
    kinds = {column.name: column.kind for column in shape.columns}
    first = KINDS.get(kinds.get(index.columns[0], ""), KINDS["integer"])
    keys: list[object] = list(columns)
    if index.expression and isinstance(columns[0].type, sa.String) and not isinstance(columns[0].type, sa.Enum):
        keys[0] = sa.func.lower(columns[0])
    elif index.descending and first.method == "btree":
        keys[0] = columns[0].desc()
    options: dict[str, object] = {}
    if first.method != "btree":
        keys = keys[:1]
        options["postgresql_using"] = first.method
    elif index.include:
        options["postgresql_include"] = list(index.include)
    if index.predicate:
        options["postgresql_where"] = columns[0].is_not(None)
    sa.Index(index.name, *keys, unique=index.unique and first.method == "btree", **options)  # type: ignore[arg-type]
