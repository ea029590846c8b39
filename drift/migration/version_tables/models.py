"""Findings about the models themselves: nothing that a migration could do."""

from __future__ import annotations

from collections.abc import Iterator

from drift.findings import Finding
from drift.migration.context import PlanContext
from drift.migration.plan import Step
from drift.migration.registry import handles


@handles("VT351", "VT352", "VT353", "VT354", "VT355", "VT356", "VT357", "VT358", "VT359", "VT360", "VT361")
def change_models(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The way out is in the models."""
    context.refuse(finding, finding.note or "change the models; no database can satisfy them")
    yield from ()
