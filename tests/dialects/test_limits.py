"""What CHECKs leave a column: never less than the server takes, and as little as they say."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from drift.dialects import Scope, dialect_for
from drift.dialects.limits import Limits, limits_of

TEXTS = ["", "a", "b", "ab", "abc", "abcd", "it's", 'b"c', "1", "x y"]
NUMBERS = [Decimal(n) for n in ("-4", "-3", "0", "1", "1.5", "2", "5", "6", "9", "10")]

ON_TEXTS = [
    ("{c} IN ('a', 'b')", Limits(values=("a", "b"))),
    ("{c} = 'a' OR {c} = 'b'", Limits(values=("a", "b"))),
    ("{c} IS NULL OR {c} IN ('a', 'it''s')", Limits(values=("a", "it's"))),
    ("{c} IN ('a', 'b') AND {c} IN ('b', 'ab')", Limits(values=("b",))),
    ("{c} IN ('a', 'ab') AND {size}({c}) > 1", Limits(values=("ab",), shortest=2)),
    ("{size}({c}) <= 2", Limits(longest=2)),
    ("{size}({c}) BETWEEN 2 AND 3", Limits(shortest=2, longest=3)),
    ("NOT {size}({c}) > 2", Limits(longest=2)),
    ("{c} <> ''", Limits(shortest=1)),
    ("{c} NOT IN ('a')", Limits(unread=True)),
    ("{c} LIKE 'a%%'", Limits(unread=True)),
    ("lower({c}) = 'a'", Limits(unread=True)),
    ("{c} = 'a' OR other = 1", Limits(unread=True)),
    ("other = 1", Limits()),
    ("CASE WHEN other = 1 THEN {c} = 'a' ELSE {c} = 'b' END", Limits(unread=True)),
]
ON_NUMBERS = [
    ("{c} >= 1", Limits(low=Decimal(1))),
    ("{c} > 1 AND 9 > {c}", Limits(low=Decimal(1), above=True, high=Decimal(9), below=True)),
    ("{c} BETWEEN -3 AND 5 AND other = 1", Limits(low=Decimal(-3), high=Decimal(5))),
    ("{c} IN (1, 2)", Limits(values=(Decimal(1), Decimal(2)))),
    ("{c} = 1 OR {c} = 5 OR {c} IS NULL", Limits(values=(Decimal(1), Decimal(5)))),
    ("NOT ({c} < 0)", Limits(low=Decimal(0))),
    ("{c} >= 0 AND {c} >= 2", Limits(low=Decimal(2))),
    ("{c} NOT BETWEEN 1 AND 2", Limits(unread=True)),
    ("{c} + 1 > 2", Limits(unread=True)),
    ("{c} > other", Limits(unread=True)),
    ("{c} < 0 OR {c} > 5", Limits(unread=True)),
]
OF_POSTGRESQL = [
    ("{c} = ANY (ARRAY['a', 'b'])", Limits(values=("a", "b"))),
    ("{c}::text = ANY ('{{a,\"x y\"}}'::text[])", Limits(values=("a", "x y"))),
    ("char_length({c}) = 2", Limits(shortest=2, longest=2)),
    ("{c} ~ '^[a-z]+$'", Limits(patterns=("^[a-z]+$",))),
]
OF_MYSQL = [
    ("length({c}) <= 2", Limits(longest=2)),
    ("length({c}) >= 2", Limits(shortest=1, unread=True)),
    ("char_length({c}) = 2", Limits(shortest=2, longest=2)),
    ("{c} IN ('it\\'s', 'a')", Limits(values=("it's", "a"))),
]
OF_ALL = [*((each, True) for each in ON_TEXTS), *((each, False) for each in ON_NUMBERS)]
CASES = [
    *((dialect, clause, limits, texts) for dialect in ("postgresql", "mariadb", "sqlite")
      for (clause, limits), texts in OF_ALL),
    *(("postgresql", clause, limits, True) for clause, limits in OF_POSTGRESQL),
    *(("mariadb", clause, limits, True) for clause, limits in OF_MYSQL),
]  # fmt: skip


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb", "sqlite"])
def test_what_the_server_takes_is_admitted(dialect: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("database" if dialect == "postgresql" else f"{dialect}_database")
    cases = [each for each in CASES if each[0] == dialect]
    engine = create_engine(url, poolclass=NullPool)
    column = "`a col`" if dialect == "mariadb" else '"a col"'
    binary = " COLLATE utf8mb4_bin" if dialect == "mariadb" else ""
    with engine.begin() as connection:
        for number, (_, clause, _, texts) in enumerate(cases):
            type_ = f"varchar(20){binary}" if texts else "numeric(5, 1)"
            check = clause.replace("%%", "%").format(c=column, size="char_length" if dialect == "mariadb" else "length")
            connection.exec_driver_sql(
                f"CREATE TABLE t{number} ({column} {type_}, other integer DEFAULT 1, CHECK ({check}))".replace(
                    "%", "%%"
                )
                if dialect != "sqlite"
                else f"CREATE TABLE t{number} ({column} {type_}, other integer DEFAULT 1, CHECK ({check}))"
            )
    reader = dialect_for(engine.dialect.name)
    with reader.read_only(engine) as connection:
        schema = reader.read(connection, Scope(schemas=(reader.info(connection).default_schema,)))
    tables = {table.name.name: table for table in schema.tables}
    with engine.connect() as connection:
        for number, (_, clause, expected, texts) in enumerate(cases):
            bodies = [check.expression.sql for check in tables[f"t{number}"].checks]
            assert len(bodies) == 1, clause
            limits = limits_of(bodies, "a col", numeric=not texts, mysql=dialect == "mariadb")
            assert limits == expected, (clause, bodies)
            insert = text(f"INSERT INTO t{number} ({column}) VALUES (:value)")
            for value in TEXTS if texts else NUMBERS:
                try:
                    with connection.begin():
                        connection.execute(insert, {"value": value if texts or dialect != "sqlite" else float(value)})
                    taken = True
                except DBAPIError:
                    taken = False
                assert limits.admits(value) or not taken, (clause, value)
                assert taken or limits.unread or not limits.admits(value), (clause, value)


def test_a_torn_condition_limits_nothing():
    assert limits_of(["a = 'b"], "a", numeric=False) == Limits(unread=True)


def test_the_column_of_a_domain():
    assert limits_of(["(VALUE > 0)"], "value", numeric=True) == Limits(low=Decimal(0), above=True)
