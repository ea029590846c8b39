"""A check has a deadline: a server that says nothing more must not hold anybody for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from drift.errors import DriftError


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Let the connections go that this thread has opened, when the time is over.

    Args:
        seconds: Longest duration; ``None`` or 0 for any.

    Raises:
        DriftError: It took longer.
    """
    if not seconds:
        yield
        return
    from drift.sources.connections.opened import hang_up, remembering

    with remembering() as opened:
        over = threading.Event()

        def end() -> None:
            over.set()
            hang_up(opened.now())

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception as error:
            if over.is_set():
                raise too_long(seconds) from error
            raise
        finally:
            timer.cancel()


def too_long(seconds: float) -> DriftError:
    """What is said when the time is over."""
    return DriftError(
        f"it took longer than {_duration(seconds)}",
        details=("The server or the network may have stopped answering.",),
        help=("`drift doctor` looks at the way to the server.", "More time: --timeout SECONDS, or 0 for no limit."),
    )


def _duration(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds >= 120 and seconds % 60 == 0 else f"{seconds:g} seconds"
