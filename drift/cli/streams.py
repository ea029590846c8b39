"""Standard output holds the report and nothing else, whatever the project's own code writes there."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

import rich_click as click

from drift.errors import DriftError
from drift.files import move_descriptor
from drift.secrets import Scrubbed, environment_passwords

_reserved: TextIO | None = None
_report: TextIO | None = None


def reserve() -> None:
    """Keep this process's standard output for the report, under a descriptor that nobody else knows.

    Descriptor 1 is standard error from here on: for prints, for what is written in C, for the children of the project's
    code, and for what runs when the process ends.
    """
    global _reserved
    for number in (0, 1, 2):
        # One that is closed would be given to the next file or connection, and be written into.
        with contextlib.suppress(OSError):
            _fill(number)
    if sys.stdout is not None:
        sys.stdout.flush()
        descriptor, encoding = os.dup(1), sys.stdout.encoding
    else:
        # Closed, which whoever writes must hear of.
        descriptor, encoding = os.open(os.devnull, os.O_RDONLY), "utf-8"
    _reserved = open(descriptor, "w", encoding=encoding, errors="backslashreplace")  # noqa: SIM115
    os.dup2(2, 1)
    move_descriptor(1, descriptor)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=discard)


def _fill(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        nothing = os.open(os.devnull, os.O_RDWR)
        if nothing != number:
            os.dup2(nothing, number)
            os.close(nothing)


@contextmanager
def owned() -> Iterator[None]:
    """While this lasts, :func:`report` is standard output, and so is ``sys.stdout`` until :func:`aside`."""
    global _report
    before = sys.stdout, sys.stderr
    _report = _reserved or sys.stdout
    sys.stdout = _report
    try:
        yield
    finally:
        if sys.stderr is not before[1]:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.flush()
        written = report()
        (sys.stdout, sys.stderr), _report = before, None
        # Who wrote without flushing, as the help does, is heard before the descriptor goes.
        if written is not None:
            with _told():
                written.flush()


def aside() -> None:
    """From here on the project's code may run: what it prints goes to standard error, without passwords."""
    if sys.stderr is not None:
        sys.stderr = cast(TextIO, Scrubbed(sys.stderr, environment_passwords(os.environ)))
    sys.stdout = sys.stderr


def report() -> TextIO:
    """Where the report goes."""
    return _report or sys.stdout


def echo(text: Any = "", *, nl: bool = True, color: bool | None = None) -> None:
    """Write a piece of the report.

    Raises:
        BrokenPipeError: Its reader has gone.
        DriftError: The system refuses.
    """
    with _told():
        click.echo(text, file=report(), nl=nl, color=color)


@contextmanager
def _told() -> Iterator[None]:
    """What the system refuses, in its own words; that the reader has gone is for the caller to know."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise DriftError(
            "the report cannot be written", place="standard output", details=(error.strerror or str(error),)
        ) from error


def for_children() -> int | None:
    """The descriptor that a child of ours gets as standard output; ``None`` for that of this process."""
    report().flush()
    return _reserved.fileno() if _reserved is not None else None


def discard() -> None:
    """Let what is still going to be written to the report vanish: it cannot be, or belongs to another process."""
    if _reserved is not None:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, _reserved.fileno(), inheritable=False)
        os.close(nothing)


def leave() -> None:
    """Before the process ends: nothing must be left that the interpreter fails to write."""
    discard()
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except (AttributeError, OSError, ValueError):
            setattr(sys, name, None)
