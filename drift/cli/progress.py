"""Progress on stderr, on terminals only; handed in to whoever works."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str], None]
"""Takes what is being done now, a few words."""


def silent(_text: str) -> None:
    """The progress of scripts and pipes: none."""


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """A spinner with the current step behind it."""
    from drift.cli.interrupts import cancelling

    with cancelling():
        if quiet or not sys.stderr.isatty():
            yield silent
            return
        from rich.console import Console

        with Console(stderr=True).status("") as status:
            yield lambda text: status.update(f"{text} …")
