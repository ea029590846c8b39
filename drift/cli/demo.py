"""``drift demo``: an incident from start to end on an embedded database."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import rich_click as click

from drift.cli.streams import echo, for_children
from drift.errors import DriftError

DATABASE = "production.sqlite"
_BESIDE_THE_PACKAGE = Path(__file__).resolve().parents[2] / "templates" / "demo"
_INSIDE_THE_PACKAGE = Path(__file__).resolve().parents[1] / "templates" / "demo"


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the demonstration.

    Attributes:
        why: What a developer thinks before typing it.
        shown: What is typed.
        module: The Python module that runs it.
        arguments: Its arguments.
        exit_code: What it must return for the story to go on.
    """

    why: str
    shown: str
    module: str
    arguments: tuple[str, ...]
    exit_code: int


STEPS = (
    Step("Before the deploy: do the models and the database agree?", "drift check", "drift", ("check",), 1),
    Step("What would put it right?", "drift plan", "drift", ("plan",), 0),
    Step(
        "Write that down as a migration.",
        'drift revision -m "add the columns the scheduler needs"',
        "drift",
        ("revision", "-m", "add the columns the scheduler needs"),
        0,
    ),
    Step("Apply it.", "alembic upgrade head", "alembic", ("upgrade", "head"), 0),
    Step("And now?", "drift check", "drift", ("check",), 0),
)


@click.command(name="demo", help="An incident from start to end on an embedded database: check, repair, check again.")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Put the demonstration's project there and keep it. By default it lives in a temporary folder.",
)
def command(directory: Path | None) -> int:
    """Run the demonstration.

    Raises:
        DriftError: A step did not go as told, or ``directory`` is in use.
    """
    started = time.monotonic()
    if directory is not None:
        if directory.exists() and any(directory.iterdir()):
            raise DriftError(
                "the directory is not empty", place=str(directory), help=("name a new one, or leave the option out",)
            )
        _run(directory)
        echo(f"\nThe project stays in {directory}.")
    else:
        from drift.verification.leftovers import owned_folder

        with owned_folder("demo") as folder:
            _run(folder / "planner-service")
    echo(
        f"\nFrom a broken deploy to silence in {time.monotonic() - started:.1f} s. Next: `drift init` in your project."
    )
    return 0


def _run(project: Path) -> None:
    lay(project)
    echo("A service whose deploy forgot a migration: the models have seven columns that production lacks.")
    echo("The first request would have said: no such column: assignments.explain_json")
    for step in STEPS:
        echo(f"\n# {step.why}\n$ {step.shown}")
        done = subprocess.run(
            [sys.executable, "-m", step.module, *step.arguments], cwd=project, env=_environment(), stdout=for_children()
        )
        if done.returncode != step.exit_code:
            raise DriftError(
                f"the demonstration broke at `{step.shown}`",
                details=(f"exit code {done.returncode}, expected {step.exit_code}",),
                help=("run `drift demo --directory DIR` and look at the project there",),
            )


def lay(project: Path) -> None:
    """Write the demonstration's project, and the database as production had it, into ``project``."""
    source = _INSIDE_THE_PACKAGE if _INSIDE_THE_PACKAGE.is_dir() else _BESIDE_THE_PACKAGE
    shutil.copytree(source, project, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    connection = sqlite3.connect(project / DATABASE)
    try:
        connection.executescript((project / "database.sql").read_text(encoding="utf-8"))
    finally:
        connection.close()


def _environment() -> dict[str, str]:
    """The caller's environment without what would point the demonstration at the caller's own project."""
    outside = ("DATABASE_URL", "SQLALCHEMY_DATABASE_URL", "SQLALCHEMY_URL", "PYTHONPATH", "ALEMBIC_CONFIG")
    kept = {name: value for name, value in os.environ.items() if name not in outside and not name.startswith("DRIFT_")}
    # The package may be on the path only by way of the caller's working directory (`python -m drift`).
    return {**kept, "PYTHONPATH": str(Path(__file__).resolve().parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
