"""``drift snapshot``: the live schema as a file."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from drift.cli.inputs import inputs_for
from drift.cli.options import Settings, takes_settings
from drift.cli.progress import progress
from drift.cli.streams import echo
from drift.files import write_file
from drift.reports.words import count


@click.command()
@takes_settings()
@click.option("--output", "-o", metavar="FILE", help="Where to write it [default: standard output].")
@click.option("--statistics", is_flag=True, help="Keep the server's estimates of row counts.")
def command(settings: Settings, output: str | None, statistics: bool) -> int:
    """Write the live schema as a JSON file: no rows, no secrets.

    `drift check --snapshot FILE` compares with it where the database cannot be reached. It is sorted, so that its
    changes read well in version control.
    """
    from drift.pipeline.snapshots import take_snapshot
    from drift.sources.snapshot import dump_snapshot

    with progress(settings) as told:
        snapshot = take_snapshot(inputs_for(settings, told, accepted=False))
    text = dump_snapshot(snapshot, statistics=statistics)
    if output is None or output == "-":
        echo(text, nl=False)
        return 0
    write_file(Path(output), text)
    if not settings.quiet:
        tables = count(len(snapshot.schema.tables), "table")
        click.echo(f"{output}: {tables} of {snapshot.schema.source}", err=True)
    return 0
