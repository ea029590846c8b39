"""Every value survives a type change, or the guard names its row before anything is changed."""

from __future__ import annotations

import re
import sqlite3
from decimal import Decimal, InvalidOperation
from itertools import permutations

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from drift.migration.casts import cast_for
from drift.migration.losses import mysql, sqlite
from drift.schema import Column, QualifiedName

EDGES = {
    "smallint": ["-32768", "-1", "0", "1", "32767"],
    "integer": ["-2147483648", "32768", "0", "16777217", "2147483647"],
    "bigint": ["-9223372036854775808", "9007199254740993", "0", "2147483648", "9223372036854775807"],
    "numeric": ["NaN", "0", "1.5", "-12345.678", "1e40", "1e-40", "9223372036854775807.5", "70000"],
    "numeric(5,2)": ["999.99", "-0.01", "0", "12.30"],
    "numeric(12,0)": ["999999999999", "-1", "0"],
    "real": ["NaN", "Infinity", "0", "1.5", "3.4028235e38", "1.1754944e-38", "0.1"],
    "double precision": ["NaN", "-Infinity", "0", "33.3339", "1.7e308", "1e-300", "0.30000000000000004", "2"],
    "boolean": ["true", "false"],
    "text": ["", "calm", "x" * 70, "tail  "],
    "varchar(5)": ["", "abcde", "ab   "],
    "char(6)": ["", "abc"],
    "date": ["0001-01-01", "2024-02-29", "9999-12-31", "infinity"],
    "timestamp": ["2024-01-02 03:04:05.678", "0001-01-01 00:00:00", "2024-01-02", "infinity"],
    "timestamp(0)": ["2024-01-02 03:04:05", "2024-01-02"],
    "timestamptz": ["2024-01-02 23:04:05.678+02", "2024-01-02 00:00:00+00", "-infinity"],
    "time": ["03:04:05.678", "00:00:00"],
    "time(0)": ["03:04:05"],
    "interval": ["1 day 00:00:01.5", "25:00:00", "1 month"],
    "uuid": ["7f000001-0000-0000-0000-000000000000"],
    "jsonb": ["null", "1", "1.5", "70000", "true", '{"a": 1}', '"text"'],
    "inet": ["10.0.0.1/24", "10.0.0.0/24", "::1"],
    "cidr": ["10.0.0.0/24"],
    "integer[]": ["{}", "{1,70000,NULL}", "{{1,2},{3,4}}"],
    "smallint[]": ["{1,2}"],
    "mood": ["calm", "cross"],
}  # fmt: skip
LABELS = ("'calm'", "'cross'")


@pytest.fixture
def connection(database: str):
    engine = create_engine(database)
    with engine.connect() as connection:
        connection.execute(text("CREATE TYPE mood AS ENUM ('calm', 'cross')"))
        connection.execute(text("SET TimeZone = 'Asia/Kolkata'"))
        connection.commit()
        yield connection
    engine.dispose()


def test_each_value_returns_or_is_named(connection: Connection) -> None:
    """All pairs of the types above, each row at an edge of its type."""
    server = connection.dialect.server_version_info or ()
    wrong = [
        trouble
        for old, new in permutations(EDGES, 2)
        if (trouble := _trouble(connection, old, new, server)) is not None
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("new", "kept", "stopped"),
    [
        ("smallint", ["7", " -1 ", "+32767"], ["", "007", "1.5", "32768", "x", "1" * 200]),
        ("numeric", ["1.50", "-.5", "1e3", "99999999999999999999"], ["NaN", "1,5", "007", "1e400"]),
        ("numeric(5,2)", ["999.99", "1.500"], ["1000", "1.505"]),
        ("double precision", ["0.1", "1.50", "1e99"], ["1e400", "0.1234567890123456789", "00.5"]),
        ("real", ["0.5"], ["16777217", "1e39"]),
        ("boolean", ["yes", "off", "T", "1"], ["maybe", "2", ""]),
        ("date", ["2024-02-29", " 2024-12-31 "], ["2023-02-29", "2024-01-01 10:00", "0000-01-01", "2024-13-01", "now"]),
        ("timestamp", ["2024-02-29", "2024-01-01T10:00:00.5"], ["2024-01-01 10:00+02", "2024-04-31", "today"]),
        ("timestamp(0)", ["2024-01-01 10:00:00"], ["2024-01-01 10:00:00.5"]),
        ("timestamptz", ["2024-01-01 10:00:00+05:30", "2024-01-01", "2024-01-01 10:00Z"], ["2024-02-30 10:00+02"]),
        ("time", ["10:00", "23:59:59.5"], ["2024-01-01 10:00", "25:00"]),
        ("time(0)", ["10:00:59"], ["10:00:59.5"]),
        ("uuid", ["7F000001-0000-0000-0000-000000000000"], ["7f000001", ""]),
        ("mood", ["calm"], ["lost", "Calm", ""]),
        ("integer[]", ["7"], ["x", "9999999999"]),
    ],
)
def test_text_that_says_what_the_type_holds(
    connection: Connection, new: str, kept: list[str], stopped: list[str]
) -> None:
    """On a server without ``pg_input_is_valid``, too; and what is not stopped casts."""
    for server in ((12,), (18,)):
        cast = cast_for(_column("text"), _column(new), "v", labels=LABELS, server=server)
        for value in (*kept, *stopped):
            quoted = "'" + value.replace("'", "''") + "'"
            answer = connection.scalar(text(_safe(f"SELECT {cast.obstacle} FROM (SELECT {quoted}::text AS v) AS t")))
            assert answer is (value in stopped), (value, cast.obstacle)
            if value in kept:
                connection.execute(text(_safe(f"SELECT ({cast.using}) FROM (SELECT {quoted}::text AS v) AS t")))


