"""What only the live database knows of a plan's costs: one more connection, read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drift.pipeline.inputs import Inputs
from drift.pipeline.targets import resolve_targets

if TYPE_CHECKING:
    from drift.migration.plan import Plan


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
