"""From steps to the operations of a revision: guards, timeouts, comments, and what makes a rerun possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from drift.migration import operations as own
from drift.migration.dependents import with_dependents
from drift.migration.plan import Lock, Phase, Plan, Step

if TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation


_ROWS_DECIDE = "Rows decide whether this can run: stop before anything is changed."


def upgrade_operations(plan: Plan) -> Iterator[MigrateOperation]:
    """Operations of ``upgrade()``, in order."""
    plan = replace(plan, steps=tuple(with_dependents(plan.steps)))
    yield from _timeout(plan)
    last = _last(plan.steps, up=True)
    # Where a plan is split over revisions, those after the first find everything renamed.
    renames = any(step.phase is Phase.RENAME for step in plan.active)
    yield from _guards(plan, late=False, renames=renames)
    guarded = not renames
    for position, step in enumerate(plan.steps):
        if not guarded and step.phase > Phase.RENAME:
            guarded = True
            yield from _guards(plan, late=True, renames=renames)
        yield _up(step, rerun=position < last or not _transactional(plan))
    if not guarded:
        yield from _guards(plan, late=True, renames=renames)
    yield from _timeout_end(plan)


def downgrade_operations(plan: Plan) -> Iterator[MigrateOperation]:
    """Operations of ``downgrade()``, in order: the steps the other way round."""
    plan = replace(plan, steps=tuple(with_dependents(plan.steps)))
    yield from _timeout(plan)
    steps = plan.steps[::-1]
    guards = dict.fromkeys(guard for step in plan.active for guard in step.guards_down)
    if guards:
        stops = [own.StopIf.of(guard) for guard in guards]
        yield own.Block(stops, [_ROWS_DECIDE])
    last = _last(steps, up=False)
    for position, step in enumerate(steps):
        yield _down(step, rerun=position < last or not _transactional(plan))
    yield from _timeout_end(plan)


def _transactional(plan: Plan) -> bool:
    return plan.dialect == "postgresql"


def _last(steps: Sequence[Step], *, up: bool) -> int:
    """Position of the last step that commits: an interrupted run repeats everything before it."""
    commits = [
        i
        for i, step in enumerate(steps)
        if step.commented_out is None and (step.autocommit if up else step.autocommit_down)
    ]
    return commits[-1] if commits else -1


def _timeout(plan: Plan) -> Iterator[MigrateOperation]:
    settings = _settings(plan)
    if settings:
        statements = [own.Execute(f"SET {name} = '{value}'", f"RESET {name}") for name, value in settings]
        yield own.Block(
            statements, ["A step that cannot get its lock in time fails clean, and the revision can be run again."]
        )


def _timeout_end(plan: Plan) -> Iterator[MigrateOperation]:
    for name, value in _settings(plan):
        yield own.Execute(f"RESET {name}", f"SET {name} = '{value}'")


def _settings(plan: Plan) -> list[tuple[str, str]]:
    if plan.dialect != "postgresql" or not plan.active:
        return []
    given = (("lock_timeout", plan.options.lock_timeout), ("statement_timeout", plan.options.statement_timeout))
    return [(name, value.replace("'", "''")) for name, value in given if value is not None]


def _guards(plan: Plan, *, late: bool, renames: bool) -> Iterator[MigrateOperation]:
    """Guards: before the renames those that can be asked by the names of before, after them the others.

    Args:
        plan: The plan.
        late: The others are meant.
        renames: Whether the plan renames something.
    """
    known = plan.dialect == "postgresql"  # the names of before are known for PostgreSQL only
    guards = [guard for step in plan.active for guard in step.guards if (renames and (guard.late or not known)) is late]
    operations = [
        own.StopIf(guard.early or guard.query, guard.message, asked_if=guard.asked_if, sample=guard.sample)
        if renames or guard.early is None
        else own.StopIf.of(guard)
        for guard in dict.fromkeys(guards)
    ]
    if operations:
        yield own.Block(operations, [_ROWS_DECIDE])


def _heading(step: Step) -> list[str]:
    answers = ", ".join(dict.fromkeys(f"{finding.code} {finding.name}" for finding in step.findings))
    lines = [f"{answers}: {step.title}." if answers else f"{step.title}."]
    if step.lock is not Lock.NONE and step.table is not None:
        lines.append(f"Lock: {step.lock.value} on {step.table}, {step.hold.value}.")
    if step.hazard:
        lines.append(f"Hazard: {step.hazard}")
    if step.cost:
        lines.append(f"Today: {step.cost}")
    return lines


def _up(step: Step, *, rerun: bool) -> MigrateOperation:
    heading = _heading(step)
    if step.commented_out is not None:
        return own.CommentedOut(step.upgrade, [*heading, f"Not run: {step.commented_out}"])
    if rerun and step.done is not None and step.upgrade:
        return own.Unless(step.done, step.upgrade, heading)
    return own.Block(step.upgrade, heading)


def _down(step: Step, *, rerun: bool) -> MigrateOperation:
    if step.commented_out is not None:
        return own.CommentedOut(step.downgrade, [f"Takes back: {step.title}.", "Not run: the upgrade did not run it."])
    heading = [f"Takes back: {step.title}."] if step.downgrade else []
    if rerun and step.undone is not None and step.downgrade:
        return own.Unless(step.undone, step.downgrade, heading)
    return own.Block(step.downgrade, heading)
