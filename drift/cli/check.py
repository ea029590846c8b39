"""``drift check``: the gate."""

from __future__ import annotations

import sys
from dataclasses import replace

import rich_click as click

from drift.cli.changed import changed_files, restrict
from drift.cli.inputs import inputs_for
from drift.cli.options import Settings, takes_settings
from drift.cli.outputs import planned_files, write_verdict
from drift.cli.progress import progress


@click.command()
@takes_settings(policy=True, output=True)
@click.option("--changed", is_flag=True, help="Only tables and schemas whose files changed in git since HEAD.")
@click.option("--changed-since", metavar="COMMIT", help="The same, since another commit, for example origin/main.")
@click.option("--fix-schemas", "fixing", is_flag=True, help="Edit response fields to accept NULL; shows the diff.")
@click.option(
    "--three-way", is_flag=True, help="Run the migrations on a scratch database, too: say which side is out of step."
)
@click.option("--receipt", is_flag=True, help="Show every statement run, the strongest lock, and the GRANTs needed.")
@click.option("--watch", "watching", is_flag=True, help="Check again whenever a file of the project changes.")
def command(
    settings: Settings,
    changed: bool,
    changed_since: str | None,
    three_way: bool,
    fixing: bool,
    receipt: bool,
    watching: bool,
) -> int:
    """Compare models with the live database.

    In an Alembic project nothing needs to be configured. The exit code is 0 when both are in sync, 1 on drift, and
    2 when it could not be checked.
    """
    if watching:
        from drift.cli.watching import watch

        return watch(settings.directory, [argument for argument in sys.argv[1:] if argument != "--watch"])
    files = planned_files(settings)
    base = changed_since or ("HEAD" if changed else None)
    touched = changed_files(settings.directory, base) if base is not None else None
    from drift.pipeline import run_check

    with progress(settings) as told:
        inputs = replace(inputs_for(settings, told), receipt=receipt)
        report = run_check(inputs)
        if three_way:
            from drift.cli.three_way import with_scripts

            report = with_scripts(report, inputs)
    verdict = report.verdict
    if base is not None and touched is not None:
        verdict = restrict(report, inputs, touched, base)
    if any(format == "html" for format in (settings.config.format, *(format for format, _ in files))):
        from drift.cli.repairs import with_scripts as with_repairs

        verdict = with_repairs(verdict, report)
    write_verdict(verdict, settings, files)
    if receipt:
        from drift.cli.receipt import print_receipts

        print_receipts(report)
    if fixing:
        from drift.cli.fix_schemas import fix_schemas

        fix_schemas(verdict, settings)
    return 1 if verdict.fails else 0