def test_what_fits_is_not_stopped(connection: Connection) -> None:
    """A guard that stopped at every value would keep every value, too."""
    for old, new, fits in [
        ("numeric(5,2)", "integer", "12.00"),
        ("double precision", "numeric(5,2)", "12.5"),
        ("double precision", "integer", "-2147483648"),
        ("timestamp", "date", "2024-01-02"),
        ("timestamp", "timestamp(0)", "2024-01-02 03:04:05"),
        ("bigint", "smallint", "-32768"),
        ("text", "integer", "70000"),
        ("text", "numeric(5,2)", "1.50"),
        ("text", "date", "2024-02-29"),
        ("text", "timestamptz", "2024-01-01 10:00:00+02"),
        ("text", "boolean", "yes"),
        ("text", "mood", "calm"),
        ("integer[]", "smallint[]", "{1,NULL,2}"),
        ("interval", "time", "03:04:05"),
        ("inet", "cidr", "10.0.0.0/24"),
        ("jsonb", "integer", "7"),
    ]:
        cast = cast_for(_column(old), _column(new), "v", labels=LABELS, server=())
        assert cast.obstacle is not None, (old, new)
        stopped = connection.scalar(text(f"SELECT {_safe(cast.obstacle)} FROM (SELECT '{fits}'::{old} AS v) AS t"))
        assert stopped is False, (old, new, cast.obstacle)


def _trouble(connection: Connection, old: str, new: str, server: tuple[int, ...]) -> str | None:
    cast = cast_for(_column(old), _column(new), "v", labels=LABELS, server=server)
    values = ", ".join("('" + value.replace("'", "''") + "')" for value in EDGES[old])
    try:
        _run(connection, f"CREATE TABLE edges (id integer GENERATED ALWAYS AS IDENTITY, was {old}, v {old})")
        _run(connection, f"INSERT INTO edges (was) SELECT v::{old} FROM (VALUES {values}, (NULL)) AS t(v)")
        _run(connection, "UPDATE edges SET v = was")
        if cast.obstacle is not None:
            _run(connection, f"DELETE FROM edges WHERE {cast.obstacle}")
        using = cast.using or f"v::{new}"
        _run(connection, f"ALTER TABLE edges ALTER COLUMN v TYPE {new} USING {using}")
        back = cast_for(_column(new), _column(old), "v", labels=LABELS, server=server)
        if back.no_cast:
            return None
        _run(connection, f"ALTER TABLE edges ALTER COLUMN v TYPE {old} USING {back.using or f'v::{old}'}")
        left = connection.execute(
            text("SELECT was::text, v::text FROM edges WHERE v IS DISTINCT FROM was OR (v IS NULL) <> (was IS NULL)")
        ).all()
        return f"{old} -> {new}: {left}" if left else None
    except DBAPIError as error:
        return f"{old} -> {new}: {error.orig}"
    finally:
        connection.rollback()
        connection.execute(text("SET TimeZone = 'Asia/Kolkata'"))


def _run(connection: Connection, sql: str) -> None:
    connection.execute(text(_safe(sql)))


