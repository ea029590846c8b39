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

import drift
from drift.migration.options import PlanOptions, Roads
from drift.migration.plan import Plan
from tests.cases.case import Case, all_cases
from tests.cases.test_cases import build, check_case
from tests.migration.gaps import drifted, plan
from tests.repair import run_script
from tests.servers import Server

ENV = """
from alembic import context
context.configure(dialect_name="postgresql", literal_binds=True)
with context.begin_transaction():
    context.run_migrations()
"""

NOT_OURS = {
    "prefer-text-field": "the models choose the types",
    "prefer-bigint-over-int": "the models choose the types",
    "prefer-bigint-over-smallint": "the models choose the types",
    "prefer-big-int": "the models choose the types",
    "prefer-identity": "the models choose how rows are numbered",
    "prefer-timestamp-tz": "the models choose the types",
    "prefer-robust-stmts": "VALIDATE CONSTRAINT can be run again; the revision asks what is done already",
}
_NUMBERED = ("change the numbering", "take off the numbering", "begin the numbering")
_EXCHANGED = ("change the type", "change how", *_NUMBERED)
ANNOUNCED = {
    "adding-field-with-default": ("add column", *_EXCHANGED),
    "adding-required-field": ("add column",),
    "ban-alter-domain-with-add-constraint": ("change the rules of domain",),
    "ban-alter-identity": _NUMBERED,
    "ban-drop-column": ("drop column", *_EXCHANGED),
    "ban-drop-constraint": ("drop", "replace", "forbid NULL", "change the rules of domain", "change the type"),
    "ban-drop-default": ("change the default", "drop the default", "make enum", *_EXCHANGED),
    "ban-drop-function": ("change the type",),
    "ban-drop-generated-expression": ("change how",),
    "ban-drop-not-null": ("allow NULL", "change the rules of domain"),
    "ban-drop-sequence": ("drop sequence", *_NUMBERED),
    "ban-drop-table": ("drop table",),
    "ban-drop-trigger": ("change the type",),
    "ban-drop-type": ("drop enum", "make enum"),
    "ban-set-schema": ("rename table", "rename enum", "rename sequence"),
    "changing-column-type": ("change the type", "make enum"),
    "constraint-missing-not-valid": ("add exclusion constraint", "replace exclusion constraint"),
    "renaming-column": ("rename column", "change the type"),
    "renaming-object": ("rename", "replace index", "make enum", "change the type", *_NUMBERED),
    "renaming-table": ("rename table",),
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


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.id) for case in all_cases() if case.dialect == "postgresql"]
)
def test_every_case_folder(case: Case, database: str, postgresql_server: Server, tmp_path: Path) -> None:
    if postgresql_server.version < (case.options.get("minimum_server", 0),):
        pytest.skip(f"PostgreSQL {case.options['minimum_server']} or newer")
    module = case.load_models()
    build(case, module, database)
    made = drift.plan(check_case(case, module, database), PlanOptions(allow_drop=True, roads=Roads.SLOW))
    if made.active and case.options.get("repair") != "by-hand":
        assert _unannounced(made, tmp_path / "project") == []
