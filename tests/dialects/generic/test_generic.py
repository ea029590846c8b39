"""Any database is read through SQLAlchemy's Inspector, and what that cannot say is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool, StaticPool

from drift.alignment import Question, Unsettled, Usage
from drift.dialects import Scope, dialect_for
from drift.dialects.generic import generic_dialect
from drift.dialects.generic.spelling import spell_type
from drift.dialects.postgresql import DIALECT
from drift.schema import Check, Column, Expression, ForeignKey, Identity, PrimaryKey, QualifiedName, Table, TableKind


def read(engine: Engine, *schemas: str) -> dict[str, Table]:
    dialect = generic_dialect(engine.dialect.name)
    with dialect.read_only(engine) as connection:
        return {table.name.name: table for table in dialect.read(connection, Scope(schemas)).tables}


@pytest.fixture
def sqlite() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    yield engine
    engine.dispose()


def test_sqlite(sqlite: Engine) -> None:
    with sqlite.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE p (id INTEGER PRIMARY KEY, price DECIMAL(10, 2) NOT NULL DEFAULT 0)")
        connection.exec_driver_sql(
            "CREATE TABLE t (a INT, b TEXT, UNIQUE (b), "
            "FOREIGN KEY (a) REFERENCES p (id) ON DELETE CASCADE,\n CONSTRAINT few CHECK (a > 0)\n)"
        )
        connection.exec_driver_sql("CREATE UNIQUE INDEX i ON t (a, b)")
        connection.exec_driver_sql("CREATE VIEW v AS SELECT a FROM t")
    tables = read(sqlite)
    assert [table.kind for table in tables.values()] == [TableKind.TABLE, TableKind.TABLE, TableKind.VIEW]
    assert tables["p"].columns[1] == Column("price", "numeric(10,2)", False, Expression("0"), position=2)
    assert tables["p"].primary_key == PrimaryKey(None, ("id",))
    assert tables["t"].checks == (Check("few", Expression("a > 0")),)
    assert [unique.columns for unique in tables["t"].uniques] == [("b",)]
    assert [(index.name, index.columns, index.unique) for index in tables["t"].indexes] == [("i", ("a", "b"), True)]
    [key] = tables["t"].foreign_keys
    assert key == ForeignKey(None, ("a",), QualifiedName("main", "p"), ("id",), on_delete="CASCADE")


def test_what_a_dialect_does_not_implement_is_said(sqlite: Engine) -> None:
    with sqlite.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a INT)")
    dialect = generic_dialect("sqlite")
    with dialect.read_only(sqlite) as connection:
        assert dict(dialect.read(connection, Scope()).unreadable).keys() == {"comments", "comments of columns"}


def test_filtered_tables_are_still_named(sqlite: Engine) -> None:
    with sqlite.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a INT)")
    dialect = generic_dialect("sqlite")
    with dialect.read_only(sqlite) as connection:
        schema = dialect.read(connection, Scope(include_name=lambda _, name: name != "t"))
    assert (schema.tables, schema.relation_names) == ((), (QualifiedName("main", "t"),))


def test_it_sees_what_the_postgresql_reader_sees(database: str) -> None:
    """On the ground that both cover, the Inspector is a witness of the catalog queries."""
    engine = create_engine(database, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            """CREATE SCHEMA app; CREATE TABLE app.p (id int GENERATED ALWAYS AS IDENTITY (START 5) PRIMARY KEY,
            x int, CONSTRAINT ux UNIQUE (x)); COMMENT ON TABLE app.p IS 'parents'; COMMENT ON COLUMN app.p.x IS 'cross';
            CREATE TABLE app.t (a int, b text NOT NULL,
            c varchar(9), d int GENERATED ALWAYS AS (a + 1) STORED,
            p int CONSTRAINT fk REFERENCES app.p (id) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
            PRIMARY KEY (b, a));
            CREATE INDEX i ON app.t (lower(b) DESC, a NULLS FIRST);
            CREATE UNIQUE INDEX u ON app.t (a DESC NULLS LAST)"""
        )
    with DIALECT.read_only(engine) as connection:
        precise = {table.name.name: table for table in DIALECT.read(connection, Scope(("app",))).tables}
    seen = read(engine, "app")
    assert seen.keys() == precise.keys()
    assert seen["p"].columns[0].identity == Identity(always=True, start=5)
    for name, table in precise.items():
        assert seen[name] == replace(table, estimated_rows=None)
    engine.dispose()


@pytest.mark.parametrize(
    ("ddl", "spelled"),
    [
        ("DECIMAL(10, 2)", "numeric(10,2)"),
        ("INT", "integer"),
        ("NVARCHAR(80) COLLATE Latin1_General_CI_AS", "nvarchar(80)"),
        ("VARCHAR2(80 CHAR)", "varchar2(80 char)"),
        ("DOUBLE PRECISION", "double precision"),
        ("TIMESTAMP(3) WITH TIME ZONE", "timestamp with time zone(3)"),
    ],
)
def test_types_are_spelled(ddl: str, spelled: str) -> None:
    assert spell_type(ddl) == spelled


def test_only_constants_and_standard_types_are_settled(sqlite: Engine) -> None:
    questions = {
        Question("'a'", Usage.DEFAULT): "a",
        Question("('0')", Usage.DEFAULT): "0",
        Question("-1", Usage.DEFAULT): "-1",
        Question("INT", Usage.TYPE): "integer",
        Question("now()", Usage.DEFAULT): None,
        Question("a > 0", Usage.CHECK): None,
        Question("SERIAL8", Usage.TYPE): None,
    }
    with sqlite.connect() as connection:
        answers = generic_dialect("sqlite").canonicaliser(connection)(questions)
    for question, expected in questions.items():
        answer = answers[question]
        assert (None if isinstance(answer, Unsettled) else answer) == expected
        assert not (isinstance(answer, Unsettled) and answer.rejected)


def test_unknown_dialects_get_it() -> None:
    assert dialect_for("oracle").name == "oracle"
    assert dialect_for("oracle").cannot_see()
