"""What the migration scripts have to do with the findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from drift.findings import Finding, Outcome, SubjectKind
from drift.schema import MigrationState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from drift.pipeline.targets import Target
    from drift.sources.pending_operations import Change


def migration_states(target: Target, connection: Connection) -> tuple[MigrationState, ...]:
    """What each version table of the target says."""
    if target.project is None:
        return ()
    from drift.sources.alembic_project import migration_state

    return tuple(migration_state(target.project, environment, connection) for environment in target.environments)


def resolved_by_pending(
    outcomes: Iterable[Outcome], target: Target, migrations: tuple[MigrationState, ...], dialect: str
) -> tuple[tuple[Outcome, ...], tuple[str, ...]]:
    """Mark the findings that a pending revision resolves, and say how many that are.

    The pending revisions are read, not run: what one of them creates, drops, or alters is taken to be put right. A
    revision that runs SQL of its own or asks the database may resolve more.
    """
    outcomes = tuple(outcomes)
    pending = [revision for state in migrations for revision in state.pending]
    if not pending or target.project is None:
        return outcomes, ()
    from drift.sources.alembic_project import pending_scripts
    from drift.sources.pending_operations import record

    scripts = [script for state in migrations for script in pending_scripts(target.project, state)]
    recorded = record([script.script for script in scripts], dialect)
    marked = tuple(_marked(outcome, recorded.changes) for outcome in outcomes)
    findings = [o for o in marked if isinstance(o, Finding) and o.subject.kind is not SubjectKind.MIGRATION]
    resolved = [finding for finding in findings if finding.detail("resolved_by") is not None]
    revisions = "one revision" if len(pending) == 1 else f"{len(pending)} revisions"
    remark = f"the database is {revisions} behind head; `alembic upgrade head` resolves {len(resolved)} of the findings"
    if recorded.partial:
        remark += f" ({', '.join(recorded.partial)} could not be read to the end and may resolve more)"
    elif len(resolved) < len(findings):
        remark += f", {len(findings) - len(resolved)} need a new revision"
    return marked, (remark + ".",)


def _marked(outcome: Outcome, changes: tuple[Change, ...]) -> Outcome:
    if not isinstance(outcome, Finding):
        return outcome
    revision = next((change.revision for change in changes if _answers(change, outcome)), None)
    if revision is None:
        return outcome
    return replace(outcome, details=(*outcome.details, ("resolved_by", revision)))


_CONSTRAINTS = {
    SubjectKind.PRIMARY_KEY,
    SubjectKind.UNIQUE,
    SubjectKind.FOREIGN_KEY,
    SubjectKind.CHECK,
    SubjectKind.EXCLUSION,
}
_ACTIONS = {"1": ("create", "rename"), "2": ("drop",), "3": ("alter", "rename", "create", "drop")}


def _answers(change: Change, finding: Finding) -> bool:
    """Whether a change concerns what the finding is about, in the direction that it needs."""
    subject = finding.subject
    if change.action not in _ACTIONS[finding.code[2]]:
        return False
    if change.schema is not None and change.schema != subject.schema:
        return False
    if change.kind == "table":
        created_with_table = change.action == "create" and finding.code[2] == "1"
        whole = subject.kind in (SubjectKind.TABLE, SubjectKind.VERSION_TABLE) and subject.name == change.name
        return whole or (created_with_table and subject.table == change.name)
    if change.table != subject.table:
        return False
    if change.kind == "primary key":
        return subject.kind is SubjectKind.PRIMARY_KEY
    if change.kind == "column":
        return subject.kind is SubjectKind.COLUMN and subject.name == change.name
    if change.kind == "index":
        # A unique index answers a missing unique constraint.
        return subject.kind in (SubjectKind.INDEX, SubjectKind.UNIQUE) and subject.name == change.name
    return subject.kind in _CONSTRAINTS and subject.name == change.name
