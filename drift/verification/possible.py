"""Which steps of a plan the server can run at all, found out by running each of them on a copy.

One step that the server refuses (a foreign key between types that it cannot compare, a name that another table's index
holds) must not cost the others: it is left as a comment, with the server's reason, and so is what rests on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from alembic import op
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from drift.findings import Finding
from drift.migration.plan import Plan, Step
from drift.migration.revision import styled
from drift.pipeline import Inputs, Report
from drift.secrets import scrub
from drift.verification.copying import copied
from drift.verification.leftovers import owned_folder
from drift.verification.live import Live, live_details
from drift.verification.running import RevisionModule, inside, load, run, said
from drift.verification.scratch import ScratchServer

_BY_HAND = "settle that by hand, then run drift revision again"

# Which things of this database a message speaks of, and whose they are.
_NAMED = """
SELECT concat(c.relname, ' belongs to ', n.nspname, '.', t.relname)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
WHERE c.oid >= 16384 AND pg_catalog.strpos(:message, concat('"', c.relname, '"')) > 0
ORDER BY 1
"""


def possible(plan: Plan, report: Report, inputs: Inputs, server: ScratchServer) -> Plan:
    """The plan with the steps that the server refuses, and what rests on them, left as comments.

    Args:
        plan: The whole repair.
        report: The check that it came from.
        inputs: What that check was asked.
        server: Where copies are made.
    """
    comparison = report.comparison
    plan = styled(plan, comparison.environment)
    options = comparison.environment.options if comparison.environment is not None else {}
    with (
        live_details(inputs, comparison.alignment.actual) as live,
        owned_folder("steps") as folder,
        inside(comparison.project),
    ):
        while True:
            trial = _Trial(plan, folder)
            _run(trial, live, inputs, server, options)
            if not trial.refused:
                return plan
            plan = _without(plan, trial.refused)


def _run(trial: _Trial, live: Live, inputs: Inputs, server: ScratchServer, options: Mapping[str, object]) -> None:
    roles = live.archive.roles if live.archive is not None else ()
    inputs.progress("looking for steps that the server refuses")
    with server.database(extensions=live.schema.extensions, roles=roles) as scratch:
        engine = scratch.engine()
        copied(live, scratch, engine, inputs)
        with engine.connect() as connection:
            run([trial.upgrade], connection, options)
        engine.dispose()


@dataclass
class _Trial:
    """All steps one after the other, going on behind one that is refused.

    Attributes:
        plan: Whose steps.
        folder: For their source.
        refused: Steps that the server refused, by their place, each with the reason.
    """

    plan: Plan
    folder: Path
    refused: dict[int, str] = field(default_factory=dict)

    def upgrade(self) -> None:
        """Run them as a revision runs."""
        connection: Connection = op.get_bind()
        for place, step, module in self._modules():
            alone = step.autocommit or connection.dialect.name != "postgresql"
            savepoint = None if alone else connection.begin_nested()
            try:
                module.upgrade()
            except DBAPIError as error:
                if savepoint is not None:
                    savepoint.rollback()
                self.refused[place] = _reason(connection, error)
                if savepoint is None and connection.dialect.name == "postgresql":
                    return  # what it committed or left half done stands in the way of the others
            else:
                if savepoint is not None:
                    savepoint.commit()

    def _modules(self) -> Iterator[tuple[int, Step, RevisionModule]]:
        for place, step in enumerate(self.plan.steps):
            if step.commented_out is None:
                path = self.folder / f"step_{place}.py"
                path.write_text(replace(self.plan, steps=(step,)).to_python(), encoding="utf-8")
                yield place, step, load(path)


def _reason(connection: Connection, error: DBAPIError) -> str:
    message = said(error)
    owners: list[str] = []
    if connection.dialect.name == "postgresql" and connection.in_transaction() and not connection.closed:
        owners = list(connection.execute(text(_NAMED), {"message": message}).scalars())
    return scrub("; ".join([f"the server refuses it: {message}", *owners, _BY_HAND]))


def _without(plan: Plan, refused: Mapping[int, str]) -> Plan:
    """Leave steps as comments, with every step that answers one of the same findings: half a repair may do harm."""
    reasons = dict(refused)
    while True:
        # The first refusal is the reason of the others: an index on a column that could not be added.
        lost: dict[Finding, str] = {
            finding: reasons[place] for place in sorted(reasons, reverse=True) for finding in plan.steps[place].findings
        }
        more = {
            place: next(lost[finding] for finding in step.findings if finding in lost)
            for place, step in enumerate(plan.steps)
            if step.commented_out is None and place not in reasons and not lost.keys().isdisjoint(step.findings)
        }
        if not more:
            break
        reasons |= more
    steps = [
        replace(step, commented_out=reasons[place]) if place in reasons else step
        for place, step in enumerate(plan.steps)
    ]
    ordered = sorted(steps, key=lambda step: step.commented_out is not None)
    return replace(plan, steps=tuple(ordered), unanswered=(*plan.unanswered, *lost.items()))
