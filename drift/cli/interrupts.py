"""Being told to stop, and running out of time, while the server is thinking or the network is mute."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from drift.cli.failures import failure_text

if TYPE_CHECKING:
    from drift.sources.connections.opened import Opened

COULD_NOT_CHECK = 2
STOPPING = tuple(
    number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
)
_PATIENCE = 0.5
"""Seconds for the program to hear of a signal by itself before its connections are ended."""
_LAST = 5.0
"""Seconds after a signal until the process ends whatever it is doing."""
_end_process = os._exit
"""As it was before the project's own code was kept from calling it."""
_SHOW_CURSOR = "\x1b[?25h"


class StoppedError(KeyboardInterrupt):
    """The user, or the system, wants the program to end.

    Not a KeyboardInterrupt itself: where one leaves code that runs by ``exec`` (a dataclass is made so), the
    interpreter remembers it and ends the process by SIGINT at last, whatever exit code was meant.
    """


def listen() -> None:
    """Let each way of being told to stop unwind the stack as Ctrl-C does, so that scratch databases and servers are
    removed. What the caller has had ignored (``nohup``) stays ignored."""
    for number in STOPPING:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _interrupt)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise StoppedError


@contextmanager
def bounded(seconds: float | None) -> Iterator[None]:
    """While this lasts a signal, and the end of the time, are heard even where the program waits in C.

    A driver that waits in C hears of no signal until the server has answered. But the interpreter writes the number of
    each signal to a socket as soon as it comes; another thread reads it. First the program is left to end by itself;
    then its connections are ended, as that is what it may wait for. A second signal, or five seconds, end the process.

    Args:
        seconds: Longest duration; ``None`` or 0 for any.

    Raises:
        DriftError: It took longer.
        StoppedError: There was a signal, even where somebody else's code has swallowed it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    from drift.sources.connections.opened import remembering

    with remembering() as opened, _watched(opened, seconds or None) as watch:
        try:
            yield
        except BaseException as error:
            if watch.reason is not None and error is not watch.reason:
                raise watch.reason from error
            raise
        if watch.reason is not None:
            raise watch.reason


@contextmanager
def _watched(opened: Opened, seconds: float | None) -> Iterator[_Watch]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    watch = _Watch(ours, opened, seconds)
    thread = threading.Thread(target=watch.run, daemon=True, name="drift-watch")
    thread.start()
    try:
        yield watch
    finally:
        signal.set_wakeup_fd(before)
        theirs.close()
        thread.join(timeout=_LAST)
        ours.close()


class _Watch:
    """The thread that reads the numbers of signals; ``reason`` is why the program has to end."""

    def __init__(self, signals: socket.socket, opened: Opened, seconds: float | None) -> None:
        self.reason: BaseException | None = None
        self._signals = signals
        self._opened = opened
        self._seconds = seconds

    def run(self) -> None:
        """Wait for the first signal or the end of the time, then see to it that the program ends."""
        from drift.pipeline.deadline import too_long
        from drift.sources.connections.opened import hang_up

        heard = self._next(self._seconds)
        if heard is None:
            assert self._seconds is not None
            self.reason = too_long(self._seconds)
            # As if it had been told to stop.
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
            heard = self._next(None)
        if not heard:
            return
        self.reason = self.reason or StoppedError()
        waiting = self._opened.now()
        heard = self._next(_PATIENCE)
        if heard is None:
            hang_up(waiting)
            heard = self._next(_LAST - _PATIENCE)
        if heard != 0:
            self._exit()

    def _next(self, seconds: float | None) -> int | None:
        """The next signal that means to stop; 0 where all is done, ``None`` where nothing came in time."""
        self._signals.settimeout(seconds)
        try:
            while number := self._signals.recv(1):
                if number[0] in STOPPING:
                    return number[0]
        except TimeoutError:
            return None
        return 0

    def _exit(self) -> NoReturn:
        assert self.reason is not None
        with contextlib.suppress(OSError, ValueError):
            cursor = _SHOW_CURSOR if sys.stderr.isatty() else ""
            os.write(2, (cursor + failure_text(self.reason)).encode("utf-8", "backslashreplace"))
        _end_process(COULD_NOT_CHECK)
