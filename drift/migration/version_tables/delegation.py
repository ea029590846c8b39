"""Version tables are tables: where a general handler does the same work, it does it for a VT finding as well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drift.findings import Finding
from drift.migration.context import PlanContext
from drift.migration.plan import Step
from drift.migration.registry import handler_for


def delegate(code: str, finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The steps of the handler for ``code``, answering ``finding``."""
    handler = handler_for(code)
    assert handler is not None, code
    stand_in = replace(finding, code=code)
    before = len(context.refused)
    for step in handler(stand_in, context):
        yield replace(step, findings=tuple(finding if one == stand_in else one for one in step.findings))
    context.refused[before:] = [
        (finding if one == stand_in else one, reason) for one, reason in context.refused[before:]
    ]


def allowed(step: Step) -> Step:
    """A drop that loses nothing but a restriction: real without ``--allow-drop``, because every write fails with it."""
    return replace(step, commented_out=None)
