"""``drift baseline``: accept today's findings, so that the gate fails on new ones only."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import rich_click as click

from drift.cli.inputs import inputs_for
from drift.cli.options import Settings, takes_settings
from drift.cli.progress import progress
from drift.cli.streams import echo
from drift.errors import DriftError
from drift.files import write_file
from drift.policy.baseline import Baseline, accept, prune, read_baseline, to_json
from drift.policy.config import DEFAULT_BASELINE
from drift.reports.words import count


@click.command()
@takes_settings(policy=True)
@click.option("--reason", metavar="TEXT", help="Why they are accepted; stands at each new entry.")
@click.option("--owner", metavar="NAME", help="Who answers for them.")
@click.option(
    "--expires", metavar="YYYY-MM-DD", help="The last day on which they are accepted; after it the gate fails."
)
@click.option("--prune", "only_prune", is_flag=True, help="Remove stale entries and accept nothing new.")
def command(settings: Settings, reason: str | None, owner: str | None, expires: str | None, only_prune: bool) -> int:
    """Accept today's findings.

    Writes drift-baseline.json (or the file of --baseline), which belongs into version control. Entries that are
    already there keep their reason, owner, and date. Stale entries are reported; --prune removes them.
    """
    last_day = _date(expires)
    file = _file(settings)
    known = read_baseline(file) if file.is_file() else Baseline(name=file.name)
    from drift.pipeline import run_check

    with progress(settings) as told:
        verdict = run_check(inputs_for(settings, told, accepted=False)).verdict
    before = known.by_fingerprint()
    today = {finding.fingerprint for finding in verdict.findings}
    if only_prune:
        new = prune(known, verdict.findings)
    else:
        new = accept(verdict.findings, known, reason=reason, owner=owner, expires=last_day)
    write_file(file, to_json(new))
    added = len([entry for entry in new.entries if entry.fingerprint not in before])
    stale = [entry for entry in known.entries if entry.fingerprint not in today]
    echo(f"{file.name}: {count(len(new.entries), 'entry', 'entries')}, {added} new.")
    for entry in stale:
        echo(f"stale: {entry}" + (" (removed)" if only_prune else " matches nothing any more"))
    if stale and not only_prune:
        echo("help: `drift baseline --prune` removes stale entries")
    if verdict.not_checked:
        click.echo(f"note: {len(verdict.not_checked)} not checked; what they would find is not accepted", err=True)
    return 0


def _file(settings: Settings) -> Path:
    return settings.config.path(settings.config.baseline or DEFAULT_BASELINE)


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DriftError(
            f"{text!r} is not a date", place="--expires", help=("write it as year-month-day, for example 2027-01-31",)
        ) from error
