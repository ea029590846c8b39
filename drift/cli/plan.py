"""``drift plan``: the repair, to be read."""

from __future__ import annotations

from typing import Any

import rich_click as click

from drift.cli.failures import known_secrets
from drift.cli.fix_schemas import schema_edits
from drift.cli.inputs import inputs_for
from drift.cli.options import Settings, stdout_color, takes_settings
from drift.cli.planning import plan_for, takes_plan_options
from drift.cli.progress import progress
from drift.secrets import scrub


@click.command()
@takes_settings(policy=True)
@takes_plan_options
@click.option(
    "--format", "shape", type=click.Choice(["text", "json", "markdown"]), default="text", help="How to write it."
)
def command(settings: Settings, shape: str, **plan_options: Any) -> int:
    """Show how the drift would be repaired: adds, changes, renames, drops, each with its lock and its hazard.

    Nothing is changed and nothing is written. The exit code is 0 when the plan could be made, whatever is in it:
    `drift check` is the gate.
    """
    from drift.pipeline import run_check
    from drift.pipeline.plan_costs import with_costs

    with progress(quiet=settings.quiet) as told:
        inputs = inputs_for(settings, told)
        report = run_check(inputs)
        plan = with_costs(plan_for(report, plan_options), inputs)
    if shape == "json":
        text = plan.to_json().rstrip() + "\n"
    elif shape == "markdown":
        text = plan.to_markdown().rstrip() + "\n"
    else:
        from drift.cli.plan_text import render_plan

        target = report.verdict.actual_source
        click.echo(
            render_plan(plan, target, color=stdout_color(settings), secrets=known_secrets()), nl=False, color=True
        )
        click.echo(schema_edits(report.verdict, settings), nl=False)
        return 0
    click.echo(scrub(text, known_secrets()), nl=False)
    return 0
