"""One set of versioned models in a process of its own, and cases run against it.

Continuum listens to every mapper and every session of its process, so each set of models gets a process. Inside it, a
database is built and filled once; each case works on a copy of it.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import textwrap
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "fixtures" / "continuum"


@dataclass(frozen=True)
class Outcome:
    """What happened to one case; plain values, so that it can cross processes.

    Attributes:
        found: Findings of the first check, as ``findings.json`` has them.
        told: The same for people, with what was not checked.
        source: The revision.
        plan: Titles of the plan's steps.
        again: Findings of the check after the repair.
        lost: Rows or values of history that are no longer there.
        work: Why the application failed after the repair; ``None`` when it worked.
        failure: What went wrong with the repair itself.
        back: Differences between the schema before the upgrade and after the downgrade.
    """

    found: list[dict[str, Any]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    source: str = ""
    plan: list[tuple[str, list[str]]] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    work: str | None = None
    failure: str | None = None
    back: list[str] = field(default_factory=list)


@contextmanager
def laboratory(models: str, url: str) -> Iterator[ProcessPoolExecutor]:
    """A process that has loaded ``fixtures/continuum/<models>.py`` and filled a database of ``url``'s server."""
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_open, initargs=(models, url))
    try:
        yield pool
    finally:
        pool.submit(_close).result()
        pool.shutdown()


class _Lab:
    """The child's state."""

    models: ModuleType
    url: str
    template: str
    number = 0


_lab = _Lab()


def _open(models: str, url: str) -> None:
    path = MODELS / f"{models}.py"
    specification = importlib.util.spec_from_file_location(models, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[models] = module
    specification.loader.exec_module(module)
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    _lab.models, _lab.url, _lab.template = module, url, f"drift_lab_{models}_{make_url(url).database}"
    _administer(f'DROP DATABASE IF EXISTS "{_lab.template}" WITH (FORCE)', f'CREATE DATABASE "{_lab.template}"')
    engine = _engine(_lab.template)
    with engine.begin() as connection:
        for statement in getattr(module, "BEFORE", ()):
            connection.execute(text(statement))
    module.Base.metadata.create_all(engine)
    with engine.begin() as connection:
        for statement in getattr(module, "AFTER", ()):
            connection.execute(text(statement))
    with Session(engine) as session:
        module.seed(session)


def _close() -> None:
    _administer(f'DROP DATABASE IF EXISTS "{_lab.template}" WITH (FORCE)')


def _administer(*statements: str) -> None:
    engine = create_engine(_lab.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))


def _engine(database: str) -> Engine:
    return create_engine(make_url(_lab.url).set(database=database), poolclass=NullPool)


@contextmanager
def _copy() -> Iterator[str]:
    """A copy of the filled database, as a URL."""
    _lab.number += 1
    name = f"{_lab.template}_{_lab.number}"
    _administer(f'CREATE DATABASE "{name}" TEMPLATE "{_lab.template}"')
    try:
        yield make_url(_lab.url).set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(f'DROP DATABASE "{name}" WITH (FORCE)')


def run_clean(way: str) -> Outcome:
    """A database that is as the models want it: no finding, and the application works.

    Args:
        way: How it came about: ``create_all``, or ``alembic`` for what its autogenerate writes into an empty database.
    """
    import drift
    from tests.repair import told

    with _copy() as url:
        if way == "alembic":
            _migrate(url)
        report = drift.check(_lab.models.Base, url, probe=True, directory=ROOT)
        return Outcome(_findings(report), told(report), work=_work(url))


def _migrate(url: str) -> None:
    """Empty the database and let Alembic fill it, with the text of its revision: it says less than the operations."""
    import sqlalchemy
    import sqlalchemy_continuum
    from alembic.autogenerate import produce_migrations, render_python_code
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    metadata = _lab.models.Base.metadata
    engine = create_engine(url, poolclass=NullPool)
    metadata.drop_all(engine)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection)
        script = produce_migrations(context, metadata)
        assert script.upgrade_ops is not None
        source = render_python_code(script.upgrade_ops, migration_context=context)
        names = {"sa": sqlalchemy, "sqlalchemy_continuum": sqlalchemy_continuum}
        if find_spec("sqlalchemy_utils") is not None:
            # Continuum's JSON type came from there before 1.5.1.
            names["sqlalchemy_utils"] = import_module("sqlalchemy_utils")
        lines = [line for line in source.splitlines() if not line.strip().startswith("#")]
        with Operations.context(context) as operations:
            code = "from sqlalchemy import String, Text\nfrom sqlalchemy.dialects import postgresql\n"
            exec(code + textwrap.dedent("\n".join(["    pass", *lines])), names | {"op": operations})
    with Session(engine) as session:
        _lab.models.seed(session)


