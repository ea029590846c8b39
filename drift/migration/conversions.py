"""The guard of a type change: it stops where values would be lost, unless somebody has accepted that for the column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drift.migration.losses import Loss
from drift.migration.plan import Guard
from drift.migration.queries import Queries
from drift.schema import QualifiedName

if TYPE_CHECKING:
    from drift.migration.context import PlanContext


def conversion_guard(context: PlanContext, table: QualifiedName, column: str, type_: str, loss: Loss) -> Guard:
    """Stops where the column holds values that its new type does not keep; says how many, and shows one."""
    queries = Queries(context.quoting)
    return Guard(
        queries.has_rows(table, loss.condition),
        f"{table}.{column} holds values that {type_} does not keep: {loss.what}. Repair these rows first, then run "
        f"this again; or plan with --accept-loss {table.name}.{column}.",
        sample=queries.sample(table, loss.condition, context.quoting.name(column)),
    )


def is_accepted(context: PlanContext, table: QualifiedName, column: str) -> bool:
    """Whether the loss of such values is accepted."""
    names = {f"{table.name}.{column}", f"{table.schema}.{table.name}.{column}"}
    return not names.isdisjoint(context.options.accept_loss)


def accepted_loss(table: QualifiedName, column: str, type_: str, loss: Loss) -> str:
    """What stands in the file in place of the guard."""
    return (
        f"--accept-loss {table.name}.{column}: values that {type_} does not keep are changed without asking "
        f"({loss.what}); what the server refuses to convert still stops it"
    )
