"""From settings to what the pipeline takes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from drift.cli.environment import AFTER_THE_FILE
from drift.cli.failures import remember_secret
from drift.cli.options import Settings
from drift.cli.progress import Progress, silent
from drift.policy import baseline_of
from drift.secrets import password_of

if TYPE_CHECKING:
    from drift.pipeline import Inputs


def inputs_for(settings: Settings, progress: Progress = silent, *, accepted: bool = True) -> Inputs:
    """The inputs of a check. The URL's password is remembered, so that nothing shows it.

    Args:
        settings: What the command line came down to.
        progress: Told what is being done.
        accepted: Apply the baseline.
    """
    from drift.pipeline import Inputs
    from drift.sources.models.importing import keep_installed

    config = settings.config
    keep_installed(settings.directory)
    # As `python -m` does: the project is importable although a console script was started.
    if str(settings.directory) not in sys.path:
        sys.path.insert(0, str(settings.directory))
    database: object | None = settings.database
    origin = settings.origin
    if config.snapshot is not None:
        database, origin = config.path(config.snapshot), "--snapshot"
    elif settings.database is not None:
        remember_password(settings.database)
    return Inputs(
        models=config.models,
        database=database,
        origin=origin or "database",
        ambient=origin in AFTER_THE_FILE and config.database_url is None,
        responses=config.responses,
        directory=settings.directory,
        alembic=config.path(config.alembic) if config.alembic else None,
        discover=True,
        x_arguments=settings.x_arguments,
        schemas=config.schemas,
        config=config,
        baseline=baseline_of(config) if accepted else None,
        probe=config.probe,
        allow_empty=config.allow_empty,
        progress=progress,
    )


def remember_password(url: str) -> None:
    """Keep the password of a URL out of everything shown; works on URLs that cannot be parsed, too."""
    remember_secret(password_of(url))
