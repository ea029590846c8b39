"""A snapshot loses nothing: every case says the same of the file as of the database that it was taken from."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import drift
from drift.pipeline import Inputs
from drift.pipeline.snapshots import take_snapshot
from drift.sources.snapshot import dump_snapshot
from tests.cases.case import Case, all_cases
from tests.cases.test_cases import build, check_case

FAMILIES = ("check-constraints", "exclusions", "indexes", "views")
"""Those with expressions: what a file cannot work out, and must remember."""
CASES = [
    pytest.param(case, id=case.id)
    for case in all_cases()
    if case.dialect == "postgresql" and case.id.startswith(FAMILIES)
]


@pytest.fixture
def module(case: Case) -> Iterator[ModuleType]:
    """The case's models, forgotten afterwards."""
    loaded = case.load_models()
    yield loaded
    sys.modules.pop(loaded.__name__, None)


@pytest.mark.parametrize("case", CASES)
def test_a_snapshot_says_what_its_database_says(
    case: Case, module: ModuleType, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if case.options.get("probe"):
        pytest.skip("rows are looked at, and a snapshot holds none")
    if case.dialect == "postgresql":
        version = request.getfixturevalue("postgresql_server").version
        if version < (case.options.get("minimum_server", 0),):
            pytest.skip(f"PostgreSQL {case.options['minimum_server']} or newer")
    url = request.getfixturevalue("database" if case.dialect == "postgresql" else "sqlite_database")
    build(case, module, url)
    live = check_case(case, module, url)
    models = tuple(module.models) if hasattr(module, "models") else (getattr(module, "Base", None) or module.metadata,)
    inputs = Inputs(models=models, database=url, schemas=tuple(case.options.get("schemas", ())))
    file = tmp_path / "schema.json"
    file.write_text(dump_snapshot(take_snapshot(inputs)), encoding="utf-8")
    stored = check_case(case, module, str(file))
    assert _told(stored) == _told(live)


def _told(report: drift.Report) -> tuple[Counter[Any], Counter[Any]]:
    findings = Counter((f.code, f.subject, f.severity, f.expected, f.actual) for f in report.findings)
    return findings, Counter((item.code, item.subject) for item in report.not_checked)
