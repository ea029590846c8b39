"""Options of the commands that plan, and the plan they lead to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

if TYPE_CHECKING:
    from drift.migration.plan import Plan
    from drift.pipeline import Report

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--allow-drop", is_flag=True, help="Drop what the models do not know; otherwise drops stay comments."),
    click.option(
        "--accept-loss",
        multiple=True,
        metavar="TABLE.COLUMN",
        help="Let a type change cut, round or clip values of this column. Repeatable.",
    ),
    click.option(
        "--roads",
        type=click.Choice(["auto", "slow", "short"]),
        default="auto",
        help="Slow roads spare busy tables; auto decides by the number of rows.",
    ),
    click.option("--large-rows", type=click.IntRange(min=0), metavar="N", help="Rows from which a table is large."),
    click.option("--lock-timeout", metavar="TIME", help="How long a step waits for its lock [default: 5s]."),
)


def takes_plan_options(function: F) -> F:
    """Add the options that decide what a plan may do."""
    command: Any = function
    for option in reversed(_OPTIONS):
        command = option(command)
    return command  # type: ignore[no-any-return]


def plan_for(report: Report, options: dict[str, Any]) -> Plan:
    """The plan for a report, with the command line's options."""
    from drift.migration.options import PlanOptions, Roads
    from drift.pipeline import plan

    given: dict[str, Any] = {
        "allow_drop": options["allow_drop"],
        "accept_loss": tuple(options["accept_loss"]),
        "roads": Roads(options["roads"]),
    }
    if options["large_rows"] is not None:
        given["large_rows"] = options["large_rows"]
    if options["lock_timeout"] is not None:
        given["lock_timeout"] = options["lock_timeout"]
    return plan(report, PlanOptions(**given))
