"""A run that is killed between any two statements can be started again, to the end and to the start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.exc import SQLAlchemyError

from drift.migration.options import PlanOptions, Roads
from tests.migration.gaps import Project, check, drifted, fresh, plan
from tests.repair import as_read, connected, differences, run_script, told


def _run_until(project: Project, direction: str, limit: int) -> bool:
    """Run, and terminate the backend before statement number ``limit``; whether it got that far."""
    count = 0

    def kill(connection: Any, *_: Any) -> None:
        nonlocal count
        count += 1
        if count == limit:
            with connected(project.url) as other:
                pid = connection.connection.dbapi_connection.info.backend_pid
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
                other.commit()

    try:
        project.run(direction, kill)
    except SQLAlchemyError:
        assert count >= limit, project.source
    return count >= limit


def _statements(project: Project, direction: str) -> int:
    """How many statements a whole run takes."""
    seen: list[str] = []
    project.run(direction, lambda *arguments: seen.append(arguments[2]))
    return len(seen)


def test_killed_at_every_place_one_after_the_other(database: str, tmp_path: Path) -> None:
    drifted(database)
    before = as_read(check(database))
    project = Project(plan(database), database, fresh(tmp_path))
    # Each kill leaves the database as it is for the next run, which gets one statement further.
    for direction, least in (("upgrade", 20), ("downgrade", 10)):
        killed = 0
        while _run_until(project, direction, killed + 1):
            killed += 1
        assert killed > least
        if direction == "upgrade":
            assert told(check(database)) == [], project.source
    assert differences(before, as_read(check(database))) == [], project.source


def test_one_kill_and_one_rerun(database: str, tmp_path: Path) -> None:
    drifted(database)
    project = Project(plan(database), database, fresh(tmp_path))
    total = _statements(project, "upgrade")
    assert told(check(database)) == []
    for limit in range(2, total + 1, 4):
        project.run("downgrade")
        _run_until(project, "upgrade", limit)
        project.run("upgrade")
        assert told(check(database)) == [], f"killed before statement {limit}"


kinds = sa.MetaData()
sa.Table(
    "logs",
    kinds,
    sa.Column("id", sa.BigInteger, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Index("ix_logs_at", "at"),
    postgresql_partition_by="RANGE (at)",
)
sa.Table(
    "pets",
    kinds,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("mood", pg.ENUM("good", "bad", name="mood", metadata=kinds)),
    sa.Column("token", sa.Text, server_default=sa.text("gen_random_uuid()::text")),
    sa.Column("label", sa.String(40), nullable=False),
    sa.Index("ix_pets_label", "label", unique=True),
    sa.CheckConstraint("id > 0", name="ck_pets"),
)
KINDS = """
CREATE TABLE logs (id bigint NOT NULL, at timestamp NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TYPE mood AS ENUM ('good', 'middling', 'bad');
CREATE TABLE pets (id serial PRIMARY KEY, mood mood, name varchar(20), token text, old text, CHECK (id < 1000));
CREATE INDEX ix_pets_label ON pets (name);
CREATE VIEW named AS SELECT name FROM pets;
ALTER TABLE pets ADD CONSTRAINT ck_pets CHECK (id > 0) NOT VALID;
INSERT INTO pets (mood, name) SELECT 'good', 'n' || n FROM generate_series(1, 20) n;
ALTER TABLE pets RENAME name TO label;
"""


def test_the_other_kinds_of_steps(database: str, tmp_path: Path) -> None:
    """Indexes through partitions, replaced indexes, a type made anew, validation, defaults and drops."""
    run_script(database, KINDS)
    before = as_read(check(database, kinds))
    made = plan(database, PlanOptions(allow_drop=True, roads=Roads.SLOW), kinds)
    project = Project(made, database, fresh(tmp_path))
    for direction in ("upgrade", "downgrade"):
        killed = 0
        while _run_until(project, direction, killed + 1):
            killed += 1
        assert killed > 15
        if direction == "upgrade":
            assert told(check(database, kinds)) == [], project.source
    assert differences(before, as_read(check(database, kinds))) == [], project.source


def test_an_invalid_index_is_built_again(database: str, tmp_path: Path) -> None:
    drifted(database)
    project = Project(plan(database), database, fresh(tmp_path))
    invalid = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_things_amount'::regclass"
    with connected(database) as connection:
        connection.execute(text("CREATE INDEX ix_things_amount ON things (amount)"))
        connection.execute(text(invalid))
        connection.commit()
    project.run("upgrade")
    assert told(check(database)) == []
