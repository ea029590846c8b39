"""Mapped views."""

from __future__ import annotations

from collections.abc import Iterator

from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.plan import Change, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.schema import Table, TableKind


@handles("VW101")
def create_view(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A mapped view that is not there. Where the models do not hold its query, a person must write it."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.expected is None:
        context.refuse(finding, "the models do not name it")
        return
    view = pair.expected
    queries = Queries(context.quoting)
    if view.definition is None:
        message = f"{view.name} is mapped as a view, and the models do not hold its query: create it here."
        operations: tuple[own.Execute | own.Stub, ...] = (own.Stub(message),)
        safety, change = Safety.MANUAL, Change.MANUAL
    else:
        operations = (own.Execute(context.ddl.create_view(view)),)
        safety, change = Safety.SAFE, Change.ADD
    yield Step(
        f"create view {view.name}",
        Phase.VIEW,
        (finding,),
        operations,
        (own.Execute(_drop(context, view)),),
        change,
        safety=safety,
        done=queries.relation_exists(view.name),
        undone=queries.relation_missing(view.name),
    )


def _drop(context: PlanContext, view: Table) -> str:
    kind = "MATERIALIZED VIEW" if view.kind is TableKind.MATERIALIZED_VIEW else "VIEW"
    return f"DROP {kind} {context.quoting.qualified(view.name)}"


@handles("VW301")
def replace_view(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A view with another query."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.expected is None or pair.actual is None or pair.expected.definition is None:
        context.refuse(finding, "the models do not hold the view's query")
        return
    old, new = pair.actual, pair.expected
    yield Step(
        f"replace view {new.name}",
        Phase.VIEW,
        (finding,),
        (own.Execute(_drop(context, old)), own.Execute(context.ddl.create_view(new))),
        (own.Execute(_drop(context, new)), own.Execute(context.ddl.create_view(old))),
        Change.CHANGE,
        old.name,
        Lock.ACCESS_EXCLUSIVE,
        hazard="privileges on the view are lost; views that read it block the change",
    )
