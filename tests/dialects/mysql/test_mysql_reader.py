"""MariaDB and MySQL are read whole, in their own spelling, and asked about expressions."""

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


@pytest.fixture(params=["mariadb", "mysql"])
def server_database(request: pytest.FixtureRequest) -> str:
    """URL of an empty database on each of the two servers."""
    url: str = request.getfixturevalue(f"{request.param}_database")
    return url


def of_mysql(url: str) -> bool:
    return url.startswith("mysql")


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
    mood ENUM('a', 'b\\'c') DEFAULT 'a', extra JSON, plus INT AS (flag + 1) STORED,
    shout VARCHAR(10) GENERATED ALWAYS AS (CONCAT(name, 'x')) VIRTUAL, exact VARCHAR(5) COLLATE utf8mb4_bin,
    big BIGINT UNSIGNED, price DECIMAL(10, 2) DEFAULT 1.50, nothing INT DEFAULT NULL,
    CONSTRAINT ck CHECK (flag > 0 AND name IN ('a', 'b')), UNIQUE KEY uq (big),
    FULLTEXT KEY ft (name), KEY prefixed (name(5)), KEY falling (big DESC), KEY hidden (price) {hidden}
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
"""


def read_parent(url: str) -> Schema:
    return read(url, PARENT.replace("{hidden}", "INVISIBLE" if of_mysql(url) else "IGNORED"))


def test_columns_are_read_in_the_canonical_spelling(server_database: str) -> None:
    columns = {column.name: column for column in table(read_parent(server_database), "p").columns}

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


def test_the_check_that_makes_a_json_column_is_no_check_of_the_users(server_database: str) -> None:
    assert [check.name for check in table(read_parent(server_database), "p").checks] == ["ck"]


def test_indexes_and_unique_constraints(server_database: str) -> None:
    parent = table(read_parent(server_database), "p")
    indexes = {index.name: index for index in parent.indexes}

    assert [(unique.name, unique.columns) for unique in parent.uniques] == [("uq", ("big",))]
    assert {name: index.method for name, index in indexes.items()} == {
        "falling": "btree",
        "ft": "fulltext",
        "hidden": "btree",
        "prefixed": "btree",
    }
    assert indexes["falling"].keys[0].descending
    assert indexes["prefixed"].keys[0].length == 5
    assert not indexes["hidden"].visible


def test_foreign_keys_and_the_indexes_that_they_bring(server_database: str) -> None:
    child = table(
        read(
            server_database,
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


def test_views_are_views(server_database: str) -> None:
    schema = read(server_database, "CREATE TABLE t (a INT); CREATE VIEW v AS SELECT a FROM t")
    assert table(schema, "v").kind is TableKind.VIEW


def test_the_server_prints_two_spellings_alike_and_refuses_unknown_names(server_database: str) -> None:
    schema = read_parent(server_database)
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
    with DIALECT.read_only(sa.create_engine(server_database)) as connection:
        answers = DIALECT.canonicaliser(connection)(questions)

    same, catalog, nested, other, missing, pattern = (answers[question] for question in questions)
    assert same == catalog == nested
    assert same != other
    assert isinstance(missing, Unsettled)
    assert missing.rejected
    assert pattern == "name like 'a%'"


def test_nothing_can_be_written(server_database: str) -> None:
    read(server_database, "CREATE TABLE t (a INT)")
    with (
        DIALECT.read_only(sa.create_engine(server_database)) as connection,
        pytest.raises(sa.exc.DBAPIError, match="READ ONLY"),
    ):
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")


@pytest.mark.parametrize("name", ["a`b", "a'b", "a%sb", "a b", "select", "ü", 'a"b'])
def test_hostile_names_are_only_names(server_database: str, name: str) -> None:
    quoted = "`" + name.replace("`", "``").replace("%", "%%") + "`"
    found = table(read(server_database, f"CREATE TABLE {quoted} ({quoted} INT CHECK ({quoted} > 0))"), name)
    question = Question(f"{quoted.replace('%%', '%')} > 0", Usage.CHECK, found.name)
    with DIALECT.read_only(sa.create_engine(server_database)) as connection:
        answer = DIALECT.canonicaliser(connection)([question])[question]

    assert [column.name for column in found.columns] == [name]
    assert isinstance(answer, str)


DDL_TYPES = [
    "BOOL", "TINYINT(4)", "SMALLINT(5) UNSIGNED", "INTEGER", "BIGINT(20)", "NUMERIC", "DECIMAL(5)", "DEC(8, 3)",
    "FLOAT", "FLOAT(30)", "DOUBLE PRECISION", "REAL", "BIT", "CHAR", "NCHAR(3)", "VARCHAR(7)", "TEXT", "TEXT(100)",
    "TEXT(70000)", "BLOB(300)", "LONGTEXT", "DATE", "DATETIME", "DATETIME(3)", "TIMESTAMP(6)", "TIME", "YEAR",
    "BINARY", "VARBINARY(9)", "ENUM('a','b')", "SET('x', 'y')", "INT UNSIGNED ZEROFILL", "GEOMETRY", "POINT", "POLYGON",
    "MULTIPOINT", "GEOMETRYCOLLECTION", "ENUM('a\\\\b', 'c''d', 'ä')", "JSON",
]  # fmt: skip


def test_the_spelling_of_a_type_is_that_of_the_server(server_database: str) -> None:
    types = DDL_TYPES if of_mysql(server_database) else [*DDL_TYPES, "UUID", "INET6"]
    columns = ", ".join(f"c{i} {ddl} NULL" for i, ddl in enumerate(types))
    found = table(read(server_database, f"CREATE TABLE t ({columns})"), "t").columns
    assert [column.type for column in found] == [spell_type(ddl) for ddl in types]


def test_a_reference_system_belongs_to_the_type(server_database: str) -> None:
    srid = "POINT NOT NULL SRID 4326" if of_mysql(server_database) else "POINT REF_SYSTEM_ID=4326 NOT NULL"
    found = table(read(server_database, f"CREATE TABLE t (a {srid}, b GEOMETRY, SPATIAL KEY s (a))"), "t")

    assert [column.type for column in found.columns] == ["point srid 4326", "geometry"]
    assert spell_type(srid) == "point srid 4326"
    assert [(index.name, index.method, index.keys[0].length) for index in found.indexes] == [("s", "spatial", None)]


def test_invisible_columns_are_columns_and_remember_it(server_database: str) -> None:
    found = table(read(server_database, "CREATE TABLE t (a INT, b INT INVISIBLE)"), "t")
    assert [(column.name, column.attributes) for column in found.columns] == [("a", ()), ("b", ("invisible",))]


EXPRESSIONS = """
CREATE TABLE t (a VARCHAR(20), n INT, c VARCHAR(40) DEFAULT (concat('it''s', 'é', '\\\\')),
    g VARCHAR(60) AS (concat(a, 'x''y', '日')), CONSTRAINT ck CHECK (a <> 'q''é' AND n IN (1, 2)))
"""


def test_expressions_read_as_they_were_written(server_database: str) -> None:
    found = table(read(server_database, EXPRESSIONS), "t")
    default, generated = (found.columns[i] for i in (2, 3))

    assert default.default is not None
    assert generated.generated is not None
    assert normal_form(default.default.sql) == normal_form("concat('it''s', 'é', '\\\\')")
    assert normal_form(generated.generated.sql) == normal_form("concat(a, 'x''y', '日')")
    assert "'q''é'" in found.checks[0].expression.sql
    assert "_utf8mb" not in found.checks[0].expression.sql


def test_checks_that_are_not_enforced(mysql_database: str) -> None:
    found = table(read(mysql_database, "CREATE TABLE t (a INT, CONSTRAINT ck CHECK (a > 0) NOT ENFORCED)"), "t")
    assert [check.enforced for check in found.checks] == [False]


def test_functional_keys(mysql_database: str) -> None:
    found = table(read(mysql_database, "CREATE TABLE t (a VARCHAR(9), KEY k ((concat(a, 'é''x')) DESC, a(3)))"), "t")
    first, second = found.indexes[0].keys

    assert first.expression is not None
    assert normal_form(first.expression.sql) == normal_form("concat(a, 'é''x')")
    assert (first.descending, second.column, second.length) == (True, "a", 3)


@pytest.mark.parametrize("rows", ["", "INSERT INTO t VALUES (5, 5)"])
def test_rows_of_a_small_table_are_not_taken_for_its_columns(server_database: str, rows: str) -> None:
    """A table of at most one row, whose engine counts them, is read while the statement is explained."""
    schema = read(server_database, f"CREATE TABLE t (a INT, b INT) ENGINE=MyISAM; {rows}")
    name = table(schema, "t").name
    questions = [Question(text, Usage.CHECK, name) for text in ("a > 3", "(`a`)>3", "b > 3")]
    with DIALECT.read_only(sa.create_engine(server_database)) as connection:
        same, spelled, other = (DIALECT.canonicaliser(connection)(questions)[question] for question in questions)

    assert same == spelled
    assert same != other
    assert "5" not in str(same)


def test_default_expressions_are_compared_by_the_server(server_database: str) -> None:
    texts = ["(cast('x' AS char))", "CAST('x' as CHAR)", "concat('x')", "a + 1", "'😀'"]
    questions = [Question(text, Usage.DEFAULT, type="varchar(20)") for text in texts]
    with DIALECT.read_only(sa.create_engine(server_database)) as connection:
        answers = DIALECT.canonicaliser(connection)(questions)
    wrapped, bare, other, of_a_column, astral = (answers[question] for question in questions)

    assert wrapped == bare
    assert bare != other
    for unknown in (of_a_column, astral):
        assert isinstance(unknown, Unsettled)
        assert not unknown.rejected


def test_limits_are_set_for_the_reading_only(server_database: str) -> None:
    limit = "max_execution_time" if of_mysql(server_database) else "max_statement_time"
    asked = f"SELECT @@SESSION.{limit}, @@SESSION.lock_wait_timeout"
    engine = sa.create_engine(server_database)
    with engine.connect() as connection:
        before = connection.exec_driver_sql(asked).one()
    with DIALECT.read_only(engine, timeout=7) as connection:
        assert float(connection.exec_driver_sql(asked).one()[0]) == (7000 if of_mysql(server_database) else 7)
    with engine.connect() as connection:
        assert connection.exec_driver_sql(asked).one() == before


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
        ("integer", "-(5)", "'-5'", True),
        ("binary(4)", "'ab'", "0x6162", True),
        ("binary(4)", "x'61620000'", "0x6162", True),
        ("varbinary(4)", "x'6100'", "0x61", False),
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
