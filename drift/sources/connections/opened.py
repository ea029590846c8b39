"""The connections that are open, so that whoever waits for a server that says nothing more can be let go."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any


class Opened:
    """What has been taken from any pool of SQLAlchemy and may still be in use."""

    def __init__(self) -> None:
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()

    def remember(self, connection: Any, *_: object) -> None:
        """Keep one in mind, for as long as somebody else keeps it."""
        # Not every driver's connection can be referred to weakly.
        with contextlib.suppress(TypeError):
            self._connections.add(connection)

    def now(self) -> tuple[Any, ...]:
        """Those of this moment."""
        return tuple(self._connections)


@contextmanager
def remembering() -> Iterator[Opened]:
    """Remember the connections that this thread takes meanwhile."""
    from sqlalchemy import Pool, event

    opened, ours = Opened(), threading.get_ident()

    def remember(connection: Any, *_: object) -> None:
        if threading.get_ident() == ours:
            opened.remember(connection)

    event.listen(Pool, "checkout", remember)
    try:
        yield opened
    finally:
        event.remove(Pool, "checkout", remember)


def hang_up(connections: Iterable[Any]) -> None:
    """End what these connections wait for, from another thread.

    The servers are not asked to cancel: that needs the same network, and psycopg2 lets no other thread run meanwhile.
    """
    for connection in connections:
        # One that was closed meanwhile waits for nothing.
        with contextlib.suppress(Exception):
            _hang_up(connection)


def _hang_up(connection: Any) -> None:
    if hasattr(connection, "interrupt"):
        connection.interrupt()  # SQLite
        return
    if hasattr(connection, "fileno"):
        source = connection
    else:
        # A driver in Python holds a socket.
        source = next((value for value in vars(connection).values() if isinstance(value, socket.socket)), None)
    if source is None:
        return
    with socket.socket(fileno=os.dup(source.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
