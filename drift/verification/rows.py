"""Made-up rows, so that a proof shows what happens to data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from drift.migration.ddl.quoting import Quoting
from drift.schema import Column, Enum, QualifiedName, Schema, Table, TableKind
from drift.verification.statements import run_as_written

if TYPE_CHECKING:
    from drift.dialects.postgresql.statistics import ColumnStatistics, TableStatistics

LONGEST = 2000
"""Characters of a made-up value at most."""

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


EDGES = {
    "smallint": ("-32768", "32767"),
    "integer": ("-2147483648", "2147483647"),
    "bigint": ("-9223372036854775808", "9223372036854775807"),
    "numeric": ("-12345678901234567890.123456789", "12345678901234567890.123456789"),
    "real": ("-3.4028235e38", "1.1754944e-38"),
    "double precision": ("-1.7976931348623157e308", "0.12345678901234568"),
    "boolean": ("false", "true"),
    "date": ("'0001-01-01'", "'9999-12-31'"),
    "timestamp": ("'0001-01-01 00:00:00.000001'", "'9999-12-31 23:59:59.999999'"),
    "timestamptz": ("'0001-01-02 00:00:00.000001+00'", "'9999-12-30 23:59:59.999999+00'"),
    "time": ("'00:00:00.000001'", "'23:59:59.999999'"),
    "interval": ("'-1 year -1 day -0.000001 s'", "'100 years 11 months 23:59:59.999999'"),
}
"""Values at both ends of a type: smallest, largest, most precise."""

Place = tuple[QualifiedName, str]
"""A column of a table."""


@dataclass(frozen=True, slots=True)
class Supply:
    """Which rows to make up.

    Attributes:
        rows: How many for each table.
        label: What they are like, for people.
        statistics: What the live server knows of its tables; without it every second row is NULL where that is allowed.
        fitting: Nothing is NULL, and every value differs and reads as a number: what most changes can take.
        edges: Columns of which two more rows hold what is at the edges of their types.
    """

    rows: int
    label: str
    statistics: Mapping[QualifiedName, TableStatistics] = field(default_factory=dict)
    fitting: bool = False
    edges: frozenset[Place] = frozenset()


def supplies(
    rows: int, statistics: Mapping[QualifiedName, TableStatistics], edges: frozenset[Place] = frozenset()
) -> Iterator[Supply]:
    """Rows like the live ones, with some at the edges of types that change; then without those; then none.

    Args:
        rows: How many for each table.
        statistics: What the live server knows of its tables.
        edges: Columns whose types change.
    """
    if rows:
        like = "rows like the live ones" if statistics else "rows with NULLs"
        if edges:
            yield Supply(rows, "rows at the edges of the types that change", statistics, edges=edges)
        yield Supply(rows, like, statistics)
        yield Supply(rows, "rows without a NULL", fitting=True)
    yield Supply(0, "no rows")


def fill(connection: Connection, schema: Schema, supply: Supply) -> int:
    """Put rows into every table; returns how many there are in all.

    A row that a constraint refuses is left out: what a check wants cannot be guessed.
    """
    quoting = Quoting(schema.dialect, schema.default_schema)
    enums = {enum.name: enum for enum in schema.enums}
    put = 0
    for table in _parents_first(schema):
        more = 2 if any(place[0] == table.name for place in supply.edges) else 0
        for number in range(1, supply.rows + 1 + more):
            statement = _insert(table, quoting, enums, supply, number)
            savepoint = connection.begin_nested()
            try:
                run_as_written(connection, statement)
            except SQLAlchemyError:
                savepoint.rollback()
            else:
                savepoint.commit()
                put += 1
    connection.commit()
    return put


def _holding_rows(schema: Schema) -> Iterator[Table]:
    """Tables with rows of their own; those of extensions belong to the server."""
    for table in schema.tables:
        if table.kind in (TableKind.TABLE, TableKind.PARTITIONED) and table.extension is None:
            yield table


def _parents_first(schema: Schema) -> Iterator[Table]:
    waiting = {table.name: table for table in _holding_rows(schema)}
    while waiting:
        ready = [n for n, t in waiting.items() if not {k.target for k in t.foreign_keys} & waiting.keys() - {n}]
        for name in ready or [next(iter(waiting))]:
            yield waiting.pop(name)


def _insert(table: Table, quoting: Quoting, enums: dict[QualifiedName, Enum], supply: Supply, number: int) -> str:
    known = supply.statistics.get(table.name)
    pairs = []
    for column in table.columns:
        if number > supply.rows and (table.name, column.name) in supply.edges:
            edge = _edge(column, enums, quoting, number - supply.rows - 1)
            pairs += [(quoting.name(column.name), edge)] if edge is not None else []
            continue
        seen = known.columns.get(column.name) if known is not None else None
        nth = _distinct(seen, known, supply.rows, number)
        value = "NULL" if _is_null(column, seen, supply, number) else _value(column, enums, nth, quoting, supply, seen)
        if value is not None and column.generated is None and column.identity is None:
            pairs.append((quoting.name(column.name), value))
    name = quoting.qualified(table.name)
    if not pairs:
        return f"INSERT INTO {name} DEFAULT VALUES"
    return f"INSERT INTO {name} ({', '.join(p[0] for p in pairs)}) VALUES ({', '.join(p[1] for p in pairs)})"


def _edge(column: Column, enums: dict[QualifiedName, Enum], quoting: Quoting, which: int) -> str | None:
    """The first or the second value at an edge of the column's type; ``None`` to leave it to the database."""
    if column.enum is not None and column.enum in enums:
        return quoting.literal(enums[column.enum].labels[-which])
    name, _, arguments = column.type.partition("(")
    sizes = [int(word) for word in arguments.rstrip(")").split(",") if word.strip().isdigit()]
    if name == "numeric" and sizes:
        precision, scale = (*sizes, 0)[:2]
        digits = "9" * (precision - scale) + "." + "9" * scale
        return f"{'-' if which == 0 else ''}{digits.rstrip('.') or '0'}"
    if name in EDGES:
        return EDGES[name][which]
    if name in ("varchar", "char", "text"):
        return quoting.literal(("x" if which == 0 else "\u00e4") * (sizes[0] if sizes else LONGEST))
    return None


