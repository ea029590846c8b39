"""On servers that ignore letter case, names that differ in nothing else are the same."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from drift.alignment.letter_case import respelled
from drift.dialects import Scope
from drift.dialects.sqlite import DIALECT
from drift.schema import Schema


def read(*statements: str) -> Schema:
    engine = sa.create_engine("sqlite://", poolclass=StaticPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    with DIALECT.read_only(engine) as connection:
        schema = DIALECT.read(connection, Scope())
    # What was written to make a table stays as it was written.
    return dataclasses.replace(schema, tables=tuple(dataclasses.replace(t, written=()) for t in schema.tables))


MODELS = read(
    'CREATE TABLE "User" ("Id" INTEGER PRIMARY KEY, "Name" TEXT UNIQUE)',
    'CREATE TABLE post (id INTEGER PRIMARY KEY, "userId" INT REFERENCES "User" ("Id"))',
    'CREATE INDEX ix ON post ("userId")',
)
DATABASE = read(
    "CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT UNIQUE)",
    "CREATE TABLE POST (ID INTEGER PRIMARY KEY, userid INT REFERENCES user (id))",
    "CREATE INDEX ix ON POST (userid)",
    "CREATE TABLE other (X INT)",
)


def test_every_use_of_a_name_is_respelled_and_nothing_else() -> None:
    found = respelled(DATABASE, MODELS)

    assert {t.name for t in found.tables} == {t.name for t in MODELS.tables} | {
        t.name for t in DATABASE.tables if t.name.name == "other"
    }
    assert {table.name: table for table in found.tables if table.name.name != "other"} == {
        table.name: table for table in MODELS.tables
    }


def test_a_server_that_distinguishes_case_is_left_alone() -> None:
    sensitive = dataclasses.replace(DATABASE, folded=())
    assert respelled(sensitive, MODELS) is sensitive


def test_what_is_spelled_alike_is_the_same_object() -> None:
    assert respelled(MODELS, MODELS) is MODELS
