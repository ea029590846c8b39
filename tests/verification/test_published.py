"""Schemas as they are published: a right repair is proven on a whole copy, and then the live upgrade succeeds."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.migration.projects import Project
from tests.repair import run_script
from tests.verification.published import HEAD, SCHEMAS, Published

OTHERS = ("TB201", "EN201", "SQ201", "FK201", "TB308")
"""The other tables have no models, and row security is not theirs to say."""


SPATIAL = """
from sqlalchemy import Column, Index, Integer, MetaData, Table, event
from sqlalchemy.schema import CreateIndex
from sqlalchemy.types import UserDefinedType


class Base:
    metadata = MetaData()


class Geometry(UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **kw):
        return "point"


def index_of(table, column):
    return Index(f"idx_{table.name}_{column.name}", column, postgresql_using="gist")


@event.listens_for(Table, "after_create")
def make_spatial_indexes(table, bind, **kw):
    for column in table.columns:
        if isinstance(column.type, Geometry) and not table.indexes:
            twin = Table(table.name, MetaData(), Column(column.name, column.type))
            bind.execute(CreateIndex(index_of(twin, twin.c[column.name])))


places = Table("places", Base.metadata, Column("id", Integer, primary_key=True), Column("at", Geometry))
index_of(places, places.c.at)
"""


def test_a_type_that_makes_its_index_does_not_make_it_twice(database: str, tmp_path: Path) -> None:
    """As GeoAlchemy2's types do, when a table is made."""
    project = Project(tmp_path, database, models=SPATIAL)
    assert "Proven on" in project.drift("revision", "-m", "places", "--allow-empty").out
    project.alembic("upgrade", "head")
    assert [finding.code for finding in project.check().findings] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_repair_of_a_published_schema_is_proven(name: str, database: str, tmp_path: Path) -> None:
    schema = SCHEMAS[name]
    run_script(database, schema.sql)
    try:
        _repair(schema, database, tmp_path)
    finally:
        run_script(database, schema.after or "SELECT 1")


def _repair(schema: Published, database: str, tmp_path: Path) -> None:
    engine = create_engine(database, poolclass=NullPool)
    with engine.connect() as connection:
        rows = connection.execute(text(schema.rows)).all()
    project = Project(tmp_path, database, models=f"{HEAD}\nTable({schema.table})\n")
    ignored = [word for code in OTHERS for word in ("--ignore", code)]
    said = project.drift("revision", "-m", "repair", "--allow-drop", *ignored).out
    assert "Proven on an embedded PostgreSQL" in said, said
    assert "not answered" not in said, said
    project.alembic("upgrade", "head")
    with engine.connect() as connection:
        assert connection.execute(text(schema.rows)).all() == rows
        columns = dict(
            connection.execute(
                text(
                    "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = (SELECT "
                    "attrelid FROM pg_attribute WHERE attname = 'added') AND NOT attisdropped"
                )
            ).all()
        )
    assert columns[schema.changed[0]] == schema.changed[1]
    assert schema.gone not in columns
    project.alembic("downgrade", "base")
