"""Every facet broken once on a real server: found, told apart, repaired, taken back; its other spelling is quiet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import drift
from drift.migration.options import PlanOptions
from tests.cases.rows import lost, read_rows
from tests.properties import base_models
from tests.properties.catalogue import FAULTS, Fault
from tests.properties.coverage import FILE, page
from tests.repair import Revision, as_read, connected, differences, moved, run_script, told
from tests.servers import Server, fresh_database

EVERYTHING = drift.Config(fail_on="info", select=("ALL", "TB308"))


@pytest.fixture(scope="module")
def template(postgresql_server: Server) -> Iterator[str]:
    """A database with the base models and their rows, copied for every fault."""
    with fresh_database(postgresql_server) as url:
        run_script(url, base_models.SETUP)
        engine = create_engine(url, poolclass=NullPool)
        base_models.metadata.create_all(engine)
        run_script(url, base_models.ROWS)
        yield url


@pytest.fixture
def copy(postgresql_server: Server, template: str) -> Iterator[str]:
    with fresh_database(postgresql_server, template=template) as url:
        yield url


def _check(url: str) -> drift.Report:
    return drift.check(base_models.metadata, url, config=EVERYTHING)


def _skip_where_the_server_is_too_old(fault: Fault, server: Server) -> None:
    if server.version < (fault.minimum_server,):
        pytest.skip(f"PostgreSQL {fault.minimum_server} or newer")


def test_the_base_models_are_silent(copy: str) -> None:
    assert told(_check(copy)) == []


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.sql], ids=lambda f: f.id)
def test_a_fault_is_found_and_repaired(fault: Fault, copy: str, postgresql_server: Server, tmp_path: Path) -> None:
    _skip_where_the_server_is_too_old(fault, postgresql_server)
    run_script(copy, fault.sql)
    report = _check(copy)
    subjects = [
        (f.code, f.subject.kind.value, f.subject.schema, f.subject.table, f.subject.name) for f in report.findings
    ]
    wanted = (fault.code, fault.kind, fault.schema, fault.table, fault.name)
    assert sorted(s for s in subjects if s[0] not in fault.also) == [wanted], told(report)
    assert sorted({s[0] for s in subjects} - {fault.code}) == sorted(fault.also), told(report)
    assert report.not_checked == ()

    before = as_read(report)
    with connected(copy) as connection:
        rows = read_rows(connection)
    plan = drift.plan(report, PlanOptions(allow_drop=True))
    if fault.unrepaired is not None:
        answered = {finding.code for finding in plan.answered}
        assert fault.code not in answered, "the catalogue says that this cannot be repaired"
        return
    revision = Revision(plan, copy, tmp_path / "project")
    if fault.stops is not None:
        with pytest.raises(RuntimeError, match="then run this again"):
            revision.upgrade()
        assert differences(before, as_read(_check(copy))) == []
        return
    revision.upgrade()
    assert told(_check(copy)) == [], revision.source
    with connected(copy) as connection:
        kept = read_rows(connection)
    losses = lost(rows, kept, **moved(report), changed_columns=frozenset(fault.data_changes))
    assert losses == [], revision.source
    revision.downgrade()
    if fault.no_downgrade is None:
        assert differences(before, as_read(_check(copy))) == [], revision.source


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.twin], ids=lambda f: f.id)
def test_another_spelling_is_quiet(fault: Fault, copy: str, postgresql_server: Server) -> None:
    _skip_where_the_server_is_too_old(fault, postgresql_server)
    run_script(copy, fault.twin or "")
    assert told(_check(copy)) == []


def test_the_published_table_is_this_catalogue() -> None:
    assert FILE.read_text(encoding="utf-8") == page(), "run: python -m tests.properties.coverage"
