"""What a check hands back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drift.alignment import Alignment
from drift.findings import Finding, NotChecked
from drift.policy import Verdict
from drift.schema import MigrationState

if TYPE_CHECKING:
    from drift.dialects.postgresql.privileges import Receipt
    from drift.pipeline.targets import Target
    from drift.sources.alembic_project import AlembicProject, CapturedEnvironment
    from drift.sources.models import Natives


@dataclass(frozen=True, slots=True)
class Comparison:
    """One database compared with its models: what a plan is made from.

    Attributes:
        alignment: Both sides, paired and settled.
        target: The database with its models, filters, and migration scripts.
        native_source: Makes :attr:`natives`, which only a plan needs.
        migrations: What the version tables say.
        receipt: What the check did to the server, where that was asked for.
    """

    alignment: Alignment
    target: Target
    native_source: Callable[[], Natives]
    migrations: tuple[MigrationState, ...] = ()
    receipt: Receipt | None = None

    @property
    def natives(self) -> Natives:
        """SQLAlchemy's own objects behind the expected side."""
        return self.native_source()

    @property
    def environment(self) -> CapturedEnvironment | None:
        """The project's Alembic environment."""
        return self.target.environment

    @property
    def project(self) -> AlembicProject | None:
        """The project's Alembic scripts."""
        return self.target.project


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check.

    Attributes:
        verdict: What remains after the team's policy, with everything the reports show.
        comparisons: One for each database; more than one only in a project whose ``env.py`` names several.
    """

    verdict: Verdict
    comparisons: tuple[Comparison, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What differs, without what policy or baseline left out."""
        return self.verdict.findings

    @property
    def not_checked(self) -> tuple[NotChecked, ...]:
        """What could not be checked, with reasons."""
        return self.verdict.not_checked

    @property
    def in_sync(self) -> bool:
        """No findings, and nothing that was not checked."""
        return not self.findings and not self.not_checked

    @property
    def comparison(self) -> Comparison:
        """The first comparison; the only one unless a project has several databases."""
        return self.comparisons[0]

    @property
    def alignment(self) -> Alignment:
        """The first comparison's alignment."""
        return self.comparison.alignment

    def to_json(self) -> str:
        """The report as a JSON document, version 1 (``docs/json.md``)."""
        from drift.reports import render

        return render(self.verdict, "json")
