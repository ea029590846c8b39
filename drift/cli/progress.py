"""Progress on stderr, on terminals only; handed in to whoever works."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drift.cli.options import Settings

Progress = Callable[[str], None]
"""Takes what is being done now, a few words."""


def silent(_text: str) -> None:
    """The progress of scripts and pipes: none."""


@contextmanager
def progress(settings: Settings) -> Iterator[Progress]:
    """A spinner with the current step behind it. All of it has the time that the settings give, and can be stopped."""
    from drift.cli.interrupts import bounded

    with bounded(settings.config.timeout):
        if settings.quiet or not sys.stderr.isatty():
            yield silent
            return
        from rich.console import Console

        with Console(stderr=True).status("") as status:
            yield lambda text: status.update(f"{text} …")
