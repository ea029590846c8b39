"""An outside judge: squawk lints the SQL of revisions, and finds nothing that the plan does not announce."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from drift.migration.options import PlanOptions, Roads
from drift.migration.plan import Plan
from tests.migration.gaps import drifted, plan
from tests.repair import run_script

ENV = """
from alembic import context
context.configure(dialect_name="postgresql", literal_binds=True)
with context.begin_transaction():
    context.run_migrations()
"""

NOT_OURS = {
    "prefer-text-field": "the models choose the types",
    "prefer-bigint-over-int": "the models choose the types",
    "prefer-big-int": "the models choose the types",
    "prefer-identity": "the models choose how rows are numbered",
    "prefer-timestamp-tz": "the models choose the types",
    "prefer-robust-stmts": "VALIDATE CONSTRAINT can be run again; the revision asks what is done already",
}
ANNOUNCED = {
    "ban-drop-constraint": ("drop", "replace", "forbid NULL"),
    "ban-drop-column": ("drop column", "change the type"),
    "ban-drop-function": ("change the type",),
    "ban-drop-trigger": ("change the type",),
    "ban-drop-table": ("drop table",),
    "renaming-column": ("rename column", "change the type"),
    "renaming-table": ("rename table",),
    "renaming-object": ("rename", "replace index", "make enum"),
    "changing-column-type": ("change the type", "make enum"),
    "ban-drop-not-null": ("allow NULL",),
    "adding-required-field": ("add column",),
}
"""Rules whose warning stands in the plan: words with which the title of the step begins."""


def squawk() -> str:
    """The linter of the test requirements."""
    beside = Path(sys.executable).parent / "squawk"
    found = str(beside) if beside.exists() else shutil.which("squawk")
    assert found is not None, "squawk-cli is not installed"
    return found


def _sql(made: Plan, folder: Path) -> str:
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENV)
    (folder / "versions" / "r.py").write_text(f"{made.to_python()}\nrevision = 'r'\ndown_revision = None\n")
    out = io.StringIO()
    config = Config(output_buffer=out)
    config.set_main_option("script_location", str(folder))
    command.upgrade(config, "head", sql=True)
    return out.getvalue()


def _unannounced(made: Plan, folder: Path) -> list[str]:
    (folder.parent / "up.sql").write_text(_sql(made, folder))
    done = subprocess.run(
        [squawk(), "--reporter", "json", "--pg-version", "15", str(folder.parent / "up.sql")],
        capture_output=True,
        text=True,
    )
    warnings = json.loads(done.stdout or "[]")
    titles = [step.title for step in made.active]
    return [
        f"{warning['rule_name']}: line {warning['line']}: {warning['message']}"
        for warning in warnings
        if warning["rule_name"] not in NOT_OURS
        and not any(title.startswith(ANNOUNCED.get(warning["rule_name"], ("\0",))) for title in titles)
    ]


@pytest.mark.parametrize(
    ("more", "options"),
    [
        ("", PlanOptions(roads=Roads.SLOW)),
        ("ALTER TABLE things ALTER id DROP NOT NULL;", PlanOptions(roads=Roads.SLOW)),
        ("ALTER TABLE places RENAME TO place;", PlanOptions(roads=Roads.SLOW)),
        ("ALTER TABLE things RENAME code TO codes;", PlanOptions(roads=Roads.SLOW)),
        ("ALTER TABLE things ALTER amount TYPE bigint;", PlanOptions(roads=Roads.SLOW)),
        ("ALTER TABLE things ADD legacy text; CREATE TABLE old (id int);", PlanOptions(True, Roads.SLOW)),
    ],
)
def test_nothing_unannounced(database: str, tmp_path: Path, more: str, options: PlanOptions) -> None:
    drifted(database)
    run_script(database, more or "SELECT 1")
    assert _unannounced(plan(database, options), tmp_path / "project") == []


def test_the_plain_road_would_be_told(database: str, tmp_path: Path) -> None:
    """The judge is awake: on the short road it warns of what the slow road avoids."""
    drifted(database)
    warnings = _unannounced(plan(database, PlanOptions(roads=Roads.SHORT)), tmp_path / "project")
    rules = {warning.split(":")[0] for warning in warnings}
    assert {"require-concurrent-index-creation", "constraint-missing-not-valid"} <= rules
