"""Keys, constraints and indexes of version tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drift.findings import Finding, Safety, Severity
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.handlers.messages import drop_reason
from drift.migration.plan import Change, Guard, Lock, Phase, Step
from drift.migration.registry import handles
from drift.migration.version_tables.delegation import allowed, delegate
from drift.migration.version_tables.history import History, history_of


@handles("VT111", "VT304")
def repair_key(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The right key; exact copies of a row go first, rows that contradict each other stop the migration."""
    history = history_of(finding, context)
    steps = list(delegate("PK101" if finding.code == "VT111" else "PK301", finding, context))
    if history is None or not context.is_postgresql:
        yield from steps
        return
    surrogate = _names(finding, "surrogate")
    narrower = finding.code == "VT304" and set(_names(finding, "columns")) <= {
        *history.key,
        history.facts.transaction_column,
    }
    if narrower:
        # The present key is part of the right one, so that no copies can be there.
        yield from (replace(step, guards=()) for step in steps)
    else:
        guard = Guard(
            history.has_conflicts(surrogate),
            f"{history.name} holds versions with the same key and different contents: say which of them is right, "
            "remove the other, then run this again.",
        )
        yield Step(
            f"remove exact copies of versions from {history.name}",
            Phase.KEY,
            (finding,),
            (own.Execute(history.remove_copies(surrogate)),),
            (),
            table=history.name,
            guards=(guard,),
            hazard="of rows that are equal in every column one stays",
        )
        yield from (replace(step, guards=()) for step in steps)
    for name in surrogate:
        yield from _drop_surrogate(finding, context, history, name)


def _names(finding: Finding, detail: str) -> tuple[str, ...]:
    names = finding.detail(detail)
    return names if isinstance(names, tuple) else ()


def _drop_surrogate(finding: Finding, context: PlanContext, history: History, name: str) -> Iterator[Step]:
    """A number that was made up as a key; it says nothing that the right key does not say."""
    pair = context.table_pair(finding.subject)
    columns = context.column_pair(pair, name) if pair is not None else None
    if columns is None or columns.actual is None:
        return
    table = history.sql
    yield Step(
        f"drop column {history.name}.{name}, which was the key",
        Phase.DROP,
        (finding,),
        (own.Execute(f"ALTER TABLE {table} DROP COLUMN {context.quoting.name(name)}"),),
        (own.Execute(f"ALTER TABLE {table} ADD COLUMN {context.ddl.column(columns.actual, serial=True)}"),),
        Change.DROP,
        history.name,
        Lock.ACCESS_EXCLUSIVE,
        safety=Safety.LOSES_DATA,
        hazard="its numbers are lost; the way back numbers the rows anew",
        commented_out=drop_reason(context.options, "a column and its values"),
    )


@handles("VT320")
def rename_key(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The key's name."""
    yield from delegate("PK302", finding, context)


@handles("VT203")
def drop_unique(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A copied UNIQUE loses no row with it, and every change fails while it is there."""
    code = "IX201" if finding.subject.kind.value == "index" else "UQ201"
    yield from _drop(code, finding, context)


@handles("VT204")
def drop_foreign_key(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A copied foreign key."""
    yield from _drop("FK201", finding, context)


@handles("VT205")
def drop_check(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A copied check."""
    yield from _drop("CK201", finding, context)


def _drop(code: str, finding: Finding, context: PlanContext) -> Iterator[Step]:
    """What makes changes fail goes without being asked for; what does no harm only with ``--allow-drop``."""
    for step in delegate(code, finding, context):
        yield step if finding.severity is Severity.INFO else allowed(step)


@handles("VT113")
def add_check(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A check that Continuum copied."""
    yield from delegate("CK101", finding, context)


@handles("VT107")
def add_index(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """An index that Continuum builds."""
    yield from delegate("IX101", finding, context)


@handles("VT210")
def drop_index(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """An index that Continuum does not build."""
    yield from delegate("IX201", finding, context)


@handles("VT313")
def repair_index(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Another index, or another name."""
    yield from delegate("IX301" if finding.detail("differs") else "IX309", finding, context)
