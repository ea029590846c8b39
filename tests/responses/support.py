"""From models, schemas, and a live database to outcomes, without the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from drift.alignment.observations import Observations
from drift.checks.requests import check_requests
from drift.checks.responses import check_responses, row_questions
from drift.dialects import Scope, dialect_for
from drift.findings import Finding, NotChecked, Outcome
from drift.schema import Schema
from drift.sources.models import expect, load
from drift.sources.models.loaded import ExpectOptions
from drift.sources.responses import ObserveOptions, observe
from drift.sources.responses.evidence import look


@dataclass(frozen=True)
class Checked:
    """What one run said."""

    observations: Observations
    outcomes: tuple[Outcome, ...]
    expected: Schema
    actual: Schema

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(outcome for outcome in self.outcomes if isinstance(outcome, Finding))

    @property
    def not_checked(self) -> tuple[NotChecked, ...]:
        return tuple(outcome for outcome in self.outcomes if isinstance(outcome, NotChecked))

    def told(self) -> list[tuple[str, str, str]]:
        """(code, severity, subject) of every finding, sorted."""
        return sorted((f.code, f.severity.value, f.subject.name) for f in self.findings)


def run(
    base: Any,
    references: Sequence[object],
    url: str,
    *,
    directory: Path | None = None,
    script: str | None = None,
    probe: bool = False,
    **options: Any,
) -> Checked:
    """Check ``references`` against ``url``; without a script the database is made from the models.

    ``base`` is a declarative base, or a list of them.
    """
    engine = create_engine(url, poolclass=NullPool)
    bases = base if isinstance(base, list) else [base]
    if script is None:
        for each in bases:
            each.metadata.create_all(engine)
    else:
        with engine.begin() as connection:
            connection.exec_driver_sql(script.replace("%", "%%"))
    dialect = dialect_for(engine.dialect.name)
    models = load(bases, directory=directory or Path.cwd())
    with dialect.read_only(engine) as connection:
        info = dialect.info(connection)
        translate = options.get("schema_translate_map", {})
        expected = expect(models, dialect, info, ExpectOptions(schema_translate_map=translate))
        actual = dialect.read(connection, Scope(schemas=tuple(expected.schemas)))
        observations = observe(
            references, models, options=ObserveOptions(dialect=info.dialect, actual=actual, **options)
        )
        answers = look(connection, row_questions(observations, expected, actual), actual) if probe else None
    outcomes = (
        *check_responses(observations, expected, actual, answers),
        *check_requests(observations, expected, actual),
    )
    return Checked(observations, outcomes, expected, actual)
