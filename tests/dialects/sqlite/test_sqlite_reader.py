"""SQLite is read whole: what the pragmas say and what only the statements say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.pool import StaticPool

from drift.alignment import Question, Usage
from drift.dialects import Scope
from drift.dialects.sqlite import DIALECT
from drift.dialects.sqlite.dialect import canonicalise
from drift.dialects.sqlite.spelling import affinity, spell_type
from drift.dialects.sqlite.tokens import normal_form, tokenize
from drift.schema import QualifiedName, Schema, Table, TableKind


@pytest.fixture
def engine() -> Iterator[sa.Engine]:
    engine = sa.create_engine("sqlite://", poolclass=StaticPool)
    yield engine
    engine.dispose()


def read(engine: sa.Engine, *statements: str) -> Schema:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    with DIALECT.read_only(engine) as connection:
        return DIALECT.read(connection, Scope())


def table(schema: Schema, name: str) -> Table:
    found = schema.table(QualifiedName("main", name))
    assert found is not None
    return found


def test_columns_keep_what_only_the_statement_says(engine: sa.Engine) -> None:
    users = table(
        read(
            engine,
            """CREATE TABLE "User" (
                id INTEGER PRIMARY KEY AUTOINCREMENT, -- a comment, with a ( in it
                name varchar( 80 ) NOT NULL DEFAULT ('x, y') COLLATE NOCASE,
                a INT DEFAULT -1,
                doubled REAL AS (a * 2) STORED,
                shouted TEXT GENERATED ALWAYS AS (upper(name)) VIRTUAL
            )""",
        ),
        "User",
    )

    assert users.options == (("autoincrement", "true"),)
    by_name = {column.name: column for column in users.columns}
    assert (by_name["id"].auto_increment, by_name["id"].nullable) == (True, False)
    assert (by_name["name"].type, by_name["name"].collation) == ("varchar(80)", "NOCASE")
    assert str(by_name["name"].default) == "'x, y'"
    assert str(by_name["a"].default) == "-1"
    assert (str(by_name["doubled"].generated), by_name["doubled"].generated_stored) == ("a * 2", True)
    assert (str(by_name["shouted"].generated), by_name["shouted"].generated_stored) == ("upper(name)", False)


def test_constraints_have_their_names_and_bodies(engine: sa.Engine) -> None:
    schema = read(
        engine,
        "CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT, CONSTRAINT uq_code UNIQUE (code))",
        """CREATE TABLE c (
            x INTEGER CONSTRAINT fk_x REFERENCES p ON DELETE SET NULL,
            y INT CHECK (y <> ')'),
            CONSTRAINT "fk y" FOREIGN KEY (y) REFERENCES p(id) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
            CONSTRAINT pk_c PRIMARY KEY (y, x),
            CONSTRAINT ck CHECK (x > 0 AND (y > 1 OR y IS NULL))
        ) WITHOUT ROWID""",
    )

    child = table(schema, "c")
    assert [(u.name, u.columns) for u in table(schema, "p").uniques] == [("uq_code", ("code",))]
    assert child.primary_key is not None
    assert (child.primary_key.name, child.primary_key.columns) == ("pk_c", ("y", "x"))
    assert [(c.name, c.expression.sql) for c in child.checks] == [
        (None, "y <> ')'"),
        ("ck", "x > 0 AND (y > 1 OR y IS NULL)"),
    ]
    first, second = child.foreign_keys
    assert (first.name, first.columns, first.target_columns, first.on_delete) == ("fk_x", ("x",), ("id",), "SET NULL")
    assert (second.name, second.on_update, second.deferrable, second.initially_deferred) == (
        "fk y",
        "CASCADE",
        True,
        True,
    )
    assert ("without_rowid", "true") in child.options


def test_indexes_keep_expressions_predicates_and_order(engine: sa.Engine) -> None:
    schema = read(
        engine,
        "CREATE TABLE t (a TEXT, b INT)",
        "CREATE INDEX i ON t (a DESC, lower(a) COLLATE NOCASE) WHERE b IS NOT NULL AND a <> 'WHERE ('",
        "CREATE UNIQUE INDEX j ON t (b)",
    )

    plain, unique = table(schema, "t").indexes
    assert [(key.column, str(key.expression), key.descending, key.collation) for key in plain.keys] == [
        ("a", "None", True, None),
        (None, "lower(a)", False, "NOCASE"),
    ]
    assert str(plain.predicate) == "b IS NOT NULL AND a <> 'WHERE ('"
    assert (unique.unique, unique.columns) == (True, ("b",))


def test_views_virtual_tables_and_their_private_storage(engine: sa.Engine) -> None:
    schema = read(
        engine,
        "CREATE TABLE t (a)",
        "CREATE VIEW v AS SELECT a FROM t",
        "CREATE VIRTUAL TABLE words USING fts5(body)",
        "CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END",
    )

    assert {t.name.name: t.kind for t in schema.tables} == {
        "t": TableKind.TABLE,
        "v": TableKind.VIEW,
        "words": TableKind.FOREIGN,
    }
    assert [trigger.name for trigger in table(schema, "t").triggers] == ["tr"]


@pytest.mark.parametrize("name", ['a"b', "a`b", "a[b]", "a'b", "a,b(c", "select", "a b", "ü%s", "CHECK"])
def test_hostile_names_are_only_names(engine: sa.Engine, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'

    found = table(read(engine, f"CREATE TABLE {quoted} ({quoted} INT, CONSTRAINT {quoted} CHECK ({quoted} > 0))"), name)

    assert [column.name for column in found.columns] == [name]
    assert [check.name for check in found.checks] == [name]


def test_nothing_can_be_written(engine: sa.Engine) -> None:
    read(engine, "CREATE TABLE t (a)")
    with DIALECT.read_only(engine) as connection, pytest.raises(sa.exc.OperationalError, match="readonly"):
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")


def test_the_number_of_statements_does_not_depend_on_the_number_of_tables(engine: sa.Engine) -> None:
    def count(tables: int) -> int:
        statements: list[str] = []
        sa.event.listen(engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
        with DIALECT.read_only(engine) as connection:
            before = len(statements)
            assert len(DIALECT.read(connection, Scope()).tables) == tables
        return len(statements) - before

    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t0 (a INT)")
    few = count(1)
    with engine.begin() as connection:
        for i in range(1, 40):
            connection.exec_driver_sql(f"CREATE TABLE t{i} (a INT UNIQUE, b INT REFERENCES t0)")
    assert count(40) == few


@pytest.mark.parametrize(
    ("left", "right"),
    [("INT", "integer"), ("Varying Character (9)", "VARCHAR(9)"), ("DOUBLE  PRECISION", "FLOAT"), ("bool", "BOOLEAN")],
)
def test_types_that_are_the_same_are_spelled_the_same(left: str, right: str) -> None:
    assert spell_type(left) == spell_type(right)
    assert affinity(left) == affinity(right)


@pytest.mark.parametrize(
    ("column_type", "left", "right", "same"),
    [
        ("integer", "'0'", "0", True),
        ("text", "'0'", "0", False),
        ("boolean", "true", "1", True),
        ("datetime", "CURRENT_TIMESTAMP", "(current_timestamp)", True),
        ("integer", "- 1", "-1", True),
        ("text", "'A'", "'a'", False),
    ],
)
def test_defaults_are_compared_by_what_is_stored(column_type: str, left: str, right: str, same: bool) -> None:
    questions = [Question(sql, Usage.DEFAULT, type=column_type) for sql in (left, right)]
    answers = canonicalise(questions)
    assert (answers[questions[0]] == answers[questions[1]]) is same


@given(st.text())
def test_tokens_cover_the_text_and_never_fail(sql: str) -> None:
    tokens = tokenize(sql)
    assert all(sql[token.start : token.end] == token.text for token in tokens)
    assert normal_form(normal_form(sql)) == normal_form(sql)
