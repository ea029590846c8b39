"""Models, migration scripts, database: which of the three is out of step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drift.cli.scratch import migrated_database
from drift.findings import Finding, SubjectKind
from drift.policy import Config
from drift.policy.order import describe

if TYPE_CHECKING:
    from drift.pipeline import Inputs, Report

MISSING = "as the database: no revision makes this change"
NOT_UPGRADED = "as the models, and as the database at its own revision: not upgraded yet"
BY_HAND = "as the models: the database was changed by hand"
_APART = (SubjectKind.MIGRATION, SubjectKind.RESPONSE_FIELD, SubjectKind.REQUEST_FIELD)


def with_scripts(report: Report, inputs: Inputs) -> Report:
    """The report with each finding's third side: what the migration scripts make on a scratch database.

    A change that the models and the database share and no script makes was applied by hand; it is no finding, but a
    note says so.

    Raises:
        DriftError: There are no scripts, or no scratch database, or a script fails there.
    """
    from drift.pipeline.difference import compare_sides, database_side, models_side, schema_side

    actual = report.alignment.actual
    plain = replace(inputs, config=Config(), baseline=None)
    with migrated_database(inputs, dialect=actual.dialect) as url:
        head = compare_sides(models_side(plain), database_side(url, "migrations:", "scripts"), plain)
    unscripted = {finding.fingerprint: finding for finding in head.findings}
    by_hand: set[tuple[str | None, str | None, str]] = set()
    behind = [name for state in report.comparison.migrations if state.pending for name in state.current]
    is_behind = any(state.pending for state in report.comparison.migrations)
    if is_behind:
        at = behind[0] if behind else "base"
        with migrated_database(inputs, at, actual.dialect) as url:
            own = compare_sides(database_side(url, "migrations:", "scripts"), schema_side(actual), plain)
        by_hand = {_place(finding) for finding in own.findings}

    def judged(finding: Finding) -> Finding:
        if finding.subject.kind in _APART:
            return finding
        if finding.fingerprint in unscripted:
            return _with(finding, MISSING)
        if is_behind and _place(finding) not in by_hand:
            return _with(finding, NOT_UPGRADED)
        return _with(finding, BY_HAND)

    known = {
        finding.fingerprint for finding in (*report.verdict.findings, *report.verdict.accepted, *report.verdict.ignored)
    }
    applied = [finding for key, finding in unscripted.items() if key not in known]
    notes = report.verdict.notes
    if applied:
        names = ", ".join(f"{finding.code} {describe(finding.subject)}" for finding in applied[:8])
        more = f" and {len(applied) - 8} more" if len(applied) > 8 else ""
        notes = (*notes, f"applied by hand, no revision makes it: {names}{more}")
    verdict = replace(report.verdict, findings=tuple(map(judged, report.verdict.findings)), notes=notes)
    return replace(report, verdict=verdict)


def _place(finding: Finding) -> tuple[str | None, str | None, str]:
    return finding.subject.schema, finding.subject.table, finding.subject.name


def _with(finding: Finding, scripts: str) -> Finding:
    return replace(finding, details=(*finding.details, ("scripts", scripts)))
