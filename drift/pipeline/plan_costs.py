"""What only the live database knows of a plan's costs and of a copy: one more connection, read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drift.pipeline.inputs import Inputs
from drift.pipeline.targets import resolve_targets
from drift.schema import TableKind

if TYPE_CHECKING:
    from drift.dialects.postgresql.beside import Beside
    from drift.dialects.postgresql.statistics import TableStatistics
    from drift.migration.plan import Plan
    from drift.schema import QualifiedName, Schema


def with_costs(plan: Plan, inputs: Inputs) -> Plan:
    """The plan with what each step costs or fails on today; with ``inputs.probe`` the rows are asked, too.

    Statistics alone read no row. A snapshot knows neither, so that its plan comes back as it was.

    Raises:
        DriftError: The server cannot be reached, or refuses.
    """
    if plan.dialect != "postgresql" or not plan.steps:
        return plan
    from drift.migration.measuring import measured

    targets, _, _ = resolve_targets(inputs)
    target = next((target for target in targets if target.snapshot is None), None)
    if target is None:
        return plan
    inputs.progress("asking what the steps cost")
    with target.connect() as (connection, dialect):
        default_schema = dialect.info(connection).default_schema
        return measured(plan, connection, default_schema=default_schema, probe=inputs.probe)


@dataclass(frozen=True, slots=True)
class Live:
    """What a copy of the live database takes beside its structure; a snapshot, or another database, knows nothing.

    Attributes:
        beside: Functions and partitions.
        statistics: What the server knows of the values in its tables.
    """

    beside: Beside | None = None
    statistics: Mapping[QualifiedName, TableStatistics] = field(default_factory=dict)


def live_details(inputs: Inputs, schema: Schema) -> Live:
    """What the live server says beside its structure: one more connection, read-only, and no row is read.

    Raises:
        DriftError: The server cannot be reached, or refuses.
    """
    if schema.dialect != "postgresql":
        return Live()
    from drift.dialects.postgresql.beside import read_beside
    from drift.dialects.postgresql.statistics import read_statistics

    targets, _, _ = resolve_targets(inputs)
    target = next((target for target in targets if target.snapshot is None), None)
    if target is None:
        return Live()
    tables = [table.name for table in schema.tables if table.kind in (TableKind.TABLE, TableKind.PARTITIONED)]
    with target.connect() as (connection, _):
        return Live(read_beside(connection, schema.schemas), read_statistics(connection, tables))
