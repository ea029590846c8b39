"""``--watch``: check again whenever a Python file of the project changes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from drift.cli.interrupts import COULD_NOT_CHECK
from drift.cli.streams import for_children

_SKIPPED = {"node_modules", "__pycache__", "site-packages"}
_WATCHED = (".py", ".toml", ".ini", ".json")


def watch(directory: Path, arguments: list[str], *, pause: float = 0.5, rounds: int | None = None) -> int:
    """Run the same command without ``--watch`` now and after every change, until Ctrl-C.

    Each run is a process of its own: modules that were imported once cannot be imported anew reliably.

    Args:
        directory: What is watched.
        arguments: The command line without ``--watch``.
        pause: Seconds between two looks at the files.
        rounds: Stop after so many runs; ``None`` for never.

    Returns:
        The exit code of the last run.
    """
    code = COULD_NOT_CHECK
    number = 0
    try:
        for _ in changes(directory, pause, time.sleep):
            command = [sys.executable, "-m", "drift", *arguments]
            code = subprocess.run(command, check=False, stdout=for_children()).returncode
            number += 1
            if rounds is not None and number >= rounds:
                break
            print("watching for changes; Ctrl-C ends it", file=sys.stderr)
    except KeyboardInterrupt:
        print(file=sys.stderr)
    return code


def changes(directory: Path, pause: float, sleep: Callable[[float], None]) -> Iterator[None]:
    """Yield at once, then whenever a watched file was changed, added, or removed."""
    seen = _stamps(directory)
    yield
    while True:
        sleep(pause)
        now = _stamps(directory)
        if now != seen:
            seen = now
            yield


def _stamps(directory: Path) -> dict[str, int]:
    stamps = {}
    for folder, folders, names in os.walk(directory):
        folders[:] = [
            name for name in folders if name not in _SKIPPED and not name.startswith(".") and not _is_venv(folder, name)
        ]
        for name in names:
            if name.endswith(_WATCHED):
                path = os.path.join(folder, name)
                try:
                    stamps[path] = os.stat(path).st_mtime_ns
                except OSError:
                    continue
    return stamps


def _is_venv(folder: str, name: str) -> bool:
    return os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