def run_case(folder: str, scratch: str, roads: str = "auto") -> Outcome:
    """Drift, check, repair, check again; the way back and up again; then let the application work.

    Args:
        folder: The case.
        scratch: An empty folder for the revision.
        roads: Which roads the plan takes (``drift.migration.options.Roads``).
    """
    import drift
    from drift.migration import PlanOptions
    from drift.migration.options import Roads
    from tests.cases.rows import read_rows
    from tests.repair import Revision, connected, run_script, told

    case = Path(folder)
    options_file = case / "options.json"
    options = json.loads(options_file.read_text()) if options_file.exists() else {}
    wishes = {"schemas": options.get("schemas", ()), "probe": options.get("probe", False), "directory": ROOT}
    with _copy() as url:
        run_script(url, (case / "drift.sql").read_text())
        report = drift.check(_lab.models.Base, url, **wishes)
        outcome = Outcome(_findings(report), told(report))
        if options.get("repair") == "none":
            return outcome
        with connected(url) as connection:
            before = read_rows(connection)
        try:
            plan = drift.plan(report, PlanOptions(allow_drop=options.get("allow_drop", True), roads=Roads(roads)))
            steps = [(step.title, [finding.code for finding in step.findings]) for step in plan.steps]
            revision = Revision(plan, url, Path(scratch) / "way")
            revision.upgrade()
        except Exception:
            return Outcome(outcome.found, outcome.told, failure=traceback.format_exc(limit=-6))
        again = drift.check(_lab.models.Base, url, **wishes)
        with connected(url) as connection:
            after = read_rows(connection)
        lost = _lost(report, before, after, options)
        back: list[str] = []
        if not options.get("no_downgrade"):
            try:
                revision.downgrade()
                back = _difference(report, drift.check(_lab.models.Base, url, **wishes))
                revision.upgrade()
            except Exception:
                back = [traceback.format_exc(limit=-6)]
        return Outcome(
            outcome.found,
            outcome.told,
            revision.source,
            steps,
            [line for line in told(again) if "alembic_version" not in line],
            lost,
            _work(url),
            back=back,
        )


def _difference(before: Any, after: Any) -> list[str]:
    from tests.repair import as_read, differences

    def definition(report: Any) -> Any:
        # What probes counted says nothing about the schema.
        return replace(as_read(report), version_rows=(), transaction_numbers=())

    return differences(definition(before), definition(after))


def _findings(report: Any) -> list[dict[str, Any]]:
    return [
        {
            "code": finding.code,
            "severity": finding.severity.value,
            "subject": {
                "kind": finding.subject.kind.value,
                "schema": finding.subject.schema,
                "table": finding.subject.table,
                "name": finding.subject.name,
            },
            "expected": finding.expected,
            "actual": finding.actual,
        }
        for finding in report.findings
    ]


def _lost(report: Any, before: Any, after: Any, options: dict[str, Any]) -> list[str]:
    """Rows of any table that are no longer there, or that nobody announced.

    Options of a case: ``data_changes`` (``table.column`` whose values the repair computes), ``adds_rows`` (tables),
    ``copies`` (tables whose exact copies go), ``merged`` (half to whole), ``set_aside`` (old name to new name).
    """
    from tests.repair import moved

    moves = moved(report)
    changed = set(options.get("data_changes", ()))
    wanted: dict[tuple[str | None, str], list[tuple[str, Any]]] = {}
    for name, rows in before.items():
        home = moves["renamed_tables"].get(name, name)
        home = (home[0], {**options.get("merged", {}), **options.get("set_aside", {})}.get(home[1], home[1]))
        wanted.setdefault(home, []).append((name[1], rows))
    losses = []
    for home, sources in wanted.items():
        if home not in after:
            losses.append(f"table {home} has gone")
            continue
        for origin, rows in sources:
            losses += _compare(home, origin, rows, after[home], len(sources) > 1, moves, changed, options)
    return losses


def _compare(
    home: tuple[str | None, str],
    origin: str,
    old: Any,
    new: Any,
    part: bool,
    moves: dict[str, Any],
    changed: set[str],
    options: dict[str, Any],
) -> list[str]:
    pairs = [(column, moves["renamed_columns"].get((home[1], column), column)) for column in old.columns]
    kept = [(was, now) for was, now in pairs if now in new.columns and f"{home[1]}.{now}" not in changed]
    before, after = old.only(was for was, _ in kept), new.only(now for _, now in kept)
    if home[1] in options.get("copies", ()):
        before, after = type(before)(set(before)), type(after)(set(after))
    gone, come = before - after, after - before
    found = [f"{origin}: {gone} is gone"] if gone else []
    if come and not part and home[1] not in options.get("adds_rows", ()):
        found.append(f"{origin}: {come} came from nowhere")
    return found


def _work(url: str) -> str | None:
    """Let the application work; what it raises, or ``None``."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        with Session(engine) as session:
            _lab.models.work(session)
    except Exception:
        return traceback.format_exc(limit=-4)
    return None
