"""The functions of the package: ``drift.check`` and ``drift.plan``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drift.pipeline.deadline import within
from drift.pipeline.inputs import Inputs
from drift.pipeline.report import Report
from drift.pipeline.run import run_check
from drift.policy import Config

if TYPE_CHECKING:
    from drift.migration import Plan, PlanOptions


def check(
    models: Any,
    database: Any,
    responses: Sequence[Any] = (),
    config: Config | None = None,
    *,
    schemas: Sequence[str] = (),
    probe: bool = False,
    allow_empty: bool = False,
    directory: Path | str | None = None,
) -> Report:
    """Compare models with a database. Reads no configuration file and no environment.

    Args:
        models: ``"app.models:Base"``, a base class, a ``MetaData``, a registry, or a list of those.
        database: A URL, an ``Engine``, a ``Connection``, or the path of a snapshot.
        responses: Modules, FastAPI apps or Pydantic classes whose response schemas are compared, too.
        config: The team's policy; by default every check, failing on warnings, within five minutes.
        schemas: Database schemas to compare; by default those that the models use.
        probe: Also look at rows: bounded, read-only.
        allow_empty: The database may hold none of the tables.
        directory: Where modules are imported from; by default the working directory.

    Returns:
        The report. ``report.in_sync`` is the short answer.

    Raises:
        drift.errors.DriftError: The check could not happen.
    """
    config = config or Config()
    inputs = Inputs(
        models=tuple(models) if isinstance(models, list | tuple) else (models,),
        database=database,
        origin="the argument 'database'",
        responses=tuple(responses) if isinstance(responses, list | tuple) else (responses,),
        directory=Path(directory) if directory is not None else Path.cwd(),
        schemas=tuple(schemas),
        config=config,
        probe=probe,
        allow_empty=allow_empty,
    )
    with within(config.timeout):
        return run_check(inputs)


def plan(report: Report, options: PlanOptions | None = None) -> Plan:
    """The ordered steps that repair what a report found. Drops stay comments unless ``options.allow_drop``.

    Raises:
        drift.errors.DriftError: The report spans several databases; a plan is for one.
    """
    from drift.errors import DriftError
    from drift.migration import build_plan
    from drift.migration.revision import styled

    if len(report.comparisons) > 1:
        raise DriftError(
            "the project has several databases; a plan is for one",
            help=("Name one of them: --database-url, with --models.",),
        )
    comparison = report.comparison
    made = build_plan(comparison.alignment, report.findings, natives=comparison.natives, options=options)
    return styled(made, comparison.environment)
