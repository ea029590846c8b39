"""An Alembic plugin: ``alembic revision --autogenerate`` with drift's comparison and repairs (Alembic 1.18 and later).

Chosen in ``env.py``: ``context.configure(..., autogenerate_plugins=["drift"])``. Whatever other plugins found is
replaced, so that naming Alembic's own beside it does no harm.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from drift.integrations.hosts import harmless

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import MigrateOperation, UpgradeOps

    from drift.migration.plan import Plan
    from drift.sources.alembic_project import CapturedEnvironment


class _Plugin(ModuleType):
    """This module, and a collection with nothing but itself.

    Alembic 1.18.0 to 1.20.0 iterate over what the entry point loads; later ones take a module, and warn of anything
    else.
    """

    def __iter__(self) -> Iterator[ModuleType]:
        return iter((self,))


sys.modules[__name__].__class__ = _Plugin


def setup(plugin: Any) -> None:
    """Called by Alembic when it is imported; imports nothing heavy."""
    with harmless("the autogenerate plugin"):
        from alembic.util import DispatchPriority

        plugin.add_autogenerate_comparator(compare, "autogenerate", priority=DispatchPriority.LAST)


def compare(autogen_context: AutogenContext, upgrade_ops: UpgradeOps) -> Any:
    """Put the plan of the repair in the place of what was found so far.

    Raises:
        drift.errors.DriftError: When it could not be checked.
    """
    from drift.requirements import require

    require()
    from alembic.util import PriorityDispatchResult

    operations = planned_operations(autogen_context)
    upgrade_ops.ops[:] = operations
    return PriorityDispatchResult.CONTINUE


def planned_operations(autogen_context: AutogenContext) -> list[MigrateOperation]:
    """One operation that holds both directions of the plan; none when there is nothing to do."""
    from drift.integrations.alembic_operations import Planned
    from drift.migration.script import downgrade_operations, upgrade_operations

    plan = plan_for(autogen_context)
    if not plan.steps:
        return []
    return [Planned(list(upgrade_operations(plan)), list(downgrade_operations(plan)))]


def plan_for(autogen_context: AutogenContext) -> Plan:
    """Compare the connection with the metadata that Alembic was configured with.

    Raises:
        drift.errors.DriftError: When it could not be checked.
    """
    from drift.migration import build_plan
    from drift.migration.options import PlanOptions
    from drift.migration.revision import styled
    from drift.pipeline import Inputs
    from drift.pipeline.run import check_targets
    from drift.pipeline.targets import Target
    from drift.sources.connections import display
    from drift.sources.models import from_metadata

    connection = autogen_context.connection
    assert connection is not None, "autogenerate has a connection"
    metadata: Any = autogen_context.metadata
    collections: list[Any] = list(metadata) if isinstance(metadata, list | tuple) else [metadata]
    environment = _environment(autogen_context)
    directory = Path.cwd()
    target = Target(
        models=from_metadata(
            [item for item in collections if item is not None], source="target_metadata", directory=directory
        ),
        database=connection,
        snapshot=None,
        source=display(connection.engine.url),
        origin="env.py",
        directory=directory,
        environments=(environment,),
    )
    report = check_targets([target], Inputs(directory=directory, allow_empty=True))
    comparison = report.comparison
    plan = build_plan(comparison.alignment, report.findings, natives=comparison.natives, options=PlanOptions())
    return styled(plan, environment)


def _environment(autogen_context: AutogenContext) -> CapturedEnvironment:
    """What ``env.py`` configured, as far as it decides what is compared and how it is written."""
    from drift.sources.alembic_project import CapturedEnvironment

    opts = autogen_context.opts
    context = autogen_context.migration_context
    return CapturedEnvironment(
        include_object=opts.get("include_object"),
        include_name=opts.get("include_name"),
        include_schemas=bool(opts.get("include_schemas")),
        version_table=context.version_table,
        version_table_schema=context.version_table_schema,
        render_item=opts.get("render_item"),
        render_as_batch=bool(opts.get("render_as_batch")),
        user_module_prefix=opts.get("user_module_prefix"),
        options=dict(opts),
    )
