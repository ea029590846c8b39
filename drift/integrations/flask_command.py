"""``flask drift``: the command line inside a Flask application's context, for Flask-Migrate projects.

Their ``env.py`` asks the current application for its database; ``flask drift check`` gives it one. Loaded by every
``flask`` of the environment: nothing but Flask and its own click is imported until it is used.
"""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

_WITHOUT_PROJECT = ("explain", "checks", "init", "demo")


@click.command(
    name="drift",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    help="Schema drift between models and the live database; takes what `drift` takes.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@with_appcontext
def command(arguments: tuple[str, ...]) -> None:
    """Run drift with Flask-Migrate's ``alembic.ini``."""
    from drift.__main__ import main

    given = list(arguments)
    if given and given[0] not in _WITHOUT_PROJECT and "--config" not in given and not given[0].startswith("-"):
        migrate = current_app.extensions.get("migrate")
        if migrate is not None:
            given[1:1] = ["--config", str(Path(migrate.directory) / "alembic.ini")]
    main(given or ["--help"])
