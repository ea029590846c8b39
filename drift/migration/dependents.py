"""What rests on the things that a plan changes: taken down and put back exactly, or the change is refused by name.

The server says what rests on what, how it goes and how it comes back (``Schema.dependents``); here is only decided what
a change concerns. PostgreSQL alone knows such dependents.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from alembic.operations import ops

from drift.migration import operations as own
from drift.migration.plan import Step
from drift.schema import Dependent, Link, QualifiedName, Tie

if TYPE_CHECKING:
    from drift.migration.context import PlanContext


@dataclass(frozen=True, slots=True)
class Touched:
    """What a change concerns, by its name of today.

    Attributes:
        name: A relation or a type.
        column: A column of it; ``None`` for the whole.
        goes: It is dropped, for good or until a new one takes its place; otherwise it gets another type.
    """

    name: QualifiedName
    column: str | None = None
    goes: bool = False

    def is_meant_by(self, link: Link) -> bool:
        """Whether a dependent with that link cannot stay as it is."""
        if link.name != self.name:
            return False
        if link.tie is Tie.WHOLE_ROWS:
            # A whole row may lose a column; none of its columns may change its type.
            return not self.goes or self.column is None
        concerned = self.column is None if link.column is None else self.column in (None, link.column)
        return concerned and (self.goes or link.tie is Tie.IN_THE_WAY)


def heirs(context: PlanContext, table: QualifiedName) -> Iterator[QualifiedName]:
    """Partitions of a table, and tables that inherit from it: what is done to it is done to them."""
    for other in context.alignment.actual.tables:
        if other.partition_of == table or table in other.inherits:
            yield other.name
            yield from heirs(context, other.name)


def resting_on(context: PlanContext, touched: Iterable[Touched]) -> tuple[Dependent, ...]:
    """What rests on the things, and on views that rest on them: each after what it rests on itself."""
    pending, found = list(touched), dict[Dependent, None]()
    while pending:
        thing = pending.pop()
        for dependent in context.dependents_of.get(thing.name, ()):
            if dependent not in found and any(thing.is_meant_by(link) for link in dependent.links):
                found[dependent] = None
                if dependent.makes is not None:
                    pending.append(Touched(dependent.makes, goes=True))
    return _after_what_they_rest_on(found)


def _after_what_they_rest_on(dependents: Iterable[Dependent]) -> tuple[Dependent, ...]:
    """Each behind the views among them that it rests on."""
    given = list(dependents)
    makers = {one.makes: one for one in given if one.makes is not None}
    order = TopologicalSorter(
        {one: sorted({makers[link.name] for link in one.links if link.name in makers}, key=_label) for one in given}
    )
    return tuple(order.static_order())


def _label(dependent: Dependent) -> str:
    return dependent.label


def in_the_way(dependents: Sequence[Dependent], things: Iterable[Touched]) -> list[Dependent]:
    """Those that the server does not drop by itself together with the things, or with one another."""
    going = [*things, *(Touched(one.makes, goes=True) for one in dependents if one.makes is not None)]
    return [
        one
        for one in dependents
        if not any(
            link.tie is Tie.GOES_ALONG and link.name == thing.name and thing.column in (None, link.column)
            for link in one.links
            for thing in going
        )
    ]


def why_not(context: PlanContext, dependents: Iterable[Dependent]) -> str | None:
    """Why they cannot all be taken down and put back; ``None`` where they can."""
    fixed = [one.label for one in dependents if not one.up]
    if fixed:
        return f"it cannot be changed as long as this rests on it: {'; '.join(fixed)}"
    renamed = context.renamed
    stale = [one.label for one in dependents if any(_is_renamed(link, renamed) for link in one.links)]
    if stale:
        return (
            f"{'; '.join(stale)} must be taken down for it, and what it reads gets another name in the same plan: "
            "apply the renames first, then plan again"
        )
    return None


def _is_renamed(link: Link, renamed: frozenset[tuple[QualifiedName, str | None]]) -> bool:
    return (link.name, None) in renamed or (link.name, link.column) in renamed


def around(dependents: Sequence[Dependent], operations: Iterable[ops.MigrateOperation]) -> list[ops.MigrateOperation]:
    """The operations, with the dependents taken down before and put back after."""
    return [*taken_down(dependents), *operations, *put_back(dependents)]


def taken_down(dependents: Sequence[Dependent]) -> Iterator[ops.MigrateOperation]:
    """Who is there is remembered; the last one goes first."""
    names = _variables(dependents)
    for dependent in dependents:
        if dependent.present is not None:
            yield own.Remember(names[dependent], dependent.present)
    for dependent in reversed(dependents):
        if dependent.down is not None:
            yield own.IfRemembered(names[dependent], [own.Execute(dependent.down)])


def put_back(dependents: Sequence[Dependent]) -> Iterator[ops.MigrateOperation]:
    """What was there comes back, the first one first."""
    names = _variables(dependents)
    for dependent in dependents:
        if dependent.present is not None:
            yield own.IfRemembered(names[dependent], [own.Execute(statement) for statement in dependent.up])


def marks_kept(
    context: PlanContext, index: QualifiedName, new_name: str, operations: Iterable[ops.MigrateOperation]
) -> tuple[ops.MigrateOperation, ...]:
    """The operations that replace an index, after which it is again what it was to its table: its replica identity,
    what it is clustered on.

    Args:
        context: The plan's context.
        index: The index of today.
        new_name: What the one in its place is called.
        operations: They replace it.
    """
    resting = resting_on(context, [Touched(index, goes=True)])
    if why_not(context, resting) is not None:
        return tuple(operations)
    old, new = context.quoting.name(index.name), context.quoting.name(new_name)
    kept = [
        one if one.down is not None else replace(one, up=tuple(text.removesuffix(old) + new for text in one.up))
        for one in resting
    ]
    return tuple(around(kept, operations))


def back_again(dependents: Sequence[Dependent]) -> Iterator[ops.MigrateOperation]:
    """What went along with a thing for good, where the thing itself comes back."""
    for dependent in dependents:
        yield from (own.Execute(statement) for statement in dependent.up)


def _variables(dependents: Sequence[Dependent]) -> dict[Dependent, str]:
    """A Python name for each that says what it is."""
    names: dict[Dependent, str] = {}
    for dependent in dependents:
        name = "_".join(re.findall(r"[a-z0-9]+", dependent.label.lower())) or "dependent"
        taken = set(names.values())
        names[dependent] = next(n for n in _numbered(f"had_{name}") if n not in taken)
    return names


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1


def hazard_of(dependents: Iterable[Dependent]) -> str | None:
    """What a person should know; ``None`` where nothing rests there."""
    labels = [one.label for one in dependents]
    if not labels:
        return None
    text = f"taken down and put back around it, exactly as they are: {', '.join(labels)}"
    filled = [one.label for one in dependents if one.down is not None and one.down.startswith("DROP MATERIALIZED")]
    return f"{text}; {', '.join(filled)} must be filled again meanwhile" if filled else text


def with_dependents(steps: Sequence[Step]) -> list[Step]:
    """Steps that follow one another share what is taken down around them.

    Each by itself would put back a view whose columns do not fit together until the next step is done.
    """
    result = list(steps)
    begin = 0
    while begin < len(result):
        if not result[begin].around:
            begin += 1
            continue
        end = _last_of_the_run(result, begin)
        together = dict.fromkeys(one for step in result[begin : end + 1] for one in step.around)
        shared, first = _after_what_they_rest_on(together), result[begin]
        result[begin] = replace(
            first, upgrade=(*taken_down(shared), *first.upgrade), downgrade=(*first.downgrade, *put_back(shared))
        )
        last = result[end]
        result[end] = replace(
            last, upgrade=(*last.upgrade, *put_back(shared)), downgrade=(*taken_down(shared), *last.downgrade)
        )
        begin = end + 1
    return result


def _last_of_the_run(steps: Sequence[Step], begin: int) -> int:
    """The last step with dependents before a transaction ends, or before what may need one of them again."""
    end = begin
    for number in range(begin + 1, len(steps)):
        step = steps[number]
        if step.autocommit or step.autocommit_down or step.phase != steps[begin].phase:
            break
        if step.commented_out is not None or steps[begin].commented_out is not None:
            break
        if step.around:
            end = number
    return end
