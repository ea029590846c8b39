"""Response fields made optional in their source: shown by ``drift plan``, written by ``drift check --fix-schemas``."""

from __future__ import annotations

import rich_click as click

from drift.cli.options import Settings
from drift.errors import DriftError
from drift.policy import Verdict
from drift.reports.safe import visible


def fix_schemas(verdict: Verdict, settings: Settings) -> None:
    """Make the response fields of the shown findings optional in their source; the diff goes to stderr.

    Raises:
        DriftError: LibCST is not installed, or a file cannot be read or written.
    """
    try:
        from drift.sources.responses.edit import apply, propose
    except ModuleNotFoundError as error:
        raise DriftError(
            "--fix-schemas needs LibCST", details=(str(error),), help=("pip install 'sqlalchemy-drift[responses]'",)
        ) from error
    edits = propose(verdict.findings, directory=settings.directory)
    apply(edits, directory=settings.directory)
    for edit in edits:
        click.echo("\n".join(visible(line) for line in edit.diff().splitlines()), err=True)
        for reason in edit.skipped:
            click.echo(f"left alone: {visible(reason)}", err=True)
    number = sum(len(edit.fields) for edit in edits)
    click.echo(f"{number} response field{'' if number == 1 else 's'} made optional; check again to see.", err=True)


def schema_edits(verdict: Verdict, settings: Settings) -> str:
    """The other way out of response findings, as a unified diff; empty where there is none, or without LibCST.

    Raises:
        DriftError: A source file cannot be read.
    """
    try:
        from drift.sources.responses.edit import propose
    except ModuleNotFoundError:
        return ""
    diffs = [edit.diff() for edit in propose(verdict.findings, directory=settings.directory) if edit.fields]
    if not diffs:
        return ""
    shown = "\n".join(visible(line) for diff in diffs for line in diff.splitlines())
    return f"\nOr in the response schemas (`drift check --fix-schemas` writes it):\n{shown}\n"
