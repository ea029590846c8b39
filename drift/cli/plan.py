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
from drift.cli.streams import echo
from drift.secrets import scrub


@click.command()
@takes_settings(policy=True)
@takes_plan_options
@click.option(
    "--format", "shape", type=click.Choice(["text", "json", "markdown"]), default="text", help="How to write it."
)
@click.option("--split", "chain", is_flag=True, help="As a chain of revisions for several deploys.")
def command(settings: Settings, shape: str, chain: bool, **plan_options: Any) -> int:
    """Show how the drift would be repaired: adds, changes, renames, drops, each with its lock and its hazard.

    Nothing is changed and nothing is written. The exit code is 0 when the plan could be made, whatever is in it:
    `drift check` is the gate.
    """
    from drift.migration.splitting import split
    from drift.pipeline import run_check
    from drift.pipeline.plan_costs import with_costs

    with progress(settings) as told:
        inputs = inputs_for(settings, told)
        report = run_check(inputs)
        plan = with_costs(plan_for(report, plan_options), inputs)
        links = split(plan) if chain else ()
    from drift.migration.documents import plan_json, plan_markdown

    if shape == "json":
        text = plan_json(plan, links).rstrip() + "\n"
    elif shape == "markdown":
        text = plan_markdown(plan, links).rstrip() + "\n"
    else:
        from drift.cli.plan_text import render_plan

        target = report.verdict.actual_source
        echo(
            render_plan(plan, target, links, color=stdout_color(settings), secrets=known_secrets()),
            nl=False,
            color=True,
        )
        echo(schema_edits(report.verdict, plan, settings), nl=False)
        return 0
    echo(scrub(text, known_secrets()), nl=False)
    return 0
