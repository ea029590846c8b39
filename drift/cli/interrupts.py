"""Ctrl-C while the server is thinking: a driver that waits in C hears of no signal until the server has answered."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def cancelling() -> Iterator[None]:
    """While this lasts a signal also cancels the statements that run, so that it is heard at once.

    The interpreter writes the number of each signal to a socket as soon as it comes, even while the main thread waits
    in C; another thread reads it and asks the servers to cancel.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    from sqlalchemy import Pool, event

    opened: weakref.WeakSet[Any] = weakref.WeakSet()

    def remember(connection: Any, _record: object) -> None:
        if hasattr(connection, "cancel"):
            opened.add(connection)

    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=_cancel, args=(ours, opened), daemon=True)
    thread.start()
    event.listen(Pool, "connect", remember)
    try:
        yield
    finally:
        event.remove(Pool, "connect", remember)
        signal.set_wakeup_fd(before)
        theirs.close()
        thread.join(timeout=5)
        ours.close()


def _cancel(signals: socket.socket, opened: weakref.WeakSet[Any]) -> None:
    while number := signals.recv(1):
        if number[0] in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None)):
            for connection in list(opened):
                with contextlib.suppress(Exception):
                    connection.cancel()
