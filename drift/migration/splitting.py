"""One plan as a chain of revisions that are applied over several deploys: ``drift revision --split``.

Rename: names that code uses; it can run with one of them only, so this goes with its deploy. Expand: what code of
before does not notice. Backfill: rows. Contract: what code of before, or a row, could break.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from drift.errors import DriftError
from drift.findings import Finding, Safety, Subject
from drift.migration.plan import Change, Hold, Lock, Part, Phase, Plan, Step
from drift.schema import QualifiedName

WHEN = {
    Part.RENAME: "apply it together with the code that knows the new names",
    Part.EXPAND: "apply it while the code of before is running",
    Part.BACKFILL: "apply it when every running process writes what the expand revision added",
    Part.CONTRACT: "apply it when no code of before is running any more",
}
"""When each revision of a chain may be applied."""

_ALWAYS = {
    Phase.RENAME: Part.RENAME,
    Phase.BACKFILL: Part.BACKFILL,
    Phase.NOT_NULL: Part.CONTRACT,
    Phase.COMMENT: Part.CONTRACT,
    Phase.DROP: Part.CONTRACT,
}
_TIGHTENING = frozenset({Phase.KEY, Phase.CHECK, Phase.FOREIGN_KEY})


@dataclass(frozen=True, slots=True)
class Link:
    """One revision of a chain.

    Attributes:
        part: Which one.
        plan: What it does.
        number: Its place in the chain, from 1.
        of: How many there are.
        claims: Findings that are gone when it has run.
        between: What it leaves there for a later revision: the table, and the name of a column, constraint or index.
        waiting: Findings that it or an earlier revision has begun to answer and that a later one ends.
    """

    part: Part
    plan: Plan
    number: int
    of: int
    claims: tuple[Finding, ...]
    between: tuple[tuple[QualifiedName, str], ...]
    waiting: tuple[Finding, ...]

    @property
    def heading(self) -> str:
        """For the docstring and for people."""
        return f"Part {self.number} of {self.of}, {self.part.value}: {WHEN[self.part]}."

    @property
    def until_later(self) -> tuple[str, ...]:
        """Places at which drift is to be expected until a later revision of the chain has run."""
        between = [".".join(part for part in (table.schema, table.name, name) if part) for table, name in self.between]
        return tuple(dict.fromkeys([*between, *(place_of(finding) for finding in self.waiting)]))


def place_of(finding: Finding) -> str:
    """Where a finding is, in one word."""
    subject = finding.subject
    parts = [subject.schema, subject.table, subject.name if subject.name != subject.table else None]
    return ".".join(part for part in parts if part)


def split(plan: Plan) -> tuple[Link, ...]:
    """The revisions of the chain, in order; parts with nothing to do are left out.

    Args:
        plan: The whole repair.

    Raises:
        DriftError: The database cannot change a table in parts.
    """
    if plan.dialect != "postgresql":
        raise DriftError(
            f"a migration for {plan.dialect} is one revision",
            details=("its tables are changed by one statement or by a copy of the table, which has no parts",),
            help=("Leave out --split.",),
        )
    sorted_steps = list(_in_parts(plan))
    used = [part for part in Part if any(of is part and _counts(step) for of, step in sorted_steps)]
    links = []
    for number, part in enumerate(used, start=1):
        steps = tuple(step for of, step in sorted_steps if of is part)
        later = [step for of, step in sorted_steps if of in used[number:] and _counts(step)]
        so_far = [step for of, step in sorted_steps if of in used[:number] and _counts(step)]
        open_findings = {finding for step in later for finding in step.findings}
        begun = dict.fromkeys(finding for step in so_far for finding in step.findings)
        here = dict.fromkeys(finding for step in steps if _counts(step) for finding in step.findings)
        ended_later = {name for step in later if step.part is Part.CONTRACT for name in step.between}
        links.append(
            Link(
                part,
                replace(plan, steps=steps, unanswered=plan.unanswered if number == len(used) else ()),
                number,
                len(used),
                tuple(finding for finding in here if finding not in open_findings),
                tuple(dict.fromkeys(n for step in so_far for n in step.between if n in ended_later)),
                tuple(finding for finding in begun if finding in open_findings),
            )
        )
    return tuple(links)


def _counts(step: Step) -> bool:
    return step.commented_out is None


def _in_parts(plan: Plan) -> Iterator[tuple[Part, Step]]:
    """Every step with its part; one that has parts itself as these. Steps left as comments go last."""
    new_tables = frozenset(
        step.table for step in plan.active if step.phase is Phase.TABLE and step.change is Change.ADD
    )
    swapped = [step for step in plan.active if step.parts]
    subjects = frozenset(finding.subject for step in swapped for finding in step.findings)
    tables = frozenset(step.table for step in swapped)
    needs_keys = any(step.phase is Phase.KEY and step.table not in new_tables for step in plan.active)
    for step in plan.steps:
        if step.commented_out is not None:
            yield Part.CONTRACT, step
        elif step.parts:
            yield from ((inner.part or Part.CONTRACT, inner) for inner in step.parts)
        else:
            yield _part(step, new_tables, needs_keys, (subjects, tables)), step


def _part(
    step: Step,
    new_tables: frozenset[QualifiedName | None],
    needs_keys: bool,
    swapped: tuple[frozenset[Subject], frozenset[QualifiedName | None]],
) -> Part:
    """When a step may run: what loosens comes first, what tightens comes last."""
    if step.part is not None:
        return step.part
    if step.phase in _ALWAYS:
        return _ALWAYS[step.phase]
    new = step.table in new_tables
    if new and (step.phase is not Phase.FOREIGN_KEY or not needs_keys):
        return Part.EXPAND
    # What is built on a column before its contract would go with the old column.
    subjects, tables = swapped
    on_swapped = step.phase > Phase.ALTER and step.table in tables
    if on_swapped or any(finding.subject in subjects for finding in step.findings):
        return Part.CONTRACT
    if step.phase in _TIGHTENING or (step.phase is Phase.VIEW and step.change is not Change.ADD):
        return Part.CONTRACT
    if step.phase is Phase.COLUMN:
        return Part.EXPAND
    # What rows can refuse, or what makes others wait, is nothing that the code of before would not notice.
    waits = step.lock is not Lock.NONE and step.hold is Hold.REWRITE
    return Part.CONTRACT if step.guards or waits or step.safety is not Safety.SAFE else Part.EXPAND
