"""The copy of the live structure on which a proof runs, and what is missing there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Engine

from drift.findings import Finding
from drift.pipeline import Inputs, run_check
from drift.schema import QualifiedName, Schema
from drift.verification.archive import make_again
from drift.verification.clone import NotCloned, clone
from drift.verification.comparing import lacking
from drift.verification.live import Live
from drift.verification.scratch import Scratch


@dataclass(frozen=True, slots=True)
class Copy:
    """What became of the copy.

    Attributes:
        refused: What did not come along.
        schema: Read again where something did not.
        standing: What there is, by kind and full name, where something did not come along (PostgreSQL).
    """

    refused: tuple[NotCloned, ...]
    schema: Schema
    standing: frozenset[tuple[str, str]] = frozenset()


def copied(live: Live, scratch: Scratch, engine: Engine, inputs: Inputs) -> Copy:
    """Make the live structure in a scratch database."""
    if live.archive is not None and live.folder is not None:
        refused = (*scratch.refused, *make_again(live.archive, engine, live.folder))
        if not refused:
            return Copy(refused, live.schema)
        from drift.dialects.postgresql.resting import standing

        with engine.connect() as connection:
            return Copy(refused, live.schema, standing(connection))
    with engine.connect() as connection:
        refused = (*scratch.refused, *clone(live.schema, connection))
    return Copy(refused, run_check(on_scratch(inputs, scratch)).alignment.actual if refused else live.schema)


def table_of(finding: Finding) -> QualifiedName:
    """The table that a finding is about."""
    return QualifiedName(finding.subject.schema, finding.subject.table or finding.subject.name)


def lacks_of(about: Iterable[QualifiedName], live: Live, copy: Copy) -> tuple[str, ...]:
    """What is missing in the copy of these tables, and of what rests on them."""
    if not copy.refused:
        return ()
    if live.archive is not None:
        missing = live.resting_on(about) - copy.standing
        return tuple(sorted(f"{kind} {identity}" for kind, identity in missing))
    there = {_placed(table.name, copy.schema): table for table in copy.schema.tables}
    wanted = set(about)
    tables = (table for table in live.schema.tables if table.name in wanted)
    return tuple(name for table in tables for name in lacking(table, there.get(_placed(table.name, live.schema))))


def _placed(name: QualifiedName, schema: Schema) -> QualifiedName:
    """Without the default schema, which on MySQL is the database."""
    return QualifiedName(None, name.name) if name.schema == schema.default_schema else name


def on_scratch(inputs: Inputs, scratch: Scratch) -> Inputs:
    """The same question, asked of the scratch database."""
    return replace(
        inputs,
        database=scratch.url,
        origin="the scratch database",
        baseline=None,
        probe=False,
        allow_empty=True,
    )
