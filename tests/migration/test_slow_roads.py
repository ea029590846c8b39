"""The slow roads: short locks, both directions, and rows that stand in the way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

import drift
from drift.findings import Safety
from drift.migration.options import PlanOptions, Roads
from drift.migration.plan import Hold, Lock
from tests.migration.gaps import Project, check, drifted, fresh, plan, rows
from tests.repair import Revision, as_read, differences, run_script, told


def test_there_and_back(database: str, tmp_path: Path) -> None:
    drifted(database)
    before = as_read(check(database))
    made = plan(database)
    revision = Revision(made, database, fresh(tmp_path))
    revision.upgrade()
    assert told(check(database)) == [], revision.source
    assert rows(database, "things") == 50
    revision.downgrade()
    assert differences(before, as_read(check(database))) == []


def test_what_scans_does_not_lock(database: str) -> None:
    drifted(database)
    # A long statement is written as adjacent literals.
    source = re.sub(r'"\s+"', "", plan(database).to_python())
    assert "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_things_code" in source
    assert "UNIQUE USING INDEX uq_things_code" in source
    assert "PRIMARY KEY USING INDEX things_pkey" in source
    assert "ADD CONSTRAINT fk_things_place" in source
    assert source.count("NOT VALID") == 3
    assert "VALIDATE CONSTRAINT fk_things_place" in source
    assert "VALIDATE CONSTRAINT ck_things_amount" in source
    assert "VALIDATE CONSTRAINT things_code_not_null" in source
    assert "ADD VALUE IF NOT EXISTS 'middle' AFTER 'small'" in source
    # The server's default fills existing rows without writing the table again.
    assert "sa.Column('added', sa.Text(), server_default=" in source
    for step in plan(database).active:
        if step.lock is Lock.ACCESS_EXCLUSIVE:
            assert step.hold is Hold.BRIEF, step.title


def test_small_tables_take_the_short_road(database: str) -> None:
    drifted(database)
    source = plan(database, PlanOptions()).to_python()
    assert "CONCURRENTLY" not in source
    assert "NOT VALID" not in source
    run_script(database, "ANALYZE things")
    assert "CONCURRENTLY" in plan(database, PlanOptions(large_rows=50)).to_python()
    assert "CONCURRENTLY" not in plan(database, PlanOptions(large_rows=51)).to_python()
    assert "CONCURRENTLY" not in plan(database, PlanOptions(large_rows=1, roads=Roads.SHORT)).to_python()


@pytest.mark.parametrize("roads", [Roads.SHORT, Roads.SLOW])
@pytest.mark.parametrize(
    ("obstacle", "message"),
    [
        ("UPDATE things SET code = NULL WHERE amount = 3;", "public.things.code holds NULL"),
        ("UPDATE things SET code = 'c1' WHERE amount = 2;", "public.things holds duplicates in (code)"),
        ("UPDATE things SET place_id = 99 WHERE amount = 2;", "values that public.places does not know"),
        ("UPDATE things SET amount = 0 WHERE amount = 2;", "rows that violate the check amount > 0"),
        ("UPDATE things SET id = 1;", "public.things holds duplicates in (id)"),
    ],
)
def test_rows_in_the_way_stop_it_before_anything_changes(
    database: str, tmp_path: Path, obstacle: str, message: str, roads: Roads
) -> None:
    drifted(database, obstacle)
    before = as_read(check(database))
    project = Project(plan(database, PlanOptions(roads=roads)), database, fresh(tmp_path))
    with pytest.raises(RuntimeError, match=re.escape(message)):
        project.run("upgrade")
    assert differences(before, as_read(check(database))) == []


def test_a_new_column_without_a_value_is_left_to_a_person(database: str, tmp_path: Path) -> None:
    metadata = sa.MetaData()
    sa.Table(
        "plain",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("must", sa.String(10), nullable=False, default=lambda: "it's"),
    )
    run_script(database, "CREATE TABLE plain (id serial PRIMARY KEY); INSERT INTO plain DEFAULT VALUES;")
    report = drift.check(metadata, database, config=drift.Config(fail_on="info"))
    made = drift.plan(report)
    assert {step.safety for step in made.steps} >= {Safety.NEEDS_DATA}
    revision = Project(made, database, fresh(tmp_path))
    assert "UPDATE plain SET must = ... WHERE must IS NULL" in revision.source
    with pytest.raises(RuntimeError, match=r"public\.plain\.must is NULL in rows that exist"):
        revision.run("upgrade")
    run_script(database, "DELETE FROM plain")
    revision.run("upgrade")
    assert drift.check(metadata, database, config=drift.Config(fail_on="info")).findings == ()


def test_an_index_of_a_partitioned_table_goes_through_its_partitions(database: str, tmp_path: Path) -> None:
    metadata = sa.MetaData()
    sa.Table(
        "logs",
        metadata,
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Index("ix_logs_at", "at"),
        postgresql_partition_by="RANGE (at)",
    )
    run_script(
        database,
        "CREATE TABLE logs (id bigint NOT NULL, at timestamp NOT NULL) PARTITION BY RANGE (at);"
        "CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');"
        "CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');",
    )
    before = as_read(check(database, metadata))
    revision = Revision(plan(database, models=metadata), database, fresh(tmp_path))
    assert "ON ONLY logs" in revision.source
    assert "ATTACH PARTITION" in revision.source
    revision.upgrade()
    assert told(check(database, metadata)) == []
    revision.downgrade()
    assert differences(before, as_read(check(database, metadata))) == []
