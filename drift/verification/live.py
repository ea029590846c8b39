"""What a proof takes from the live database beside what was read for the check: one more connection, read-only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from drift.errors import DriftError
from drift.pipeline import Inputs
from drift.pipeline.targets import resolve_targets
from drift.schema import QualifiedName, Schema, TableKind
from drift.verification.archive import Archive, write_archive
from drift.verification.leftovers import owned_folder

if TYPE_CHECKING:
    from drift.dialects.postgresql.resting import Identity
    from drift.dialects.postgresql.statistics import TableStatistics
    from drift.pipeline.targets import Target


@dataclass(frozen=True, slots=True)
class Live:
    """The live database; of other servers than PostgreSQL only the structure as read.

    Attributes:
        schema: The structure as read.
        archive: The structure in the server's own words.
        statistics: What the server knows of the values in its tables.
        folder: Where nobody else enters.
        target: How to ask it more.
    """

    schema: Schema
    archive: Archive | None = None
    statistics: Mapping[QualifiedName, TableStatistics] = field(default_factory=dict)
    folder: Path | None = None
    target: Target | None = None

    def resting_on(self, tables: Iterable[QualifiedName]) -> frozenset[Identity]:
        """These tables and everything there that rests on them."""
        from drift.dialects.postgresql.resting import resting_on

        if self.target is None:
            return frozenset()
        with self.target.connect() as (connection, _):
            return resting_on(connection, tables)


@contextmanager
def live_details(inputs: Inputs, schema: Schema) -> Iterator[Live]:
    """Look at the live server; no row is read.

    Raises:
        DriftError: The server cannot be reached, or refuses; there is only a snapshot of it.
    """
    if schema.dialect != "postgresql":
        yield Live(schema)
        return
    from drift.dialects.postgresql.statistics import read_statistics

    targets, _, _ = resolve_targets(inputs)
    target = next((target for target in targets if target.snapshot is None), None)
    if target is None:
        raise DriftError(
            "a proof needs the database itself",
            details=("a snapshot holds what models can say, not policies, rules, operators and the like",),
            help=("Name the database, or write the revision without a proof: --unverified",),
        )
    tables = [table.name for table in schema.tables if table.kind in (TableKind.TABLE, TableKind.PARTITIONED)]
    inputs.progress("reading the live structure")
    with owned_folder("copy", deepest=".s.PGSQL.5432") as folder:
        with target.connect() as (connection, _):
            statistics = read_statistics(connection, tables)
            archive = write_archive(connection, folder)
        yield Live(schema, archive, statistics, folder, target)
