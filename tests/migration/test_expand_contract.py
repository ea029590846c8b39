"""Another type for a column of a large table: filled in batches under traffic, swapped at the end."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from drift.migration.handlers import expand_contract
from tests.migration.gaps import Project, check, fresh, plan
from tests.migration.test_interrupted import _run_until
from tests.repair import as_read, connected, differences, run_script, told

metadata = sa.MetaData()
sa.Table(
    "readings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False, server_default="7", comment="what was read"),
    sa.Column("at", sa.Text),
)
DRIFTED = """
CREATE TABLE readings (id serial PRIMARY KEY, value text NOT NULL DEFAULT '7', at text);
COMMENT ON COLUMN readings.value IS 'what was read';
INSERT INTO readings (value) SELECT n::text FROM generate_series(1, 100) n;
"""


def _values(url: str) -> list[str]:
    with connected(url) as connection:
        return [row[0] for row in connection.execute(sa.text("SELECT value::text FROM readings ORDER BY id"))]


def test_there_and_back_without_a_rewrite(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand_contract, "BATCH", 30)
    run_script(database, DRIFTED)
    before, values = as_read(check(database, metadata)), _values(database)
    project = Project(plan(database, models=metadata), database, fresh(tmp_path))
    assert "SET value_drift = value::bigint" in project.source
    assert "ALTER COLUMN value TYPE" not in project.source
    project.run("upgrade")
    assert told(check(database, metadata)) == [], project.source
    assert _values(database) == values
    run_script(database, "INSERT INTO readings DEFAULT VALUES")
    project.run("downgrade")
    assert differences(before, as_read(check(database, metadata))) == [], project.source
    assert _values(database) == [*values, "7"]


def test_interrupted_at_every_place(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand_contract, "BATCH", 40)
    run_script(database, DRIFTED)
    before, values = as_read(check(database, metadata)), _values(database)
    project = Project(plan(database, models=metadata), database, fresh(tmp_path))
    for direction in ("upgrade", "downgrade"):
        killed = 0
        while _run_until(project, direction, killed + 1):
            killed += 1
        assert _values(database) == values
        if direction == "upgrade":
            assert told(check(database, metadata)) == [], project.source
    assert differences(before, as_read(check(database, metadata))) == [], project.source


def test_values_that_do_not_fit_stop_it(database: str, tmp_path: Path) -> None:
    run_script(database, DRIFTED + "UPDATE readings SET value = 'many' WHERE id = 3;")
    project = Project(plan(database, models=metadata), database, fresh(tmp_path))
    with pytest.raises(RuntimeError, match="do not read as bigint"):
        project.run("upgrade")
    assert check(database, metadata).alignment.actual.tables[0].column("value_drift") is None


def test_a_column_that_others_rest_on_is_rewritten_and_announced(database: str) -> None:
    run_script(database, DRIFTED + "CREATE INDEX ix ON readings (value);")
    made = plan(database, models=metadata)
    step = next(step for step in made.active if step.title.startswith("change the type"))
    assert step.hold.value == "while the table is rewritten"
