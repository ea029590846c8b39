"""Every case folder: exactly the listed findings; repaired with its rows kept; taken back to what it was."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy
from packaging.version import Version
from sqlalchemy import MetaData, create_engine
from sqlalchemy.pool import NullPool

import drift
from drift.migration.options import PlanOptions
from tests.cases.case import CASES, Case, all_cases
from tests.cases.rows import lost, read_rows
from tests.repair import Revision, as_read, connected, differences, moved, run_script, told
from tests.servers import Server

STOPS = {"by-hand": NotImplementedError, "stops-at-rows": RuntimeError}
"""What ends a revision that a person has to complete, and one that rows stand in the way of."""

Entry = tuple[str, str, str | None, str | None, str]


@pytest.fixture
def case_database(request: pytest.FixtureRequest, case: Case) -> str:
    """An empty database of the case's dialect."""
    if case.dialect == "postgresql":
        server: Server = request.getfixturevalue("postgresql_server")
        if server.version < (case.options.get("minimum_server", 0),):
            pytest.skip(f"PostgreSQL {case.options['minimum_server']} or newer")
    fixture = "database" if case.dialect == "postgresql" else f"{case.dialect}_database"
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture
def module(case: Case) -> Iterator[ModuleType]:
    """The case's models, forgotten afterwards."""
    needed = case.options.get("minimum_sqlalchemy", "2.0")
    if Version(sqlalchemy.__version__) < Version(needed):
        pytest.skip(f"models that SQLAlchemy {needed} can express")
    loaded = case.load_models()
    yield loaded
    sys.modules.pop(loaded.__name__, None)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in all_cases()])
def test_case(case: Case, module: ModuleType, case_database: str, tmp_path: Path) -> None:
    build(case, module, case_database)
    report = check_case(case, module, case_database)
    _compare(case, report, _unseen(case, module))
    _places_are_named(report)

    before = as_read(report)
    with connected(case_database) as connection:
        rows = read_rows(connection)
    plan = drift.plan(report, PlanOptions(allow_drop=True))
    if case.options.get("repair") == "none":
        assert plan.answered == (), "options.json says that no migration can help"
        return
    if not report.findings:
        assert plan.active == ()
        return
    revision = Revision(plan, case_database, tmp_path / "project")
    if (stop := STOPS.get(case.options.get("repair", ""))) is not None:
        with pytest.raises(stop):
            revision.upgrade()
        assert differences(before, as_read(check_case(case, module, case_database))) == [], revision.source
        return
    revision.upgrade()
    repaired = check_case(case, module, case_database)
    remaining = Counter(finding.code for finding in repaired.findings)
    assert remaining.keys() <= set(case.options.get("remaining", ())), f"{told(repaired)}\n{revision.source}"
    with connected(case_database) as connection:
        kept = read_rows(connection)
    losses = lost(rows, kept, **moved(report), changed_columns=frozenset(case.options.get("data_changes", ())))
    assert losses == [], revision.source

    if (message := case.options.get("downgrade_stops")) is not None:
        with pytest.raises(RuntimeError, match=message):
            revision.downgrade()
        assert told(check_case(case, module, case_database)) == [], "it stopped after it had changed something"
        return
    revision.downgrade()
    if not case.options.get("no_downgrade"):
        assert differences(before, as_read(check_case(case, module, case_database))) == [], revision.source


def test_every_folder_is_run_by_somebody() -> None:
    run = {case.folder for case in all_cases()}
    without_models = {file.parent for file in CASES.rglob("findings.json")} - run
    assert {folder.relative_to(CASES).parts[0] for folder in without_models} <= {"version-tables"}


def build(case: Case, module: ModuleType, url: str) -> None:
    """Make the case's database."""
    if case.starts_from_models:
        engine = create_engine(url, poolclass=NullPool)
        for models in _models(module):
            metadata = models if isinstance(models, MetaData) else models.metadata
            metadata.create_all(engine)
    run_script(url, case.script.read_text(encoding="utf-8"))


def _models(module: ModuleType) -> list[Any]:
    if hasattr(module, "models"):
        return list(module.models)
    return [module.Base if hasattr(module, "Base") else module.metadata]


def check_case(case: Case, module: ModuleType, url: str) -> drift.Report:
    """Check it with the options of its folder."""
    config = {"fail_on": "info", **{k.replace("-", "_"): v for k, v in case.options.get("config", {}).items()}}
    return drift.check(
        _models(module),
        url,
        responses=[getattr(module, name) for name in case.options.get("responses", ())],
        config=drift.Config(**config),
        schemas=case.options.get("schemas", ()),
        probe=case.options.get("probe", False),
    )


def _unseen(case: Case, module: ModuleType) -> set[str]:
    """Comments in the models, where the database has none."""
    if case.dialect != "sqlite":
        return set()
    metadata = [m if isinstance(m, MetaData) else m.metadata for m in _models(module)]
    tables = [table for one in metadata for table in one.tables.values()]
    of_columns = any(column.comment for table in tables for column in table.columns)
    return {code for code, there in (("TB304", any(t.comment for t in tables)), ("CO307", of_columns)) if there}


def _compare(case: Case, report: drift.Report, unseen: set[str]) -> None:
    default = {report.alignment.actual.default_schema, None, "public"}

    def key(code: str, kind: str, schema: str | None, table: str | None, name: str) -> Entry:
        return code, kind, None if schema in default else schema, table, name

    wanted = {}
    for entry in case.expected:
        subject = entry["subject"]
        wanted[key(entry["code"], subject["kind"], subject.get("schema"), subject.get("table"), subject["name"])] = (
            entry
        )
    found = {
        key(f.code, f.subject.kind.value, f.subject.schema, f.subject.table, f.subject.name): f for f in report.findings
    }
    assert sorted(found, key=str) == sorted(wanted, key=str), told(report)
    assert len(found) == len(report.findings), f"something is said twice: {told(report)}"
    for place, entry in wanted.items():
        finding = found[place]
        for facet in ("severity", "expected", "actual"):
            if facet in entry:
                assert getattr(finding, facet) == entry[facet], facet
        for name, value in entry.get("details", {}).items():
            detail = finding.detail(name)
            assert (list(detail) if isinstance(detail, tuple) else detail) == value, name
    assert {n.code for n in report.not_checked} == {*case.options.get("not_checked", ()), *unseen}, told(report)


def _places_are_named(report: drift.Report) -> None:
    """What the models expect has a place in the code; only what they do not know has none."""
    without = [
        f"{f.code} {f.subject}"
        for f in report.findings
        if not f.locations and f.code[2] != "2" and f.subject.table is not None
    ]
    assert without == []
