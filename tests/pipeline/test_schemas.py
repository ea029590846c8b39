"""Which schemas are the user's: those of the models, or exactly those that are named."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

import drift

OTHERS = (
    "CREATE TABLE public.of_others (id int PRIMARY KEY)",
    "CREATE TYPE public.mood_of_others AS ENUM ('a')",
    "CREATE SEQUENCE public.numbers_of_others",
)


def _codes(url: str, schemas: tuple[str, ...]) -> list[str]:
    metadata = sa.MetaData()
    sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), schema="app")
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA app")
        metadata.create_all(connection)
        for statement in OTHERS:
            connection.exec_driver_sql(statement)
    report = drift.check(metadata, url, schemas=schemas)
    return [finding.code for finding in report.findings]


def test_the_default_schema_belongs_to_others_where_the_models_live_elsewhere(database: str) -> None:
    assert _codes(database, ()) == []


def test_a_schema_that_is_named_is_the_users(database: str) -> None:
    assert sorted(_codes(database, ("app", "public"))) == ["EN201", "SQ201", "TB201"]


def test_a_schema_that_is_not_named_is_not_looked_at(database: str) -> None:
    assert _codes(database, ("app",)) == []
