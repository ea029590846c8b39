"""Every folder of ``fixtures/cases/responses``: exactly the listed findings on response and request fields."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drift.alignment import Alignment
from drift.findings import Finding, NotChecked
from drift.policy import Config, judge
from tests.cases.case import CASES, Case, all_cases
from tests.responses.support import run

FOLDERS = sorted(
    (case for case in all_cases() if case.folder.is_relative_to(CASES / "responses")), key=lambda case: case.id
)


def test_there_are_cases():
    assert len(FOLDERS) > 50


@pytest.mark.parametrize("case", FOLDERS, ids=lambda case: case.folder.relative_to(CASES / "responses").as_posix())
def test_case(case: Case, database: str):
    module = case.load_models()
    options = json.loads((case.folder / "options.json").read_text(encoding="utf-8"))
    script = Path(case.script).read_text(encoding="utf-8")
    references = [getattr(module, name) for name in options["responses"]]
    if case.starts_from_models:
        from sqlalchemy import create_engine

        engine = create_engine(database)
        module.Base.metadata.create_all(engine)
        engine.dispose()
    checked = run(
        module.Base, references, database, directory=case.folder, script=script, probe=bool(options.get("probe"))
    )
    alignment = Alignment(expected=checked.expected, actual=checked.actual)
    verdict = judge(checked.outcomes, Config(), alignment=alignment)
    wanted = [each for each in case.expected if each["code"].startswith(("RS", "RQ"))]
    assert sorted(map(_key, verdict.findings)) == sorted(
        (each["code"], each["severity"], each["subject"].get("table"), each["subject"]["name"]) for each in wanted
    ), [f.message for f in verdict.findings]
    for each in wanted:
        found = next(f for f in verdict.findings if (f.code, f.subject.name) == (each["code"], each["subject"]["name"]))
        _holds(found, each)
    assert {item.code for item in verdict.not_checked} == set(options.get("not_checked", ())), verdict.not_checked


def _key(finding: Finding) -> tuple[str, str, str | None, str]:
    return finding.code, finding.severity.value, finding.subject.table, finding.subject.name


def _holds(found: Finding, each: dict) -> None:
    for key in ("expected", "actual"):
        if key in each:
            assert getattr(found, key) == each[key]
    for key, value in each.get("details", {}).items():
        assert found.detail(key) == value
    assert found.locations
    assert not isinstance(found, NotChecked)
