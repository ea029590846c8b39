"""Response fields made optional in their source: shown by ``drift plan``, written by ``drift check --fix-schemas``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from drift.cli.options import Settings
from drift.errors import DriftError
from drift.findings import Finding
from drift.policy import Verdict
from drift.reports.safe import visible

if TYPE_CHECKING:
    from drift.migration.plan import Plan


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


def schema_edits(verdict: Verdict, plan: Plan, settings: Settings) -> str:
    """What the plan means for response schemas: edits that go with it, and the other way out of findings; may be empty.

    Without LibCST the edits are left out.

    Raises:
        DriftError: A source file cannot be read.
    """
    freed = {
        (finding.subject.schema, finding.subject.table, finding.subject.name)
        for step in plan.steps
        for finding in step.findings
        if finding.code == "CO302"
    }
    pending = [finding for finding in verdict.findings if finding.detail("pending") and freed & _columns(finding)]
    others = [finding for finding in verdict.findings if not finding.detail("pending")]
    parts: list[str] = []
    if pending:
        parts.append("With this migration NULL can come back from the database, and these responses reject it:")
        parts += [f"  {visible(finding.message)}" for finding in pending]
    for findings, words in (
        (pending, "Deploy it with the edit of the schemas (`drift check --fix-schemas` writes it):"),
        (others, "Or in the response schemas (`drift check --fix-schemas` writes it):"),
    ):
        diff = _diff(findings, settings)
        parts += [*([""] if parts else []), words, diff] if diff else []
    return "\n" + "\n".join(parts) + "\n" if parts else ""


def _columns(finding: Finding) -> set[tuple[str | None, str | None, str]]:
    columns = finding.detail("columns")
    names = map(str, columns) if isinstance(columns, tuple) else ()
    return {(finding.subject.schema, finding.subject.table, name) for name in names}


def _diff(findings: list[Finding], settings: Settings) -> str:
    try:
        from drift.sources.responses.edit import propose
    except ModuleNotFoundError:
        return ""
    edits = propose(findings, directory=settings.directory)
    shown = [visible(line) for edit in edits if edit.fields for line in edit.diff().splitlines()]
    shown += [f"left alone: {visible(reason)}" for edit in edits for reason in edit.skipped if shown or edit.fields]
    return "\n".join(shown)
