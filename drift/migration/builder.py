"""From findings to a plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from drift.alignment import Alignment
from drift.checks.wording import CORRECT_THE_MODELS
from drift.findings import Finding, Subject, SubjectKind
from drift.migration.consequences import consequences
from drift.migration.context import NativeObjects, NoNatives, PlanContext
from drift.migration.definitions import by_definition, definition_steps
from drift.migration.early_guards import ask_early
from drift.migration.fingerprint import schema_fingerprint
from drift.migration.handlers.loose_keys import loose_key_steps, loose_keys
from drift.migration.handlers.schemas import missing_schemas
from drift.migration.options import PlanOptions
from drift.migration.order import in_order
from drift.migration.plan import Lock, Plan, Step
from drift.migration.registry import handler_for
from drift.migration.version_tables.twins import join_twins

PRIORITY = ("TB303", "TB302", "TB101", "CO308", "CO301", "EN", "PK", "UQ101")
"""Handlers that answer other findings on the way run before the others."""

NOT_REPAIRABLE = {
    "MG": "run or stamp the project's own migrations; a new revision cannot do that",
    "RS": "change the response schema or the model; the database is as the models say",
    "RQ": "change the request schema or the model; the database is as the models say",
}


def build_plan(
    alignment: Alignment,
    findings: Iterable[Finding],
    *,
    natives: NativeObjects | None = None,
    options: PlanOptions | None = None,
) -> Plan:
    """The ordered steps that make the database as the models expect it, and the way back.

    Args:
        alignment: Both sides, paired and settled.
        findings: What to repair; what the team's policy ignores is not among them.
        natives: The user's own SQLAlchemy objects, so that custom types render as the project's autogenerate does.
        options: What the plan may do.

    Returns:
        The plan. Findings that no migration can answer are listed in ``unanswered`` with the reason.
    """
    options = options or PlanOptions()
    given = sorted(dict.fromkeys(findings), key=_priority)
    wanted = [finding for finding in given if not only_in_models(finding)]
    context = PlanContext(alignment, wanted, natives or NoNatives(), options)
    for finding in given:
        if only_in_models(finding):
            context.refuse(finding, f"only the models can be corrected: {_way_out(finding)}")
    steps: list[Step] = []
    if context.is_postgresql:
        context.loose_keys = loose_keys(context)
    else:
        defined = [finding for finding in wanted if by_definition(finding) and repairable(finding)]
        steps.extend(definition_steps(defined, context))
        wanted = [finding for finding in wanted if finding not in defined]
    drifted: dict[Subject, list[str]] = {}
    for finding in filter(repairable, given):
        drifted.setdefault(finding.subject, []).append(finding.code)
    for finding in wanted:
        if (finding.code, finding.subject) in context.claimed:
            continue
        handler = handler_for(finding.code)
        if handler is None:
            context.refuse(finding, _why_not(finding, drifted))
            continue
        steps.extend(handler(finding, context))
    if context.is_postgresql:
        steps.extend(consequences(wanted, context))
        steps.extend(loose_key_steps(context))
        steps.extend(missing_schemas(steps, context))
        steps = [ask_early(step, context) for step in steps]
    else:
        steps = [_in_other_words(step, context.default_schema) for step in steps]
    if alignment.expected.version_tables:
        steps = join_twins(steps, context)
    return Plan(
        tuple(in_order(steps)),
        tuple(context.refused),
        alignment.actual.dialect,
        alignment.actual.server,
        schema_fingerprint(alignment.actual),
        options,
    )


def repairable(finding: Finding) -> bool:
    """Whether a migration can answer the finding at all."""
    return finding.code[:2] not in NOT_REPAIRABLE and not only_in_models(finding)


def _why_not(finding: Finding, drifted: Mapping[Subject, list[str]]) -> str:
    """Why no step is for a finding: nothing can be done, or the repair of its column is what there is to do."""
    subject, columns = finding.subject, finding.detail("columns")
    for column in columns if isinstance(columns, tuple) else ():
        codes = drifted.get(Subject(SubjectKind.COLUMN, subject.schema, subject.table, column))
        if codes:
            return f"the column itself has drifted ({', '.join(codes)}): repair it, then check again"
    return NOT_REPAIRABLE.get(finding.code[:2], "there is nothing that a migration could do")


def only_in_models(finding: Finding) -> bool:
    """Whether the models say what no database can have."""
    return finding.repair is not None and finding.repair.kind == CORRECT_THE_MODELS


def _way_out(finding: Finding) -> str:
    return "; ".join(finding.repair.steps) if finding.repair is not None else ""


def _priority(finding: Finding) -> tuple[int, str, str, str, str]:
    place = next((i for i, prefix in enumerate(PRIORITY) if finding.code.startswith(prefix)), len(PRIORITY))
    subject = finding.subject
    return place, subject.schema or "", subject.table or "", subject.name, finding.code


def _in_other_words(step: Step, schema: str | None) -> Step:
    """PostgreSQL's names of locks mean nothing elsewhere, and neither does the one schema that there is."""
    prefix = re.compile(rf"\b{re.escape(schema)}\.(?=\S)") if schema else None

    def plain(text: str) -> str:
        return prefix.sub("", text) if prefix is not None else text

    guards = tuple(replace(guard, message=plain(guard.message)) for guard in step.guards)
    return replace(step, title=plain(step.title), guards=guards, lock=Lock.NONE)
