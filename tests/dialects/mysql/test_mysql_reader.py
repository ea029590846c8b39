"""MariaDB is read whole, in its own spelling, and asked about expressions."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from drift.alignment import Question, Unsettled, Usage
from drift.dialects import Scope
from drift.dialects.mysql import DIALECT
from drift.dialects.mysql.spelling import canonical_default, labels, normal_form, quote, spell_type, split_on_update
from drift.schema import QualifiedName, Schema, Table, TableKind


def read(url: str, script: str) -> Schema:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in filter(None, map(str.strip, script.split(";"))):
            connection.exec_driver_sql(statement)
    with DIALECT.read_only(engine) as connection:
        return DIALECT.read(connection, Scope())


def table(schema: Schema, name: str) -> Table:
    found = schema.table(QualifiedName(schema.default_schema, name))
    assert found is not None
    return found


PARENT = """
CREATE TABLE p (
    id INT(11) AUTO_INCREMENT PRIMARY KEY, flag BOOL NOT NULL DEFAULT FALSE,
    seen DATETIME(6) DEFAULT NOW(6) ON UPDATE CURRENT_TIMESTAMP(6),
    name VARCHAR(20) NOT NULL DEFAULT 'it''s' COMMENT 'c',
    mood ENUM('a', 'b\\'c') DEFAULT 'a', extra JSON, plus INT AS (flag + 1) PERSISTENT,
    shout VARCHAR(10) GENERATED ALWAYS AS (CONCAT(name, 'x')) VIRTUAL, exact VARCHAR(5) COLLATE utf8mb4_bin,
    big BIGINT UNSIGNED, price DECIMAL(10, 2) DEFAULT 1.50, nothing INT DEFAULT NULL,
    CONSTRAINT ck CHECK (flag > 0 AND name IN ('a', 'b')), UNIQUE KEY uq (big),
    FULLTEXT KEY ft (name), KEY prefixed (name(5)), KEY falling (big DESC), KEY ignored_one (price) IGNORED
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
"""


def test_columns_are_read_in_the_canonical_spelling(mariadb_database: str) -> None:
    columns = {column.name: column for column in table(read(mariadb_database, PARENT), "p").columns}

    assert {name: column.type for name, column in columns.items()} == {
        "id": "integer",
        "flag": "tinyint",
        "seen": "datetime(6)",
        "name": "varchar(20)",
        "mood": "enum('a','b''c')",
        "extra": "json",
        "plus": "integer",
        "shout": "varchar(10)",
        "exact": "varchar(5)",
        "big": "bigint unsigned",
        "price": "decimal(10,2)",
        "nothing": "integer",
    }
    assert [name for name, column in columns.items() if column.auto_increment] == ["id"]
    assert columns["mood"].enum_labels == ("a", "b'c")
    assert columns["seen"].on_update == "current_timestamp(6)"
    assert (columns["exact"].collation, columns["name"].collation) == ("utf8mb4_bin", None)
    assert columns["nothing"].default is None
    assert columns["name"].comment == "c"
    assert columns["plus"].generated is not None
    assert (columns["plus"].generated_stored, columns["shout"].generated_stored) == (True, False)


def test_the_check_that_makes_a_json_column_is_no_check_of_the_users(mariadb_database: str) -> None:
    assert [check.name for check in table(read(mariadb_database, PARENT), "p").checks] == ["ck"]


def test_indexes_and_unique_constraints(mariadb_database: str) -> None:
    parent = table(read(mariadb_database, PARENT), "p")
    indexes = {index.name: index for index in parent.indexes}

    assert [(unique.name, unique.columns) for unique in parent.uniques] == [("uq", ("big",))]
    assert {name: index.method for name, index in indexes.items()} == {
        "falling": "btree",
        "ft": "fulltext",
        "ignored_one": "btree",
        "prefixed": "btree",
    }
    assert indexes["falling"].keys[0].descending
    assert indexes["prefixed"].keys[0].length == 5
    assert not indexes["ignored_one"].visible


def test_foreign_keys_and_the_indexes_that_they_bring(mariadb_database: str) -> None:
    child = table(
        read(
            mariadb_database,
            """
            CREATE TABLE p (id INT PRIMARY KEY);
            CREATE TABLE c (id INT PRIMARY KEY, a INT, b INT, d INT, KEY chosen (d),
                FOREIGN KEY (a) REFERENCES p (id) ON DELETE SET NULL,
                CONSTRAINT fk_b FOREIGN KEY (b) REFERENCES p (id) ON UPDATE CASCADE ON DELETE RESTRICT,
                CONSTRAINT fk_d FOREIGN KEY (d) REFERENCES p (id))
            """,
        ),
        "c",
    )

    assert {fk.columns: (fk.on_delete, fk.on_update) for fk in child.foreign_keys} == {
        ("a",): ("SET NULL", "NO ACTION"),
        ("b",): ("NO ACTION", "CASCADE"),
        ("d",): ("NO ACTION", "NO ACTION"),
    }
    assert {index.name: index.implicit for index in child.indexes} == {"a": True, "fk_b": True, "chosen": False}


def test_views_are_views(mariadb_database: str) -> None:
    schema = read(mariadb_database, "CREATE TABLE t (a INT); CREATE VIEW v AS SELECT a FROM t")
    assert table(schema, "v").kind is TableKind.VIEW


def test_the_server_prints_two_spellings_alike_and_refuses_unknown_names(mariadb_database: str) -> None:
    schema = read(mariadb_database, PARENT)
    name = table(schema, "p").name
    texts = [
        "flag > 0 AND name IN ('a', 'b')",
        "`flag` > 0 and `name` in ('a','b')",
        "(((flag > 0)) AND (p.name IN ('a','b')))",
        "flag > 1 AND name IN ('a', 'b')",
        "missing > 1",
        "name LIKE 'a%'",
    ]
    questions = [Question(text, Usage.CHECK, name) for text in texts]
    with DIALECT.read_only(sa.create_engine(mariadb_database)) as connection:
        answers = DIALECT.canonicaliser(connection)(questions)

    same, catalog, nested, other, missing, pattern = (answers[question] for question in questions)
    assert same == catalog == nested
    assert same != other
    assert isinstance(missing, Unsettled)
    assert missing.rejected
    assert pattern == "name like 'a%'"


def test_nothing_can_be_written(mariadb_database: str) -> None:
    read(mariadb_database, "CREATE TABLE t (a INT)")
    with (
        DIALECT.read_only(sa.create_engine(mariadb_database)) as connection,
        pytest.raises(sa.exc.DBAPIError, match="READ ONLY"),
    ):
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")


@pytest.mark.parametrize("name", ["a`b", "a'b", "a%sb", "a b", "select", "ü", 'a"b'])
def test_hostile_names_are_only_names(mariadb_database: str, name: str) -> None:
    quoted = "`" + name.replace("`", "``").replace("%", "%%") + "`"
    found = table(read(mariadb_database, f"CREATE TABLE {quoted} ({quoted} INT CHECK ({quoted} > 0))"), name)
    question = Question(f"{quoted.replace('%%', '%')} > 0", Usage.CHECK, found.name)
    with DIALECT.read_only(sa.create_engine(mariadb_database)) as connection:
        answer = DIALECT.canonicaliser(connection)([question])[question]

    assert [column.name for column in found.columns] == [name]
    assert isinstance(answer, str)


DDL_TYPES = [
    "BOOL", "TINYINT(4)", "SMALLINT(5) UNSIGNED", "INTEGER", "BIGINT(20)", "NUMERIC", "DECIMAL(5)", "DEC(8, 3)",
    "FLOAT", "FLOAT(30)", "DOUBLE PRECISION", "REAL", "BIT", "CHAR", "NCHAR(3)", "VARCHAR(7)", "TEXT", "TEXT(100)",
    "TEXT(70000)", "BLOB(300)", "LONGTEXT", "DATE", "DATETIME", "DATETIME(3)", "TIMESTAMP(6)", "TIME", "YEAR",
    "BINARY", "VARBINARY(9)", "ENUM('a','b')", "SET('x', 'y')", "UUID", "INT UNSIGNED ZEROFILL",
]  # fmt: skip


def test_the_spelling_of_a_type_is_that_of_the_server(mariadb_database: str) -> None:
    columns = ", ".join(f"c{i} {ddl} NULL" for i, ddl in enumerate(DDL_TYPES))
    found = table(read(mariadb_database, f"CREATE TABLE t ({columns})"), "t").columns
    assert [column.type for column in found] == [spell_type(ddl) for ddl in DDL_TYPES]


@pytest.mark.parametrize(
    ("column_type", "left", "right", "same"),
    [
        ("tinyint", "false", "0", True),
        ("tinyint", "'0'", "0", True),
        ("decimal(10,2)", "1.50", "'1.5'", True),
        ("datetime", "now()", "current_timestamp()", True),
        ("datetime(6)", "CURRENT_TIMESTAMP(6)", "current_timestamp()", False),
        ("varchar(5)", "'0'", "'0.0'", False),
        ("varchar(5)", "'it''s'", "'it\\'s'", True),
        ("bit(1)", "b'1'", "1", True),
    ],
)
def test_defaults_are_compared_by_what_is_stored(column_type: str, left: str, right: str, same: bool) -> None:
    assert (canonical_default(left, column_type) == canonical_default(right, column_type)) is same


def test_on_update_is_parted_from_the_default() -> None:
    assert split_on_update("CURRENT_TIMESTAMP(6) ON UPDATE  CURRENT_TIMESTAMP(6)") == (
        "CURRENT_TIMESTAMP(6)",
        "current_timestamp(6)",
    )
    assert split_on_update("' on update x'") == ("' on update x'", None)


@given(st.lists(st.text(st.characters(exclude_characters="\\"))))
def test_labels_survive_quoting(texts: list[str]) -> None:
    assert labels(",".join(map(quote, texts))) == tuple(texts)


@given(st.text())
def test_the_normal_form_never_fails(sql: str) -> None:
    assert re.sub(r"\s", "", normal_form(sql)) is not None
