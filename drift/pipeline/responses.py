"""Response and request schemas in a check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drift.findings import Outcome
from drift.schema import Schema

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from drift.alignment.observations import Observations
    from drift.pipeline.inputs import Inputs
    from drift.pipeline.targets import Target


def check_responses(
    target: Target, expected: Schema, actual: Schema, connection: Connection | None
) -> tuple[tuple[Outcome, ...], int]:
    """Observe the schemas, look for offending rows where a connection is given, and judge.

    See :meth:`Target.check_responses`.
    """
    from drift.checks.requests import check_requests
    from drift.checks.responses import check_responses as judge_responses
    from drift.checks.responses import row_questions
    from drift.sources.responses import ObserveOptions, observe
    from drift.sources.responses.evidence import look

    options = ObserveOptions(
        dialect=actual.dialect,
        driver=target.driver,
        actual=actual,
        schema_translate_map=target.schema_translate_map,
        pairs=dict(target.response_pairs),
        recorded=_recorded(target.directory),
    )
    observations = observe(target.responses, target.models, options=options)
    answers = None
    if connection is not None:
        answers = look(connection, row_questions(observations, expected, actual), actual)
    outcomes = (
        *judge_responses(observations, expected, actual, answers),
        *check_requests(observations, expected, actual),
    )
    return outcomes, observations.fields


def observe_pairs(inputs: Inputs) -> Observations:
    """Which schema reads which class, without a database.

    Raises:
        DriftError: The models or the schemas cannot be loaded.
    """
    from drift.pipeline.targets import resolve_models
    from drift.sources.responses import ObserveOptions, observe

    models = resolve_models(inputs).models
    options = ObserveOptions(pairs=dict(inputs.config.response_pairs), recorded=_recorded(inputs.directory))
    return observe(inputs.responses, models, options=options)


def _recorded(directory: Path) -> tuple[tuple[str, str], ...]:
    """Pairs that the project's test suite recorded, where it did."""
    from drift.sources.responses.recorder import FILE, read

    return read(directory / FILE) if (directory / FILE).is_file() else ()
