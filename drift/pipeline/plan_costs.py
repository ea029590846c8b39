"""What the steps of a plan cost on the live database: one more connection, read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drift.pipeline.inputs import Inputs
from drift.pipeline.targets import resolve_targets
from drift.schema import TableKind

if TYPE_CHECKING:
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


def live_statistics(inputs: Inputs, schema: Schema) -> dict[QualifiedName, TableStatistics]:
    """What the server's statistics say of the tables of the live side; a snapshot, or another database, nothing.

    Raises:
        DriftError: The server cannot be reached, or refuses.
    """
    if schema.dialect != "postgresql":
        return {}
    from drift.dialects.postgresql.statistics import read_statistics

    targets, _, _ = resolve_targets(inputs)
    target = next((target for target in targets if target.snapshot is None), None)
    if target is None:
        return {}
    tables = [table.name for table in schema.tables if table.kind is TableKind.TABLE]
    with target.connect() as (connection, _):
        return read_statistics(connection, tables)
