"""`--probe` looks, bounded, and never at what it may not."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import NullPool

from drift.alignment.observations import RowAnswer, RowCondition, RowQuestion
from drift.dialects import Scope, dialect_for
from drift.schema import QualifiedName
from drift.sources.responses import evidence
from tests.responses.support import run

SCRIPT = """
CREATE TABLE "odd ""name%" ("a ""b%" int, "c:d" text[], j jsonb, s text, PRIMARY KEY ("a ""b%"));
INSERT INTO "odd ""name%" VALUES (7, ARRAY['x', NULL], 'null', 'long'), (8, NULL, '{}', 's');
CREATE TABLE many (id int PRIMARY KEY, v text);
INSERT INTO many SELECT n, NULL FROM generate_series(1, 1500) n;
CREATE TABLE keyless (v text);
INSERT INTO keyless VALUES (NULL);
"""
ODD = QualifiedName("public", 'odd "name%')


def ask(url: str, *questions: RowQuestion) -> list[RowAnswer]:
    engine = create_engine(url, poolclass=NullPool)
    dialect = dialect_for("postgresql")
    with dialect.read_only(engine) as connection:
        actual = dialect.read(connection, Scope(schemas=("public",)))
        answers = evidence.look(connection, questions, actual)
        assert connection.execute(text("SHOW transaction_read_only")).scalar_one() == "on"
    return [answers[question] for question in questions]


def prepare(url: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(SCRIPT.replace("%", "%%"))


def test_every_condition_on_hostile_names(database: str):
    prepare(database)
    assert ask(
        database,
        RowQuestion(ODD, ("c:d",), RowCondition.NULL),
        RowQuestion(ODD, ("c:d",), RowCondition.ARRAY_NULL),
        RowQuestion(ODD, ("j",), RowCondition.JSON_NULL),
        RowQuestion(ODD, ("s",), RowCondition.LONGER, 3),
        RowQuestion(ODD, ("s",), RowCondition.LABEL, "s"),
        RowQuestion(ODD, ("s",), RowCondition.LABEL, "'; DROP TABLE many; --"),
    ) == [
        RowAnswer(1, key='a "b%=8'),
        RowAnswer(1, key='a "b%=7'),
        RowAnswer(1, key='a "b%=7'),
        RowAnswer(1, key='a "b%=7'),
        RowAnswer(1, key='a "b%=8'),
        RowAnswer(0),
    ]


def test_counting_is_bounded_and_keys_are_optional(database: str):
    prepare(database)
    many, keyless = ask(
        database,
        RowQuestion(QualifiedName("public", "many"), ("v",), RowCondition.NULL),
        RowQuestion(QualifiedName("public", "keyless"), ("v",), RowCondition.NULL),
    )
    assert (many.rows, many.more) == (evidence.COUNTED, True)
    assert keyless == RowAnswer(1)


def test_a_table_that_cannot_be_read_is_not_checked_and_the_others_are(database: str):
    prepare(database)
    role = f"drift_reader_{make_url(database).database}"
    engine = create_engine(database, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON keyless TO {role}")
    try:
        dialect = dialect_for("postgresql")
        with dialect.read_only(engine) as connection:
            connection.exec_driver_sql(f"SET ROLE {role}")
            answers = evidence.look(
                connection,
                [
                    RowQuestion(QualifiedName("public", "many"), ("v",), RowCondition.NULL),
                    RowQuestion(QualifiedName("public", "keyless"), ("v",), RowCondition.NULL),
                ],
                dialect.read(connection, Scope(schemas=("public",))),
            )
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {role}; DROP ROLE {role}")
    many, keyless = answers.values()
    assert many == RowAnswer(None, reason="InsufficientPrivilege")
    assert keyless.rows == 1


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None]


class AccountOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    email: str


def test_a_schema_that_is_translated_is_judged_and_looked_into_where_it_is(database: str) -> None:
    script = """
        CREATE SCHEMA tenant;
        CREATE TABLE tenant.accounts (id serial PRIMARY KEY, email varchar);
        INSERT INTO tenant.accounts (email) VALUES ('a'), (NULL);
    """
    checked = run(Base, [AccountOut], database, script=script, probe=True, schema_translate_map={None: "tenant"})
    (finding,) = checked.findings
    assert (finding.code, finding.severity.value) == ("RS301", "error")
    assert (finding.subject.schema, finding.subject.table) == ("tenant", "accounts")
    assert "id=2" in f"{finding.message} {finding.actual} {finding.details}"