def _safe(sql: str) -> str:
    return sql.replace(":", "\\:")


def _column(type_: str) -> Column:
    return Column("v", type_, enum=QualifiedName(None, "mood") if type_ == "mood" else None)


MYSQL_EDGES = {
    "tinyint": ["-128", "0", "127"],
    "smallint unsigned": ["0", "65535"],
    "integer": ["-2147483648", "70000", "16777217", "2147483647"],
    "bigint": ["-9223372036854775808", "9007199254740993", "9223372036854775807"],
    "bigint unsigned": ["0", "18446744073709551615"],
    "decimal(10,3)": ["12.345", "-9999999.999", "4.500"],
    "decimal(8,1)": ["9999999.9", "0"],
    "decimal(30,0)": ["999999999999999999999999999999"],
    "float": ["0.1", "1.5", "3e38", "-0.25"],
    "double": ["0.1", "33.3339", "1e300", "7"],
    "varchar(50)": ["", "longer than five", "12", "007", "1.5", "2024-02-30", "2024-02-29", "2024-01-01 10:00:00.5",
                    "calm", "Calm", "tail ", "{}", "10:00:00", "1e3", "70000"],
    "varchar(5)": ["abcde", "é"],
    "char(5)": ["abc"],
    "text": ["x", "99999999999999999999"],
    "tinytext": ["", "y"],
    "varbinary(10)": ["abc", "ab"],
    "binary(3)": ["abc"],
    "date": ["2024-02-29", "1900-01-01"],
    "datetime": ["2024-01-02 03:04:05", "9999-12-31 00:00:00", "2024-01-02 00:00:00"],
    "datetime(3)": ["2024-01-02 03:04:05.678", "2024-01-02 03:04:05.000"],
    "timestamp": ["2024-01-02 03:04:05"],
    "time": ["-838:59:59", "03:04:05"],
    "time(2)": ["03:04:05.67"],
    "enum('calm','cross')": ["calm", "cross"],
    "enum('calm')": ["calm"],
    "set('a','b')": ["a,b", "", "b"],
    "set('a')": ["a"],
}  # fmt: skip


def test_each_value_returns_or_is_named_on_mariadb(mariadb_database: str) -> None:
    _check_mysql(mariadb_database)


def test_each_value_returns_or_is_named_on_mysql(mysql_database: str) -> None:
    _check_mysql(mysql_database)


def _check_mysql(url: str) -> None:
    """All pairs, under a mode that cuts and clips in silence."""
    engine = create_engine(url)
    wrong = []
    with engine.connect() as connection:
        connection.execute(text("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION', time_zone = '+05:30'"))
        for old, new in permutations(MYSQL_EDGES, 2):
            wrong += _trouble_on_mysql(connection, old, new)
    engine.dispose()
    assert not wrong, "\n".join(wrong)


def _trouble_on_mysql(connection: Connection, old: str, new: str) -> list[str]:
    lost = mysql.loss(Column("v", old), Column("v", new), "v")
    connection.execute(text("DROP TABLE IF EXISTS edges"))
    connection.execute(
        text(f"CREATE TABLE edges (id integer AUTO_INCREMENT PRIMARY KEY, was {old} NULL, v {old} NULL)")
    )
    values = ", ".join(f"('{value}')" for value in MYSQL_EDGES[old])
    connection.exec_driver_sql(f"INSERT INTO edges (was) VALUES {values}, (NULL)".replace("%", "%%"))
    connection.execute(text("UPDATE edges SET v = was"))
    try:
        if lost is not None:
            connection.exec_driver_sql(f"DELETE FROM edges WHERE {lost.condition}")
        connection.execute(text(f"ALTER TABLE edges MODIFY COLUMN v {new} NULL"))
        if old.startswith("varchar") and not new.startswith(("varchar", "char", "text", "tinytext", "enum")):
            return []  # another spelling of the same value: tested apart
        exact = old.startswith(("bigint", "decimal")) and new.startswith("decimal")
        if exact or new.startswith(("varchar", "char", "text", "tinytext")):
            # The servers read the largest numbers back as smaller ones: what stands there now is compared.
            was = "was" if exact else "CAST(was AS CHAR)"
            left = connection.execute(text(f"SELECT was, v FROM edges WHERE NOT ({was} <=> v)")).all()
            return [f"{old} -> {new}: {left}"] if left else []
        connection.execute(text(f"ALTER TABLE edges MODIFY COLUMN v {old} NULL"))
        left = connection.execute(text("SELECT was, v FROM edges WHERE NOT (BINARY was <=> BINARY v)")).all()
        return [f"{old} -> {new}: {left}"] if left else []
    except DBAPIError as error:
        return [f"{old} -> {new}: {error.orig}"]


