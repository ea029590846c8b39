"""What SQLAlchemy creates is what its models are read to expect."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Enum,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    Sequence,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    text,
)
from sqlalchemy.dialects import postgresql as pg

from drift.dialects import Scope, dialect_for
from drift.sources.models import Models, expect, natives

# Filled on one side only, or decided by the server and settled elsewhere.
_ONE_SIDED = {"location", "model", "ignored", "client_default", "estimated_rows", "written", "sequence", "position"}


def _metadata() -> MetaData:
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(column_0_label)s",
        }
    )
    Table(
        "Users",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("email", String(80, collation="C"), unique=True, index=True, comment="it's"),
        Column("Mood", Enum("sad", "happy", name="Mood"), nullable=False),
        Column("moods", pg.ARRAY(Enum("x", "y", name="moods", schema="app"))),
        Column("price", Numeric(10, 2)),
        Column("flag", Boolean, nullable=False, server_default=text("true")),
        Column("created", DateTime(timezone=True), server_default=text("now()")),
        Column("stamp", pg.TIMESTAMP(precision=3)),
        UniqueConstraint("email", "price", deferrable=True, initially="DEFERRED"),
        Index("ix_low", text("price DESC NULLS LAST"), "Mood", postgresql_include=["id"]),
        Index("ix_hash", "email", postgresql_using="hash"),
        comment="people",
    )
    Table(
        "posts",
        metadata,
        Column("id", Integer, Identity(always=True, start=7, increment=2, cycle=True), primary_key=True),
        Column("author", ForeignKey("Users.id", ondelete="SET NULL", onupdate="CASCADE", deferrable=True)),
        Column("number", Integer, Sequence("numbers", start=5, increment=5, cache=3)),
        Column("body", Text),
        schema="app",
    )
    Table("a" * 55, metadata, Column("b" * 40, Integer, index=True), Column("id", Integer, primary_key=True))
    Table(
        "parted",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("day", Date, primary_key=True),
        postgresql_partition_by="RANGE (day)",
    )
    Table("unlogged", metadata, Column("id", Integer, primary_key=True), prefixes=["UNLOGGED"])
    return metadata


def _differences(left: Any, right: Any, path: str = "") -> list[str]:
    found: list[str] = []
    for item in dataclasses.fields(left):
        mine, theirs = getattr(left, item.name), getattr(right, item.name)
        if mine == theirs or item.name in _ONE_SIDED:
            continue
        where = f"{path}.{item.name}"
        named = isinstance(mine, tuple) and mine and hasattr(mine[0], "name")
        if named and {str(i.name) for i in mine} == {str(i.name) for i in theirs}:
            for one, other in zip(
                sorted(mine, key=lambda i: str(i.name)), sorted(theirs, key=lambda i: str(i.name)), strict=True
            ):
                found += _differences(one, other, f"{where}[{one.name}]")
        else:
            found.append(f"{where}: {mine} != {theirs}")
    return found


def test_created_by_sqlalchemy_and_read_back(database: str) -> None:
    engine = create_engine(database)
    metadata = _metadata()
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA app"))
        # The foreign key goes to an unqualified table from another schema.
        metadata.create_all(connection)
    models = Models((metadata,), "models", Path.cwd())
    dialect = dialect_for("postgresql")
    with dialect.read_only(engine) as connection:
        info = dialect.info(connection)
        expected = expect(models, dialect, info)
        actual = dialect.read(connection, Scope(schemas=expected.schemas))
    engine.dispose()
    assert expected.unreadable == ()
    assert [t.name for t in expected.tables] == [t.name for t in actual.tables]
    differences = [
        line
        for mine, theirs in zip(expected.tables, actual.tables, strict=True)
        for line in _differences(mine, theirs, str(mine.name))
    ]
    assert differences == []
    assert [dataclasses.replace(enum, location=None) for enum in expected.enums] == list(actual.enums)
    free = [sequence for sequence in actual.sequences if sequence.owned_by is None]
    assert list(expected.sequences) == free
    found = natives(models, info)
    assert set(found.tables) == {t.name for t in expected.tables}
    assert set(found.enums) == {e.name for e in expected.enums}
    assert set(found.sequences) == {s.name for s in expected.sequences}
