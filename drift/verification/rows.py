"""Made-up rows, so that a proof shows what happens to data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from drift.migration.ddl.quoting import Quoting
from drift.schema import Column, Enum, QualifiedName, Schema, Table, TableKind

SAMPLES = {
    "smallint": "{n}",
    "integer": "{n}",
    "bigint": "{n}",
    "numeric": "{n}",
    "real": "{n}",
    "double precision": "{n}",
    "boolean": "true",
    "date": "'2024-01-01'",
    "timestamp": "'2024-01-01 12:00:00'",
    "timestamptz": "'2024-01-01 12:00:00+00'",
    "datetime": "'2024-01-01 12:00:00'",
    "time": "'12:00:00'",
    "timetz": "'12:00:00+00'",
    "interval": "'1 day'",
    "uuid": "'00000000-0000-0000-0000-{n:012d}'",
    "json": "'{{}}'",
    "jsonb": "'{{}}'",
    "bytea": "'x{n}'",
    "inet": "'10.0.0.{n}'",
    "cidr": "'10.0.{n}.0/24'",
    "macaddr": "'08:00:2b:01:02:{n:02x}'",
    "tsvector": "'a'",
    "int4range": "'[{n},{m})'",
    "int8range": "'[{n},{m})'",
    "numrange": "'[{n},{m})'",
}


def fill(connection: Connection, schema: Schema, rows: int) -> int:
    """Put up to ``rows`` rows into every table; returns how many there are in all.

    A row that a constraint refuses is left out: what a check wants cannot be guessed. Every second row has NULL in
    every column that allows it.
    """
    quoting = Quoting(schema.dialect, schema.default_schema)
    enums = {enum.name: enum for enum in schema.enums}
    put = 0
    for table in _parents_first(schema):
        for number in range(1, rows + 1):
            statement = _insert(table, quoting, enums, number)
            savepoint = connection.begin_nested()
            try:
                connection.execute(text(statement.replace("\\", "\\\\").replace(":", "\\:")))
            except SQLAlchemyError:
                savepoint.rollback()
            else:
                savepoint.commit()
                put += 1
    connection.commit()
    return put


def _parents_first(schema: Schema) -> Iterator[Table]:
    waiting = {t.name: t for t in schema.tables if t.kind is TableKind.TABLE and t.partition_of is None}
    while waiting:
        ready = [n for n, t in waiting.items() if not {k.target for k in t.foreign_keys} & waiting.keys() - {n}]
        for name in ready or [next(iter(waiting))]:
            yield waiting.pop(name)


def _insert(table: Table, quoting: Quoting, enums: dict[QualifiedName, Enum], number: int) -> str:
    pairs = [
        (quoting.name(column.name), value)
        for column in table.columns
        if (value := _value(column, enums, number, quoting)) is not None
    ]
    name = quoting.qualified(table.name)
    if not pairs:
        return f"INSERT INTO {name} DEFAULT VALUES"
    return f"INSERT INTO {name} ({', '.join(p[0] for p in pairs)}) VALUES ({', '.join(p[1] for p in pairs)})"


def _value(column: Column, enums: dict[QualifiedName, Enum], number: int, quoting: Quoting) -> str | None:
    """A literal, or ``None`` to leave the column to the database."""
    if column.generated is not None or column.identity is not None:
        return None
    if column.nullable and number % 2 == 0:
        return "NULL"
    if column.type.endswith("[]"):
        return "'{}'"
    if column.enum is not None and column.enum in enums:
        return quoting.literal(enums[column.enum].labels[0])
    if column.enum_labels:
        return quoting.literal(column.enum_labels[0])
    name, _, arguments = column.type.partition("(")
    sample = SAMPLES.get(name)
    if sample is not None:
        return sample.format(n=number, m=number + 1)
    length = arguments.rstrip(")").split(",")[0]
    word = f"v{number}"
    return quoting.literal(word[-int(length) :] if length.isdigit() and 0 < int(length) < len(word) else word)


def count_rows(engine: Engine, schema: Schema) -> dict[str, int]:
    """Rows of every table of a scratch database."""
    quoting = Quoting(schema.dialect, schema.default_schema)
    counts: dict[str, int] = {}
    with engine.connect() as connection:
        for table in schema.tables:
            if table.kind in (TableKind.TABLE, TableKind.PARTITIONED):
                result: Any = connection.execute(text(f"SELECT count(*) FROM {quoting.qualified(table.name)}"))
                counts[str(table.name)] = int(result.scalar_one())
    return counts
