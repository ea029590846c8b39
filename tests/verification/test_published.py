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