@pytest.mark.parametrize(
    ("old", "new", "fits"),
    [
        ("varchar(50)", "varchar(5)", "short"),
        ("varchar(50)", "integer", "70000"),
        ("varchar(50)", "date", "2024-02-29"),
        ("varchar(50)", "enum('calm')", "calm"),
        ("integer", "smallint unsigned", "65535"),
        ("decimal(10,3)", "decimal(8,1)", "12.300"),
        ("double", "decimal(10,3)", "33.334"),
        ("float", "decimal(8,1)", "0.1"),
        ("datetime(3)", "datetime", "2024-01-02 03:04:05.000"),
        ("datetime", "date", "2024-01-02 00:00:00"),
        ("enum('calm','cross')", "enum('calm')", "calm"),
        ("set('a','b')", "set('a')", "a"),
    ],
)
def test_what_fits_is_not_stopped_on_mariadb(mariadb_database: str, old: str, new: str, fits: str) -> None:
    lost = mysql.loss(Column("v", old), Column("v", new), "v")
    assert lost is not None
    engine = create_engine(mariadb_database)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE TABLE edges (v {old})"))
        connection.execute(text("INSERT INTO edges VALUES (:v)"), {"v": fits})
        assert connection.exec_driver_sql(f"SELECT count(*) FROM edges WHERE {lost.condition}").scalar() == 0, lost
    engine.dispose()


def test_characters_that_the_new_set_lacks_are_named(mariadb_database: str) -> None:
    column = Column("v", "varchar(50)")
    lost = mysql.loss(column, column, "v", ("utf8mb4", "latin1"))
    assert lost is not None
    engine = create_engine(mariadb_database)
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE edges (v varchar(50)) CHARSET utf8mb4"))
        connection.execute(text("INSERT INTO edges VALUES ('é'), ('日')"))
        assert connection.exec_driver_sql(f"SELECT v FROM edges WHERE {lost.condition}").scalars().all() == ["日"]
    engine.dispose()


SQLITE_EDGES = ["NULL", "1", "9007199254740993", "1.5", "0.1", "0.30000000000000004", "'7'", "'007'", "'1.50'", "'abc'",
                "''", "'1e3'", "x'00ff'"]  # fmt: skip
SQLITE_TYPES = ["integer", "numeric", "float", "text", "blob"]


@pytest.mark.parametrize("strict", [False, True])
def test_each_value_returns_or_is_named_on_sqlite(*, strict: bool) -> None:
    """What stands in the copy is equal to what stood in the old table, or was named."""
    connection = sqlite3.connect(":memory:")
    for old, new in permutations(SQLITE_TYPES, 2):
        if strict and {old, new} & {"numeric", "float"}:
            old, new = (type_.replace("numeric", "any").replace("float", "real") for type_ in (old, new))
        lost = sqlite.loss(Column("v", old), Column("v", new), "v", strict=strict)
        connection.executescript("DROP TABLE IF EXISTS source; DROP TABLE IF EXISTS target;")
        connection.execute(f"CREATE TABLE source (id integer PRIMARY KEY, v {'' if old == 'any' else old})")
        connection.execute(f"CREATE TABLE target (id integer PRIMARY KEY, v {new}){' STRICT' if strict else ''}")
        for value in SQLITE_EDGES:
            connection.execute(f"INSERT INTO source (v) VALUES ({value})")
        if lost is not None:
            connection.execute(f"DELETE FROM source WHERE {lost.condition}")
        connection.execute("INSERT INTO target SELECT id, v FROM source")
        rows = connection.execute("SELECT s.v, t.v FROM source AS s JOIN target AS t USING (id)").fetchall()
        assert len(rows) >= 2, (old, new, lost)
        changed = [(was, now) for was, now in rows if not _is_same(was, now)]
        assert not changed, (old, new, lost)
    connection.close()


def _is_same(was: object, now: object) -> bool:
    """The same value, or the same number in another spelling; a leading zero makes it a text."""
    if str(was) == str(now):
        return True
    try:
        return Decimal(str(was)) == Decimal(str(now)) and not re.match(r"0\d", str(was))
    except InvalidOperation:
        return False
