"""Writing a verdict: one format to standard output, any number to files."""

from __future__ import annotations

from pathlib import Path

from drift.cli.failures import known_secrets
from drift.cli.options import Settings, stdout_color
from drift.cli.streams import echo
from drift.errors import DriftError
from drift.files import write_file
from drift.policy import Verdict
from drift.reports import format_of, render
from drift.reports.text import TextOptions


def planned_files(settings: Settings) -> list[tuple[str, Path]]:
    """Formats and files of ``--output``, checked before the work begins.

    Raises:
        DriftError: When an ending says nothing, or a folder does not exist.
    """
    files = []
    for output in settings.config.output:
        format, name = format_of(output)
        path = Path(name)
        if not path.parent.is_dir():
            raise DriftError(
                "the folder of an output file does not exist", place=str(path.parent), help=("create it first",)
            )
        files.append((format, path))
    return files


def write_verdict(verdict: Verdict, settings: Settings, files: list[tuple[str, Path]]) -> None:
    """Write the report everywhere it is wanted."""
    options = TextOptions(
        color=stdout_color(settings),
        verbose=settings.verbose,
        quiet=settings.quiet,
        statistics=settings.config.statistics,
    )
    secrets, directory = known_secrets(), settings.directory
    for format, path in files:
        plain = TextOptions(verbose=settings.verbose, statistics=settings.config.statistics)
        write_file(path, render(verdict, format, options=plain, secrets=secrets, directory=directory))
    shown = render(verdict, settings.config.format, options=options, secrets=secrets, directory=directory)
    echo(shown, nl=False, color=options.color)
