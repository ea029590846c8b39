"""``drift responses``: which schema reads which mapped class, and why."""

from __future__ import annotations

import rich_click as click

from drift.cli.inputs import inputs_for
from drift.cli.options import Settings, takes_settings
from drift.cli.progress import progress
from drift.cli.streams import echo
from drift.errors import DriftError
from drift.reports.safe import visible


@click.command()
@takes_settings()
def command(settings: Settings) -> int:
    """List the response and request schemas, the mapped class of each, and the evidence.

    No database is needed. With -v also the schemas without a class, and why they have none. A pair that is wrong or
    missing is put right in [tool.drift.responses.pairs]: "app.schemas.UserOut" = "app.models.User" (or "" for none).
    """
    from drift.pipeline.responses import observe_pairs
    from drift.sources.responses.telling import describe_pairs

    with progress(settings) as told:
        inputs = inputs_for(settings, told)
        if not inputs.responses:
            raise DriftError(
                "no response schemas are named", help=("name an app or a module: --responses app.main:app",)
            )
        observations = observe_pairs(inputs)
    for line in describe_pairs(observations, unpaired=settings.verbose):
        echo(visible(line))
    return 0 if observations.schemas else 2
