"""The repair of each finding as Alembic operations, for reports from which it can be copied."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent
from typing import TYPE_CHECKING

from drift.errors import DriftError
from drift.policy import Verdict

if TYPE_CHECKING:
    from drift.pipeline import Report


def with_scripts(verdict: Verdict, report: Report) -> Verdict:
    """The verdict with the body of ``upgrade()`` that answers each finding.

    A report must not fail because a repair cannot be planned; then the findings' own words stand there.
    """
    from drift.migration.options import PlanOptions
    from drift.migration.revision import styled
    from drift.pipeline import plan

    try:
        whole = styled(
            plan(report, PlanOptions(lock_timeout=None, statement_timeout=None)), report.comparison.environment
        )
    except DriftError:
        return verdict
    scripts: dict[str, list[str]] = {}
    for step in whole.steps:
        text = dedent("    " + replace(whole, steps=(step,)).render().upgrade).strip()
        for finding in step.findings:
            scripts.setdefault(finding.fingerprint, []).append(text)
    return replace(verdict, scripts=tuple((key, "\n\n".join(texts)) for key, texts in scripts.items()))
