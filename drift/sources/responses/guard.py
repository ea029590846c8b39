"""Keeps user code that runs during a probe from touching the world, and from running forever.

Validators, properties, and type decorators are the project's code. While a guard is on, sockets, subprocesses, file
writes, SQLite, and every SQLAlchemy connection raise :class:`Blocked`; whatever was blocked is *not checked*.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

_BLOCKED_PREFIXES = ("socket.", "subprocess.", "sqlite3.", "shutil.", "urllib.", "smtplib.", "ftplib.", "http.client.")
_BLOCKED_EVENTS = frozenset(
    {
        "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.kill",
        "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
        "os.chown",
        "pty.spawn", "webbrowser.open",
    }
)  # fmt: skip
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Blocked(RuntimeError):  # noqa: N818 - it is a verdict on the probe, not an error of drift
    """User code tried something with an effect outside the process."""


class Overtime(BaseException):
    """User code ran longer than the limit."""


class _State:
    """The switch of the audit hook. The hook itself can never be removed, so there is one for the process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.installed = False
        self.guards = 0
        self.seen: dict[int, list[str]] = {}
        """What was blocked, for each thread whose guard is on."""


_state = _State()


def _audit(name: str, arguments: tuple[Any, ...]) -> None:
    if not _state.seen:
        return
    seen = _state.seen.get(threading.get_ident())
    if seen is None:
        return
    blocked = name.startswith(_BLOCKED_PREFIXES) or name in _BLOCKED_EVENTS
    if name == "open":
        mode, flags = arguments[1], arguments[2]
        blocked = (
            any(letter in mode for letter in "wax+")
            if isinstance(mode, str)
            else isinstance(flags, int) and bool(flags & _WRITE_FLAGS)
        )
    if blocked:
        seen.append(name)
        raise Blocked(f"{name} was blocked while probing")


def _refuse_connection(*_: Any) -> None:
    # Drivers written in C open their sockets without an audit event; SQLAlchemy's own events see them all.
    seen = _state.seen.get(threading.get_ident())
    if seen is not None:
        seen.append("a database connection")
        raise Blocked("a database connection was blocked while probing")


def _connection_events() -> tuple[tuple[Any, str], ...]:
    return (Engine, "before_cursor_execute"), (Engine, "engine_connect"), (Pool, "checkout")


class Guard:
    """Switches side effects off for the calling thread, and tells what was blocked.

    The switch is one assignment, so that it can be turned for every single probe.
    """

    def __enter__(self) -> Guard:
        with _state.lock:
            if not _state.installed:
                sys.addaudithook(_audit)
                _state.installed = True
            _state.guards += 1
            if _state.guards == 1:
                for target, name in _connection_events():
                    event.listen(target, name, _refuse_connection)
        return self

    def __exit__(self, *_: object) -> None:
        with _state.lock:
            _state.guards -= 1
            if _state.guards == 0:
                for target, name in _connection_events():
                    event.remove(target, name, _refuse_connection)

    @contextlib.contextmanager
    def on(self) -> Iterator[list[str]]:
        """Side effects are off inside. Yields the list of what was blocked so far.

        Output of user code goes to stderr, warnings are silent, and no bytecode is written.
        """
        previous_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        seen: list[str] = []
        _state.seen[threading.get_ident()] = seen
        try:
            with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield seen
        finally:
            del _state.seen[threading.get_ident()]
            sys.dont_write_bytecode = previous_bytecode


class TimeLimit:
    """One watchdog thread that raises :class:`Overtime` in the calling thread when a region takes too long.

    Works in any thread, for code that runs in the interpreter; a C function that never returns cannot be stopped.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._wake = threading.Condition()
        self._deadline: float | None = None
        self._fired = False
        self._closing = False
        self._target = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, name="drift-time-limit", daemon=True)

    def __enter__(self) -> TimeLimit:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _watch(self) -> None:
        with self._wake:
            while not self._closing:
                now = time.monotonic()
                if self._deadline is not None and now >= self._deadline:
                    self._deadline = None
                    self._fired = True
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._target), ctypes.py_object(Overtime))
                # Regions are short and many: the watchdog looks a few times a second instead of being told of each.
                self._wake.wait(min(0.2, self._seconds / 4))

    @contextlib.contextmanager
    def region(self) -> Iterator[None]:
        """Raises :class:`Overtime` inside when the limit passes."""
        self._fired = False
        self._deadline = time.monotonic() + self._seconds
        try:
            yield
        finally:
            with self._wake:
                self._deadline = None
                pending = self._fired and sys.exc_info()[0] is not Overtime
            if pending:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._target), None)
