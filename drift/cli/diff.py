"""``drift diff A B``: any two sides."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from drift.cli.inputs import inputs_for, remember_password
from drift.cli.options import Settings, takes_settings
from drift.cli.outputs import planned_files, write_verdict
from drift.cli.progress import progress
from drift.errors import DriftError

if TYPE_CHECKING:
    from drift.pipeline import Inputs
    from drift.pipeline.difference import Side

MIGRATIONS = "migrations:"


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@takes_settings(policy=True, output=True)
def command(settings: Settings, first: str, second: str) -> int:
    """Compare any two sides: what B lacks or has otherwise, seen from A.

    A side is `models` (those of the project), `MODULE:ATTR`, a database URL, `database` (the project's), a snapshot
    file, or `migrations:` (the project's scripts run to head on a scratch database; `migrations:REVISION` stops there).

    Between two databases every difference fails, unless --fail-on says otherwise; with models it is as for `check`.
    """
    files = planned_files(settings)
    from drift.pipeline.difference import compare_sides

    with progress(settings) as told, ExitStack() as stack:
        inputs = _parity(inputs_for(settings, told), first, second)
        sides = [side_for(text, inputs, stack) for text in (first, second)]
        verdict = compare_sides(sides[0], sides[1], inputs)
    write_verdict(verdict, settings, files)
    return 1 if verdict.fails else 0


def _parity(inputs: Inputs, first: str, second: str) -> Inputs:
    """Where neither side is models, what one of them has and the other lacks is as bad as the other way round.

    The baseline accepts differences between the models and a database; it says nothing about two databases.
    """
    if not _is_models(first) and not _is_models(second):
        inputs = replace(inputs, baseline=None)
    context = click.get_current_context()
    given = context is not None and context.params.get("fail_on") is not None
    if given or _is_models(first) or _is_models(second):
        return inputs
    return replace(inputs, config=replace(inputs.config, fail_on="info"))


def _is_models(text: str) -> bool:
    file = text.endswith(".json") or Path(text).is_file()
    return text == "models" or (":" in text and "://" not in text and not text.startswith(MIGRATIONS) and not file)


def side_for(text: str, inputs: Inputs, stack: ExitStack) -> Side:
    """What an argument means. Scratch databases live as long as ``stack``.

    Raises:
        DriftError: When it means nothing.
    """
    from drift.pipeline.difference import database_side, models_side, project_side, snapshot_side

    if text.startswith(MIGRATIONS):
        from drift.cli.scratch import migrated_database, scripts_of, server_for

        scripts = scripts_of(inputs)
        server = stack.enter_context(server_for(inputs, scripts))
        revision = text.removeprefix(MIGRATIONS) or "heads"
        url = stack.enter_context(migrated_database(inputs, scripts, server, revision))
        return database_side(url, MIGRATIONS, "scripts")
    if "://" in text:
        remember_password(text)
        return database_side(text, "the command line")
    if text == "models":
        return models_side(inputs)
    if text == "database":
        return project_side(inputs)
    if _is_sqlite(Path(text)):
        return database_side(f"sqlite:///{text}", "the command line")
    if Path(text).is_file() or text.endswith(".json"):
        return snapshot_side(Path(text))
    if ":" in text:
        return models_side(inputs, text)
    raise DriftError(
        f"{text!r} is no side to compare",
        help=("a side is models, MODULE:ATTR, a database URL, database, a snapshot file, or migrations:",),
    )


def _is_sqlite(file: Path) -> bool:
    """Whether a file begins as SQLite databases do (section 1.3 of its file format)."""
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return stream.read(16) == b"SQLite format 3\x00"
