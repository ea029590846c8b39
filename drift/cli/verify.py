"""``drift verify``: prove any revision."""

from __future__ import annotations

import json

import rich_click as click

from drift.cli.failures import known_secrets
from drift.cli.inputs import inputs_for
from drift.cli.options import Settings, takes_settings
from drift.cli.progress import progress
from drift.cli.scratch import name_strangers
from drift.cli.streams import echo
from drift.reports.safe import visible
from drift.secrets import scrub


@click.command()
@click.argument("revision", required=False)
@takes_settings(policy=True)
@click.option("--rows", type=click.IntRange(min=0), default=0, metavar="N", help="Put N made-up rows into each table.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", help="How to write it.")
def command(settings: Settings, revision: str | None, rows: int, shape: str) -> int:
    """Prove a revision on a scratch copy of the live structure.

    Upgrade, check for silence, downgrade, the same as before. REVISION is an identifier, an abbreviation, or a file;
    the head by default. Hand-written revisions can be proven, too. The exit code is 1 when the proof fails.
    """
    from drift.verification import verify

    with progress(settings) as told:
        inputs = inputs_for(settings, told)
        path, proof = verify(revision, inputs, scratch_url=settings.config.scratch_url, rows=rows)
    name_strangers(proof)
    if shape == "json":
        document = {"version": 1, "revision": str(path), **proof.to_dict()}
        echo(scrub(json.dumps(document, indent=2), known_secrets()))
    else:
        echo(visible(path.name))
        for line in proof.lines():
            echo(visible(scrub(line, known_secrets())))
    return 0 if proof.holds else 1
