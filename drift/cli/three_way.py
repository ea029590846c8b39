"""Models, migration scripts, database: which of the three is out of step."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drift.cli.scratch import Scripts, migrated_database, server_for
from drift.errors import DriftError
from drift.findings import Finding, Subject, SubjectKind
from drift.policy import Config
from drift.policy.order import describe
from drift.schema import QualifiedName

if TYPE_CHECKING:
    from sqlalchemy import URL

    from drift.pipeline import Comparison, Inputs, Report
    from drift.pipeline.difference import Side

MISSING = "as the database: no revision makes this change"
NOT_UPGRADED = "as the models, and as the database at its own revision: not upgraded yet"
BY_HAND = "as the models: the database was changed by hand"
UNKNOWN = "as the models; the database is at a revision that the scripts do not have"
_APART = (SubjectKind.MIGRATION, SubjectKind.RESPONSE_FIELD, SubjectKind.REQUEST_FIELD)

Place = tuple[str | None, str | None, str]


@dataclass(frozen=True, slots=True)
class _Third:
    """What the scripts say about one database.

    Attributes:
        tables: The tables that it is about.
        unscripted: What the models have and no script makes, by fingerprint.
        pending: Whether the database is behind the scripts.
        unknown: Whether it is at a revision that the scripts do not have, so that nobody can say what was done by hand.
        by_hand: Where the database differs from what the scripts make of it at its own revision.
        tables_by_hand: Tables that it has or lacks as a whole, unlike what they make of it.
    """

    tables: frozenset[QualifiedName]
    unscripted: dict[str, Finding]
    pending: bool
    unknown: bool
    by_hand: frozenset[Place]
    tables_by_hand: frozenset[QualifiedName]

    def judge(self, finding: Finding) -> str:
        """Which side is out of step."""
        if finding.fingerprint in self.unscripted:
            return MISSING
        if self.unknown:
            return UNKNOWN
        changed = _place(finding) in self.by_hand or _table(finding.subject) in self.tables_by_hand
        return NOT_UPGRADED if self.pending and not changed else BY_HAND


def with_scripts(report: Report, inputs: Inputs) -> Report:
    """The report with each finding's third side: what the migration scripts make on a scratch database.

    A change that the models and the database share and no script makes was applied by hand; it is no finding, but a
    note says so.

    Raises:
        DriftError: There are no scripts, or no scratch database, or a script fails there.
    """
    thirds = [_third(comparison, inputs) for comparison in report.comparisons]

    def judged(finding: Finding) -> Finding:
        if finding.subject.kind in _APART:
            return finding
        name = _table(finding.subject)
        third = next((third for third in thirds if name in third.tables), thirds[0])
        return replace(finding, details=(*finding.details, ("scripts", third.judge(finding))))

    verdict = report.verdict
    known = {finding.fingerprint for finding in (*verdict.findings, *verdict.accepted, *verdict.ignored)}
    applied = [finding for third in thirds for key, finding in third.unscripted.items() if key not in known]
    notes = (*verdict.notes, *_remarks(applied))
    return replace(report, verdict=replace(verdict, findings=tuple(map(judged, verdict.findings)), notes=notes))


def _third(comparison: Comparison, inputs: Inputs) -> _Third:
    from drift.pipeline.difference import schema_side

    if comparison.project is None:
        raise DriftError(
            "there are no migration scripts here",
            place=str(inputs.directory),
            help=("run drift in an Alembic project, or name alembic.ini: --config",),
        )
    expected, actual = comparison.alignment.expected, comparison.alignment.actual
    scripts = Scripts(comparison.project, comparison.environment)
    plain = replace(inputs, config=replace(Config(), scratch_url=inputs.config.scratch_url), baseline=None)
    models = schema_side(expected, "models", comparison.target)
    states = comparison.migrations
    current = tuple(name for state in states for name in state.current if name not in state.unknown)
    pending = any(state.pending for state in states)
    unknown = any(state.unknown for state in states)
    own: tuple[Finding, ...] = ()
    with server_for(plain, scripts, actual.dialect) as server:
        with migrated_database(plain, scripts, server) as url:
            head = _differences(models, url, actual.default_schema, plain)
        if pending and not unknown:
            with migrated_database(plain, scripts, server, current or "base") as url:
                own = _differences(schema_side(actual), url, actual.default_schema, plain)
    return _Third(
        frozenset(table.name for schema in (expected, actual) for table in schema.tables),
        {finding.fingerprint: finding for finding in head},
        pending,
        unknown,
        frozenset(map(_place, own)),
        frozenset(_table(finding.subject) for finding in own if finding.subject.kind is SubjectKind.TABLE),
    )


def _differences(side: Side, scratch: URL, home: str | None, inputs: Inputs) -> tuple[Finding, ...]:
    """Where what the scripts made differs from a side, told as if it lay in the live database's default schema."""
    from drift.pipeline.difference import compare_sides, database_side

    with ExitStack() as stack:
        made = stack.enter_context(database_side(scratch, "migrations:", "scripts")())
        own = made.info.default_schema if made.info is not None else None
        found = compare_sides(side, lambda: nullcontext(made), inputs).findings

    def at_home(finding: Finding) -> Finding:
        subject = finding.subject
        return replace(finding, subject=replace(subject, schema=home)) if subject.schema == own else finding

    return tuple(map(at_home, found))


def _remarks(applied: list[Finding]) -> Iterable[str]:
    if applied:
        names = ", ".join(f"{finding.code} {describe(finding.subject)}" for finding in applied[:8])
        more = f" and {len(applied) - 8} more" if len(applied) > 8 else ""
        yield f"applied by hand, no revision makes it: {names}{more}"


def _table(subject: Subject) -> QualifiedName:
    return QualifiedName(subject.schema, subject.table or subject.name)


def _place(finding: Finding) -> Place:
    return finding.subject.schema, finding.subject.table, finding.subject.name