def _is_null(column: Column, seen: ColumnStatistics | None, supply: Supply, number: int) -> bool:
    """As large a share of NULLs as the live table has, and one row at least where it has any."""
    if not column.nullable or supply.fitting:
        return False
    if seen is None:
        return number % 2 == 0
    if seen.null_fraction == 0:
        return False
    share = max(seen.null_fraction, 1 / supply.rows)
    return int(number * share) > int((number - 1) * share)


def _distinct(seen: ColumnStatistics | None, known: TableStatistics | None, rows: int, number: int) -> int:
    """Which value a row has: the live share of different values, and one duplicate at least where there is any."""
    if seen is None or known is None or seen.distinct in (0, -1):
        return number
    share = -seen.distinct if seen.distinct < 0 else seen.distinct / max(known.rows or 0, seen.distinct)
    if share >= 1:
        return number
    return (number - 1) % max(1, min(rows - 1, round(share * rows))) + 1


def _value(
    column: Column,
    enums: dict[QualifiedName, Enum],
    number: int,
    quoting: Quoting,
    supply: Supply,
    seen: ColumnStatistics | None,
) -> str | None:
    """A literal, or ``None`` to leave the column to the database."""
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
    numbers = supply.fitting or (seen is not None and seen.numbers)
    word = str(number) if numbers else f"v{number}"
    if seen is not None and seen.longest is not None:
        word = word.rjust(seen.longest, "0") if numbers else word.ljust(min(seen.longest, LONGEST), "x")
    return quoting.literal(word[-int(length) :] if length.isdigit() and 0 < int(length) < len(word) else word)


def count_rows(engine: Engine, schema: Schema) -> dict[str, int]:
    """Rows of every table of a scratch database."""
    quoting = Quoting(schema.dialect, schema.default_schema)
    counts: dict[str, int] = {}
    with engine.connect() as connection:
        for table in _holding_rows(schema):
            result = run_as_written(connection, f"SELECT count(*) FROM {quoting.qualified(table.name)}")
            counts[str(table.name)] = int(result.scalar_one())
    return counts


def values(engine: Engine, schema: Schema) -> dict[Place, Counter[str]]:
    """What every column of a scratch database holds beside NULL, as the server spells it (PostgreSQL)."""
    quoting = Quoting(schema.dialect, schema.default_schema)
    found: dict[Place, Counter[str]] = {}
    if schema.dialect != "postgresql":
        return found
    with engine.connect() as connection:
        for table in _holding_rows(schema):
            names = [column.name for column in table.columns]
            texts = ", ".join(f"{quoting.name(name)}::pg_catalog.text" for name in names)
            held = (
                run_as_written(connection, f"SELECT {texts} FROM {quoting.qualified(table.name)}").all()
                if names
                else []
            )
            for place, name in enumerate(names):
                found[table.name, name] = Counter(row[place] for row in held if row[place] is not None)
    return found


def changed_values(
    before: Mapping[Place, Counter[str]], after: Mapping[Place, Counter[str]], between: tuple[Schema, Schema]
) -> Iterator[str]:
    """Values that did not survive another type for a while.

    Args:
        before: Before the upgrade.
        after: After the downgrade.
        between: Both structures, before and after the upgrade.
    """
    old, new = ({(t.name, c.name): c.type for t in schema.tables for c in t.columns} for schema in between)
    for place, held in before.items():
        if old.get(place) == new.get(place, old.get(place)):
            continue
        lost = held - after.get(place, Counter())
        if lost:
            way = f"{old[place]} -> {new[place]} and back"
            yield f"{place[0]}.{place[1]}: {min(lost)[:60]} is not what it was, as {way}"
